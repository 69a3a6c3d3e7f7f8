// Builds plotly.min.js: plotly.js with the traces our charts draw, and without the descriptions
// of attributes that only its own documentation reads.
import { readFile } from "node:fs/promises";
import { build } from "esbuild";

const version = JSON.parse(await readFile("node_modules/plotly.js/package.json")).version;
const text = `'(?:[^'\\\\\\n]|\\\\.)*'|"(?:[^"\\\\\\n]|\\\\.)*"`;
const described = new RegExp(
  `^\\s*description:\\s*(?:\\[(?:\\s|//[^\\n]*|,|\\+|${text})*\\]\\s*\\.join\\([^)]*\\)|(?:${text})(?:\\s*\\+\\s*(?:${text}))*)(?:\\s*,|(?=\\s*\\}))`,
  "gm",
);

const undescribed = {
  name: "undescribed",
  setup(building) {
    building.onLoad({ filter: /plotly\.js[\\/]src[\\/].*\.js$/ }, async (file) => ({
      contents: (await readFile(file.path, "utf8")).replace(described, ""),
      loader: "js",
    }));
  },
};

await build({
  entryPoints: ["entry.js"],
  outfile: "../plotly.min.js",
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "Plotly",
  target: "es2020",
  define: { global: "window", "define.amd": "false" },
  legalComments: "none",
  loader: { ".css": "empty" }, // of maps we do not draw; plotly carries its own styles as a script
  plugins: [undescribed],
  banner: {
    js: `/**\n* plotly.js (scatter and bar) v${version}\n* Copyright 2012-2026, Plotly, Inc.\n* All rights reserved.\n* Licensed under the MIT license\n*/`,
  },
});
