// Bundles with names that do not change; the pages add a hash of the content to their addresses.

import { resolve } from "node:path";
import { defineConfig } from "vite";

const here = import.meta.dirname;

const named = ({ names }) => (names.some((name) => name.endsWith(".wasm")) ? "oxigraph[extname]" : "[name][extname]");

export default defineConfig({
  root: here,
  base: "./",
  publicDir: false,
  build: {
    outDir: resolve(here, process.env.CITYGRAPH_STATIC ?? "../src/citygraph/web/static"),
    emptyOutDir: true,
    assetsDir: "",
    // The engine stays a file of its own: inside a script it would be a third larger.
    assetsInlineLimit: 0,
    modulePreload: false,
    rollupOptions: {
      input: { editor: resolve(here, "editor.js"), "browser-sparql": resolve(here, "browser-sparql.js") },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", assetFileNames: named },
    },
  },
  worker: {
    format: "es",
    rollupOptions: { output: { entryFileNames: "[name].js", assetFileNames: named } },
  },
});
