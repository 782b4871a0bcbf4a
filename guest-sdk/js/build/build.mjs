// Builds a folder of TypeScript or JavaScript to a component of Sandglass:
//
//     node build.mjs FOLDER WIT OUTPUT [--engine quickjs|starlingmonkey] [--sdk FOLDER] [--tools FOLDER]
//
// FOLDER has the author's package.json, WIT is the file of the contract, OUTPUT the component. Tools are found beside this file,
// where `npm ci` puts them, or in the folder that `--tools` names. The SDK is the author's dependency, or the one that `--sdk`
// names. It prints the files that the component is made of, as one object of JSON, and ends with 0; with 1 if the author's code is
// to blame, and with 2 if the tools are: then what is wrong is on stderr.

import { access, mkdir, mkdtemp, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { exactInt64 } from "./int64.mjs";
import { linesOf, mappedText } from "./lines.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const BUNDLE = "sandglass-bundle.js";
/** The file that is only in memory. */
const ENTRY = "sandglass-entry.js";
const WORLD = "transform";

/** The author is to blame. */
class Blame extends Error {}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { engine: { type: "string", default: "quickjs" }, sdk: { type: "string" }, tools: { type: "string", default: HERE } },
});

try {
  const [folder, wit, output] = positionals;
  if (output === undefined) throw new Blame("use: node build.mjs FOLDER WIT OUTPUT [--engine quickjs|starlingmonkey] [--sdk FOLDER] [--tools FOLDER]");
  await build(await realpath(folder), resolve(wit), resolve(output));
} catch (error) {
  console.error(error instanceof Blame ? error.message : (error.stack ?? error));
  process.exitCode = error instanceof Blame ? 1 : 2;
}

async function build(folder, wit, output) {
  const engine = { quickjs, starlingmonkey }[options.engine];
  if (engine === undefined) throw new Blame(`there is no engine ${options.engine}; there are quickjs, starlingmonkey`);
  const manifest = await json(join(folder, "package.json"));
  if (manifest === null) throw new Blame(`${join(folder, "package.json")} is missing`);
  const bundle = await bundled(await entryOf(folder, manifest), await sdkOf(folder, manifest), folder);
  let component;
  try {
    component = await engine(bundle.text, wit);
  } catch (error) {
    // The engine runs the files once to build: what they throw then comes out here.
    throw new Blame(mappedText(String(error?.message ?? error), bundle.lines).replace(/^(: )?(Failed to [^:\n]*: )*/, "").trimEnd());
  }
  await mkdir(dirname(output), { recursive: true });
  // Whoever reads it never sees half of it.
  await writeFile(`${output}.part`, component);
  await rename(`${output}.part`, output);
  console.log(JSON.stringify({ files: [...bundle.files, join(folder, "package.json")] }));
}

/** The author's entry file. */
async function entryOf(folder, manifest) {
  const named = manifest.sandglass?.entry ?? manifest.main;
  const candidates = named === undefined ? ["src/index.ts", "src/index.js", "index.ts", "index.js"] : [named];
  for (const candidate of candidates) {
    const path = join(folder, candidate);
    if (await exists(path)) return path;
  }
  throw new Blame(`there is no ${candidates.join(", ")} in ${folder}; name the entry file with "main" or "sandglass": {"entry": …} in package.json`);
}

/** The SDK's folder: the one that is installed, or what package.json names by its path, or the one that this file belongs to. */
async function sdkOf(folder, manifest) {
  const named = { ...manifest.devDependencies, ...manifest.dependencies }["sandglass-guest"];
  const candidates = [
    options.sdk,
    ...ancestors(folder).map((ancestor) => join(ancestor, "node_modules/sandglass-guest")),
    named?.startsWith("file:") ? resolve(folder, named.slice("file:".length)) : undefined,
    dirname(HERE),
  ];
  for (const candidate of candidates.filter((candidate) => candidate !== undefined)) {
    const manifest = await json(join(candidate, "package.json"));
    if (manifest?.name === "sandglass-guest") return realpath(candidate);
  }
  throw new Blame(`the SDK is not there: run \`npm install\` in ${folder}, or name its folder in package.json as "sandglass-guest": "file:…"`);
}

function ancestors(folder) {
  const parent = dirname(folder);
  return parent === folder ? [folder] : [folder, ...ancestors(parent)];
}

