import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

let esbuild;

async function transformer() {
  const require = createRequire(join(process.cwd(), "package.json"));
  try {
    esbuild ??= await import(pathToFileURL(require.resolve("esbuild")).href);
  } catch (cause) {
    throw new Error("esbuild is needed to read TypeScript before Node.js 22.18: `npm install --save-dev esbuild`", { cause });
  }
  return esbuild.transform ?? esbuild.default.transform;
}

export async function load(url, context, next) {
  if (!url.startsWith("file:") || !/\.m?ts$/.test(url)) return next(url, context);
  const transform = await transformer(), path = fileURLToPath(url);
  const { code } = await transform(await readFile(path, "utf8"), { loader: "ts", format: "esm", sourcemap: "inline", sourcefile: path, target: "node20" });
  return { format: "module", source: code, shortCircuit: true };
}
