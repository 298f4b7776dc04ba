// Two bundles with names that do not change; the pages add a hash of the content to their addresses.

import { resolve } from "node:path";
import { defineConfig } from "vite";

const here = import.meta.dirname;

export default defineConfig({
  root: here,
  base: "./",
  publicDir: false,
  build: {
    outDir: resolve(here, process.env.CITYGRAPH_STATIC ?? "../src/citygraph/web/static"),
    emptyOutDir: true,
    rollupOptions: {
      input: { editor: resolve(here, "editor.js") },
      output: { entryFileNames: "[name].js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
});
