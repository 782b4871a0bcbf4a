import assert from "node:assert/strict";
import { test } from "node:test";

import { aligned, date, input, int64, micros, parameter, row, utf8 } from "../dist/index.js";
import { run } from "../dist/testing.js";

const ROWS = input("rows", [int64("id")]);
const one = { rows: { id: [1] } };

/** What a function makes of a context. */
function of(parameters, make, options) {
  let made;
  run(aligned({ name: "x", input: ROWS, parameters, output: [int64("id")], run: (context, batch) => ((made = make(context)), batch) }), one, options);
  return made;
}

test("parameters: given ones, and defaults for the rest", () => {
  const all = {
    a: parameter.boolean({ default: true }), b: parameter.int64(), c: parameter.float64({ default: 0.1 }), d: parameter.utf8({ default: "né" }),
    e: parameter.timestamp({ default: -1 }), f: parameter.duration({ default: 90_000_000n }), g: parameter.timestamp({ default: new Date(1) }),
  };
  const options = { parameters: { b: 2n ** 63n - 1n, c: 5 } };
  assert.deepEqual(of(all, ({ parameters }) => ({ ...parameters }), options), { a: true, b: 2n ** 63n - 1n, c: 5, d: "né", e: -1n, f: 90_000_000n, g: 1000n });
  assert.throws(() => of(all, () => {}), { kind: "parameter", message: "parameter `b` must be given" });
  assert.throws(() => of(all, ({ parameters }) => parameters.x, options), { kind: "parameter", message: "no parameter `x`; there are `a`, `b`, `c`, `d`, `e`, `f`, `g`" });
  assert.throws(() => of(all, () => {}, { parameters: { x: 1 } }), { kind: "parameter", message: /there is no parameter `x`; there are `a`/ });
  assert.throws(() => of(all, () => {}, { parameters: { b: "5" } }), { message: 'a parameter that is int64 cannot be "5"' });
  assert.throws(() => parameter.int64({ default: 0.5 }), { message: "a parameter that is int64 cannot be 0.5" });
  assert.throws(() => parameter.int64({ default: 2 ** 53 }), { message: "a parameter that is int64 cannot be 9007199254740992" });
  assert.throws(() => parameter.boolean({ default: 1 }), /cannot be 1/);
});

test("the interval, the request, and neither", () => {
  const materialize = of({}, (context) => [context.mode, context.interval, context.range("rows"), context.range(0)], { interval: ["2024-01-01", "2024-01-02"] });
  const day = { start: 1704067200000000n, end: 1704153600000000n };
  assert.deepEqual(materialize, ["materialize", day, day, day]);
  assert.deepEqual(of({}, (context) => context.range("rows"), { ranges: { rows: [1n, 2n] } }), { start: 1n, end: 2n });
  assert.equal(of({}, (context) => context.range("rows"), { ranges: { rows: null } }), null);
  assert.deepEqual(of({}, (context) => [context.mode, context.requestTime, context.range()], { requestTime: new Date(5) }), ["request", 5000n, null]);
  assert.equal(of({}, ({ mode }) => mode, { streaming: true }), "streaming");
  assert.throws(() => of({}, (context) => context.interval, { streaming: true }), { message: "there is no interval outside of materialization" });
  assert.throws(() => of({}, (context) => context.requestTime), { message: "there is no request whose time could be told" });
  assert.deepEqual(of({}, (context) => [context.lineage, context.property("kit"), context.property("x")], { lineage: false, properties: { kit: "é" } }), [false, "é", undefined]);
});

test("the clock stands at the interval's end or the request's time, and random numbers are the same in each run", () => {
  const world = () => [Date.now(), new Date().getTime(), new Date(5).getTime(), Math.random(), Math.random(), Date(), new Date() instanceof Date];
  const first = of({}, world, { interval: [0n, 5_000_999n] });
  assert.deepEqual(first.slice(0, 3), [5000, 5000, 5]);
  assert.equal(first[6], true);
  assert.ok(first[3] >= 0 && first[3] < 1 && first[3] !== first[4]);
  assert.deepEqual(of({}, world, { interval: [0n, 5_000_999n] }), first);
  assert.equal(of({}, () => Date.now(), { requestTime: 7000n }), 7);
  assert.equal(of({}, () => Date.now(), { streaming: true }), 0);
  assert.ok(Date.now() > 1.6e12, "the test's own clock goes on");
});

test("console and log are told of by a test", () => {
  const made = row({
    name: "x", input: ROWS, output: [utf8("x")],
    run() {
      console.log("%s has %d, %i and %j%%", "it", 1.5, 2.7, { a: [1n] }, "and", { b: new Map([["k", null]]) });
      console.debug("d", undefined, [1, "x"], new Float64Array([0.5]));
      console.warn("half \ud800");
      console.error(new Date(0), new Set([true]), Symbol("s"));
      return { x: [] };
    },
  });
  assert.deepEqual(run(made, { rows: { id: [] } }).logs, []);
  const { logs } = run(row({ ...made, input: ROWS, emit: undefined, run: undefined, open: (context) => made.open(context) }), { rows: { id: [1] } }, { lineage: false });
  assert.deepEqual(logs, [
    { level: "info", message: "it has 1.5, 2 and {a: [1n]}% and {b: Map {\"k\" => null}}" },
    { level: "debug", message: "d undefined [1, \"x\"] [0.5]" },
    { level: "warn", message: "half \ufffd" },
    { level: "error", message: "1970-01-01T00:00:00.000Z Set {true} Symbol(s)" },
  ]);
});

test("times", () => {
  assert.equal(micros("2024-01-31T12:00:00Z"), 1706702400000000n);
  assert.equal(micros(new Date(-1)), -1000n);
  assert.equal(date(-1n).getTime(), -1);
  assert.equal(date(1999n).getTime(), 1);
  assert.throws(() => micros("soon"), /`soon` is no time/);
});
