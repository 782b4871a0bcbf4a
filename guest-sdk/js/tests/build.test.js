// The build: entry files, bundles, what is wrong with them, and where lines come from. What needs the engine runs where its
// tools are: in `build/node_modules` (`npm ci` in `build`), or in the folder that SANDGLASS_TOOLS names.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";

import { exactInt64 } from "../build/int64.mjs";
import { linesOf, mappedText } from "../build/lines.mjs";

const SDK = fileURLToPath(new URL("..", import.meta.url)), BUILD = join(SDK, "build");
const TOOLS = process.env.SANDGLASS_TOOLS ?? BUILD, WIT = join(SDK, "../../wit/transform.wit");
const hasTools = existsSync(join(TOOLS, "node_modules/componentize-qjs"));
const needsTools = { skip: hasTools ? false : `no tools in ${TOOLS}` };

/** Builds a folder of these files; what it tells is with the component. */
function built(files, ...options) {
  const folder = mkdtempSync(join(tmpdir(), "sandglass-test-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), typeof text === "string" ? text : JSON.stringify(text));
    }
    const output = join(folder, "out/x.wasm");
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(BUILD, "build.mjs"), folder, WIT, output, "--tools", TOOLS, "--sdk", SDK, ...options], { encoding: "utf8" });
    const made = stdout === "" ? [] : JSON.parse(stdout).files.map((file) => relative(realpathSync(folder), file));
    return { status, stderr, files: made, component: existsSync(output) ? readFileSync(output) : null };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const ENTRY = `import { component, aligned, input, int64 } from "sandglass-guest";
const ROWS = input("rows", [int64("id")]);
export default component([aligned({ name: "x", input: ROWS, output: [int64("id")], run: (_, rows) => rows })]);
`;

test("lines of a bundle", async () => {
  const source = (lines) => Array.from({ length: lines }, (_, i) => `globalThis.line${i + 1} = () => {\n  throw new Error("${i}");\n};\n`).join("\n");
  const { outputFiles } = await build({
    stdin: { contents: `import "./a.js";\nimport "./b.ts";`, resolveDir: "/" },
    bundle: true, write: false, format: "esm", sourcemap: "external", outfile: "/sandglass-bundle.js",
    plugins: [{
      name: "files",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^\.\/[ab]/ }, ({ path }) => ({ path: `/${path.slice(2)}`, namespace: "file" }));
        onLoad({ filter: /^\/[ab]\./ }, ({ path }) => ({ contents: path === "/a.js" ? source(2) : `type Gone = string;\n${source(3)}`, loader: path.endsWith("ts") ? "ts" : "js" }));
      },
    }],
  });
  const lines = linesOf(JSON.parse(outputFiles[0].text), (name) => name);
  const bundle = outputFiles[1].text.split("\n");
  const wanted = { a: source(2).split("\n"), b: ["type Gone = string;", ...source(3).split("\n")] };
  let looked = 0;
  bundle.forEach((text, index) => {
    if (!text.includes("throw new Error")) return;
    const place = mappedText(`at /x/sandglass-bundle.js:${index + 1}:5`, lines), [, file, line] = /at .*([ab])\.[jt]s:(\d+)$/.exec(place);
    assert.equal(wanted[file][line - 1], text);
    looked++;
  });
  assert.equal(looked, 5);
});

test("a component, with a dependency of plain JavaScript", needsTools, () => {
  const { status, stderr, files, component } = built({
    "package.json": { main: "src/index.ts" },
    "src/index.ts": `import { one } from "helper";\nconst used: number = one;\n${ENTRY}`,
    "node_modules/helper/package.json": { name: "helper", type: "module", main: "x.js" },
    "node_modules/helper/x.js": "export const one = 1;",
  });
  assert.deepEqual([status, stderr], [0, ""]);
  const own = files.filter((file) => !file.startsWith(".."));
  assert.deepEqual(own.sort(), ["node_modules/helper/x.js", "package.json", "src/index.ts"]);
  assert.ok(files.some((file) => file.endsWith("dist/batch.js")), "the SDK's files too");
  assert.deepEqual([...component.subarray(0, 8)], [0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0]);
  // Its 64-bit values have been made exact; twice they cannot be, as then each module's functions would no longer be QuickJS's.
  assert.ok(WebAssembly.validate(coreModules(component).find((module) => module.length > 1e6)));
});

test("what is wrong is told with its place", needsTools, () => {
  const failed = (files, words) => {
    const { status, stderr, component } = built(files);
    assert.match(stderr, words);
    assert.deepEqual([status, component], [1, null]);
  };
  const entry = (text) => ({ "package.json": {}, "index.js": text });
  failed({}, /package\.json is missing/);
  failed({ "package.json": "{" }, /package\.json: .*JSON/);
  failed({ "package.json": {} }, /there is no src\/index\.ts, src\/index\.js, index\.ts, index\.js in /);
  failed({ "package.json": { sandglass: { entry: "x.ts" } } }, /there is no x\.ts/);
  failed(entry("const = 5;"), /index\.js:1:7: Expected identifier/);
  failed(entry('import "left-pad-that-is-not-there";'), /index\.js:1:8: Could not resolve "left-pad/);
  failed(entry('import { readFileSync } from "node:fs";'), /Could not resolve "node:fs"[\s\S]*a transformation has no Node\.js/);
  failed(entry('import "sandglass-guest/inside";'), /the SDK has no "sandglass-guest\/inside"/);
  failed(entry("export const x = 1;"), /no `export default component\(\[…\]\)`/);
  failed(entry("const x = null;\n\nx.y;"), /^Error: cannot read property \'y\' of null[\s\S]*index\.js:3/);
  failed(entry("setTimeout(() => {}, 1);"), /setTimeout: there are no timers in a transformation/);
  assert.match(built(entry(ENTRY), "--engine", "v8").stderr, /there is no engine v8; there are quickjs, starlingmonkey/);
});

test("tools that are not there", () => {
  const { status, stderr } = built({ "package.json": {}, "index.js": ENTRY }, "--tools", "/nowhere");
  assert.match(stderr, /esbuild is not in \/nowhere: run `npm ci`/);
  assert.equal(status, 2);
});

test("a component that is not QuickJS's is not touched", () => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
  assert.throws(() => exactInt64(empty), /0 modules of the component take 64-bit values/);
});

/** The core modules of a component, also of those inside of it. */
function coreModules(bytes) {
  const found = [];
  for (let at = 8; at < bytes.length; ) {
    const id = bytes[at++];
    let size = 0, shift = 0, byte;
    do {
      byte = bytes[at++];
      size |= (byte & 127) << shift;
      shift += 7;
    } while (byte & 128);
    const body = bytes.subarray(at, at + size);
    if (id === 1) found.push(body);
    if (id === 4) found.push(...coreModules(body));
    at += size;
  }
  return found;
}
