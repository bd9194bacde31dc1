// Bundles static/ into static/build/, under names that hold the hash of what is inside.
import { build } from "esbuild";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "static", "build");

rmSync(out, { recursive: true, force: true });
const result = await build({
  absWorkingDir: here,
  entryPoints: ["static/js/app.js", "static/css/app.css", "static/icon.svg"],
  outdir: out,
  entryNames: "[name]-[hash]",
  bundle: true,
  minify: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox120", "safari17.5"],
  loader: { ".json": "json", ".svg": "copy" },
  metafile: true,
});

// What is bundled keeps its authors' licences beside it.
const licences = ["preact", "@preact/signals", "@preact/signals-core", "htm"]
  .map((name) => `${name}\n\n${readFileSync(join(here, "node_modules", name, "LICENSE"), "utf8")}`);
writeFileSync(join(out, "licences.txt"), licences.join("\n---\n\n"));

const names = {};
for (const [file, { entryPoint }] of Object.entries(result.metafile.outputs)) {
  if (entryPoint) names[basename(entryPoint)] = basename(file);
  else names["icon.svg"] = basename(file);
}
writeFileSync(join(out, "manifest.json"), JSON.stringify(names, null, 2) + "\n");
