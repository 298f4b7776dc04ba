// The outlines of the land for the maps: from the package world-atlas (Natural Earth, public domain) to plain rings.
// Written: a list of rings, each a flat list of longitude and latitude in hundredths of a degree.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { feature } from "topojson-client";

const require = createRequire(import.meta.url);
const topology = JSON.parse(readFileSync(require.resolve("world-atlas/countries-50m.json"), "utf8"));
const countries = feature(topology, topology.objects.countries).features;
const rings = [];
for (const country of countries) {
  const { type, coordinates } = country.geometry;
  const polygons = type === "Polygon" ? [coordinates] : coordinates;
  for (const polygon of polygons) {
    for (const ring of polygon) {
      const flat = ring.flatMap(([longitude, latitude]) => [Math.round(longitude * 100), Math.round(latitude * 100)]);
      rings.push(flat);
    }
  }
}
const target = resolve(dirname(fileURLToPath(import.meta.url)), process.env.CITYGRAPH_STATIC ?? "../src/citygraph/web/static");
mkdirSync(target, { recursive: true });
writeFileSync(resolve(target, "basemap.json"), JSON.stringify(rings));
