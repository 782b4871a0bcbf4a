// What the host sees: the contract's exports, driven here as an engine drives them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { bind } from "../dist/component.js";
import { aligned, component, Failure, float64, input, InputError, int64, keyed, list, map, parameter, ParameterError, row, struct, utf8, boolean } from "../dist/index.js";
import { mapped } from "../dist/stack.js";

const ROWS = input("rows", [int64("id")]);
const one = () => ({ rows: 1, nodes: [{ length: 1, nullCount: 0 }], buffers: [new Uint8Array(0), new Uint8Array(8)] });
const DIGITS = "7fffffffffffffff", LEAST = "8000000000000000";

function bound(transformations, int64 = "digits") {
  const logs = [], exports = bind({ default: component(transformations) }, { log: (level, message) => logs.push([level, message]), int64 });
  return { ...exports, logs };
}

const context = (more = {}) => ({ mode: { tag: "streaming" }, ranges: [null], parameters: [], lineage: true, properties: [], ...more });

const failing = (make) => bound([row({ name: "x", input: ROWS, output: [int64("id")], emit: make })]);

function failure(call) {
  try {
    call();
  } catch (thrown) {
    return thrown;
  }
  assert.fail("it did not fail");
}

test("the contract, depth first", () => {
  const made = aligned({
    name: "x",
    doc: "Words.",
    input: input("rows", [list("a", struct([int64("b").nullable(), map("c", utf8(), boolean().nullable())]))]),
    parameters: { p: parameter.int64({ default: -1, doc: "Any." }), q: parameter.utf8() },
    output: [float64("y").nullable()],
    properties: { later: "yes" },
    run: () => null,
  });
  const node = (name, tag, nullable, children) => ({ name, kind: { tag }, nullable, children });
  assert.deepEqual(bound([made]).describe(), [{
    name: "x",
    doc: "Words.",
    scope: "aligned",
    inputs: [{
      name: "rows",
      keys: [],
      columns: [
        node("a", "list-of", false, 1), node("item", "struct-of", false, 2), node("b", "int64", true, 0), node("c", "map-of", false, 2),
        node("keys", "utf8", false, 0), node("values", "boolean", true, 0),
      ],
    }],
    output: [node("y", "float64", true, 0)],
    parameters: [
      { name: "p", kind: "int64", default: { tag: "int64", val: "ffffffffffffffff" }, doc: "Any." },
      { name: "q", kind: "utf8", default: undefined, doc: "" },
    ],
    properties: [["later", "yes"]],
  }]);
  assert.equal(bound([made], "bigint").describe()[0].parameters[0].default.val, -1n);
});