/** One file of everything, where its lines came from, and the files that it is made of. */
async function bundled(entry, sdk, folder) {
  const { build } = await tool("esbuild");
  const { exports } = await json(join(sdk, "package.json"));
  const sdkFile = (path) => {
    const target = exports[path === "" ? "." : `.${path}`];
    return target === undefined ? undefined : join(sdk, target.default ?? target);
  };
  const contents = `
    import { early } from "sandglass-guest/prelude";
    import * as host from "sandglass:transform/log@0.1.0";
    import * as author from ${JSON.stringify(entry)};
    import { bind } from "sandglass-guest/component";
    export const transformation = bind(author, { log: host.log, early, int64: ${JSON.stringify(options.engine === "quickjs" ? "digits" : "bigint")} });
  `;
  let result;
  try {
    result = await build({
      stdin: { contents, resolveDir: folder, sourcefile: ENTRY },
      absWorkingDir: folder,
      outfile: join(folder, BUNDLE),
      bundle: true,
      write: false,
      format: "esm",
      platform: "neutral",
      mainFields: ["module", "main"],
      conditions: ["import", "default"],
      target: "es2023",
      charset: "utf8",
      sourcemap: "external",
      external: ["sandglass:*"],
      logLevel: "silent",
      metafile: true,
      plugins: [{
        name: "one SDK for the entry and the author",
        setup({ onResolve }) {
          onResolve({ filter: /^sandglass-guest($|\/)/ }, ({ path }) => {
            const found = sdkFile(path.slice("sandglass-guest".length));
            return found === undefined ? { errors: [{ text: `the SDK has no "${path}"` }] } : { path: found };
          });
        },
      }],
    });
  } catch (error) {
    throw error.errors === undefined ? error : new Blame(error.errors.map(shownError).join("\n"));
  }
  const text = result.outputFiles.find(({ path }) => path.endsWith(".js")).text;
  const map = JSON.parse(result.outputFiles.find(({ path }) => path.endsWith(".map")).text);
  const lines = linesOf(map, (source) => {
    const path = resolve(folder, source), inSdk = relative(sdk, path);
    return inSdk.startsWith("..") ? relative(folder, path).split(sep).join("/") : `sandglass-guest/${inSdk.split(sep).join("/")}`;
  });
  const files = Object.keys(result.metafile.inputs).filter((path) => path !== ENTRY).map((path) => resolve(folder, path));
  return { files, text: `${text}\nglobalThis.__sandglassLines = ${JSON.stringify(lines)};\n`, lines };
}

function shownError({ text, location }) {
  const hint = /Could not resolve "node:|Could not resolve "(fs|path|os|http|https|net|crypto|child_process|stream|util)"/.test(text)
    ? "\n    a transformation has no Node.js: what a package needs of it is not there"
    : "";
  return location === null ? `${text}${hint}` : `${location.file}:${location.line}:${location.column + 1}: ${text}\n    ${location.lineText.trim()}${hint}`;
}

async function quickjs(text, wit) {
  const { componentize } = await tool("componentize-qjs");
  return inFolder(async (folder) => {
    const jsPath = join(folder, BUNDLE);
    await writeFile(jsPath, text);
    const { component } = await componentize({ witPath: wit, jsSource: text, jsPath, world: WORLD, sync: true, stubWasi: true });
    return exactInt64(component);
  });
}

async function starlingmonkey(text, wit) {
  const { componentize } = await tool("@bytecodealliance/componentize-js");
  return inFolder(async (folder) => {
    const sourcePath = join(folder, BUNDLE);
    await writeFile(sourcePath, text);
    const disableFeatures = ["random", "stdio", "clocks", "http", "fetch-event"];
    const { component } = await componentize({ sourcePath, witPath: wit, worldName: WORLD, disableFeatures });
    return component;
  });
}

async function inFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), "sandglass-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** A package of the tools' folder. */
async function tool(name) {
  const folder = join(resolve(options.tools), "node_modules", name), manifest = await json(join(folder, "package.json"));
  if (manifest === null) throw new Error(`${name} is not in ${resolve(options.tools)}: run \`npm ci\` or \`npm install\` there`);
  const exported = manifest.exports?.["."] ?? manifest.exports ?? manifest.main ?? "index.js";
  const path = join(folder, typeof exported === "string" ? exported : (exported.import ?? exported.default));
  const module = await import(pathToFileURL(path).href);
  return module.default && typeof module.default === "object" ? { ...module.default, ...module } : module;
}

async function json(path) {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return null;
    throw error instanceof SyntaxError ? new Blame(`${path}: ${error.message}`) : error;
  }
}

async function exists(path) {
  return access(path).then(() => true, () => false);
}