test("64-bit values of the context are exact", () => {
  let seen;
  const { open } = bound([aligned({
    name: "x", input: ROWS, output: [int64("id")], parameters: { p: parameter.int64() },
    open: (context) => ((seen = context), { push() {}, next: () => null }),
  })]);
  open("x", context({ mode: { tag: "materialize", val: { start: LEAST, end: DIGITS } }, ranges: [{ start: "ffffffffffffffff", end: "0000000000000005" }], parameters: [["p", { tag: "int64", val: "0020000000000001" }]] }));
  assert.deepEqual(seen.interval, { start: -(2n ** 63n), end: 2n ** 63n - 1n });
  assert.deepEqual([seen.range(), seen.parameters.p], [{ start: -1n, end: 5n }, 9007199254740993n]);
  // As StarlingMonkey hands it over.
  open("x", context({ mode: { tag: "request", val: 2n ** 63n }, parameters: [["p", { tag: "int64", val: 5n }]] }));
  assert.equal(seen.requestTime, -(2n ** 63n));
  // A number would have been rounded: the component was built some other way.
  assert.match(failure(() => open("x", context({ parameters: [["p", { tag: "int64", val: 9007199254740992 }]] }))).message, /built by the SDK's build.mjs/);
});

test("a batch in, an output out", () => {
  const { open } = bound([aligned({ name: "x", input: ROWS, output: [int64("id")], run: (_, batch) => batch })]);
  const run = open("x", context());
  run.push(0, one());
  assert.deepEqual(run.next(), {
    batch: { rows: 1, nodes: [{ length: 1, nullCount: 0 }], buffers: [new Uint8Array(0), new Uint8Array(8)] },
    sourceRows: Uint32Array.of(0),
    rejected: [],
  });
  assert.equal(run.next(), undefined);
  run.finish();
  assert.equal(run.next(), undefined);
  assert.deepEqual(failure(() => run.push(1, one())), { kind: "internal", message: "there is no input 1", input: undefined, row: undefined });
  assert.equal(failure(() => run.endKeys()).message, "end-keys outside the keyed scope");
  assert.equal(failure(() => run.push(0, { ...one(), nodes: [] })).message, "the host's batch has 0 nodes and 2 buffers, its schema asks for 1 and 2");
  run.push(0, { ...one(), buffers: [new Uint8Array(0), new Uint8Array(7)] });
  assert.equal(failure(() => run.next()).message, "the host's column `id`: 7 bytes for 1 values");
});

test("a transformation that is not there", () => {
  const { open } = failing(() => {});
  assert.deepEqual(failure(() => open("y", context())), { kind: "internal", message: "there is no transformation `y`; there are `x`", input: undefined, row: undefined });
});

test("failures of the author, in their kinds", () => {
  const thrown = (error) => failure(() => failing(() => {
    throw error;
  }).open("x", context()).push(0, one()));
  assert.deepEqual(thrown(new InputError("odd", { row: 0, input: "rows" })), { kind: "input", message: "odd", input: 0, row: 0 });
  assert.deepEqual(thrown(new InputError("odd", { input: 3 })), { kind: "input", message: "odd", input: 3, row: undefined });
  assert.deepEqual(thrown(new ParameterError("too small")), { kind: "parameter", message: "too small", input: undefined, row: undefined });
  assert.deepEqual(thrown(new Failure("half \udc00", { row: 5 })), { kind: "internal", message: "half \ufffd", input: undefined, row: 5 });
  assert.equal(thrown("words").message, "words");
  assert.equal(thrown({ a: 1 }).message, '{"a":1}');
  assert.equal(thrown(undefined).message, "undefined");
});

test("an exception that is none of the SDK's is internal, its traceback in the log", () => {
  const { open, logs } = failing((_, batch) => batch.nothing.there);
  assert.match(failure(() => open("x", context()).push(0, one())).message, /^TypeError: .*undefined/);
  assert.match(logs[0][1], /^TypeError: [\s\S]*component\.test\.js:\d+/);
  assert.equal(logs[0][0], "error");
});

test("an asynchronous function is refused", () => {
  const { open } = failing(async () => {});
  assert.equal(failure(() => open("x", context()).push(0, one())).message, "a transformation cannot be asynchronous: it returned a promise");
});

test("a run that ends inside of a range of keys", () => {
  const { open } = bound([keyed({ name: "x", inputs: [input("rows", [int64("id")], { keys: ["id"] })], output: [int64("id")], emit: (_, { key }, out) => out.emit(key[0]) })]);
  const run = open("x", context());
  run.push(0, one());
  assert.equal(failure(() => run.finish()).message, "the run ends inside of a range of keys");
  run.endKeys();
  assert.equal(run.next().batch.rows, 1);
  run.finish();
});

test("runs in one instance have their own random numbers and clocks", () => {
  const { open } = bound([aligned({ name: "x", input: ROWS, output: [float64("r")], run: () => ({ r: [Math.random() + Date.now()] }) })]);
  // The build's prelude does this.
  const before = [Math.random, globalThis.Date];
  return import("../dist/world.js").then(({ installWorld }) => {
    const undo = installWorld();
    try {
      const runs = [1_000_000n, 2_000_000n].map((at) => open("x", context({ mode: { tag: "request", val: at } })));
      const value = (run) => {
        run.push(0, one());
        return new Float64Array(run.next().batch.buffers[1].slice().buffer)[0];
      };
      const [first, other, again, otherAgain] = [value(runs[0]), value(runs[1]), value(runs[0]), value(runs[1])];
      assert.ok(first > 1000 && other > 2000);
      assert.ok(Math.abs(other - first - 1000) < 1e-9 && Math.abs(otherAgain - again - 1000) < 1e-9 && again !== first);
    } finally {
      undo();
      assert.deepEqual([Math.random, globalThis.Date], before);
    }
  });
});

test("an entry file that exports no component", () => {
  assert.throws(() => bind({}, { log() {}, int64: "digits" }), /no `export default component/);
});

test("places in the bundle become places in the author's files", () => {
  globalThis.__sandglassLines = { files: ["src/a.ts", "src/b.ts"], runs: [[1, -1, 0], [3, 0, 10], [6, 1, 1]] };
  const stack = "at f (/sandglass-bundle.js:4:9)\nat g (/sandglass-bundle.js:7:1)\nat <anonymous> (/sandglass-bundle.js:1:1)\nh@sandglass-bundle.js:3:4";
  assert.equal(mapped(stack), "at f (src/a.ts:11)\nat g (src/b.ts:2)\nat <anonymous> (/sandglass-bundle.js:1:1)\nh@src/a.ts:10");
  delete globalThis.__sandglassLines;
});
