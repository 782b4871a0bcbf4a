import assert from "node:assert/strict";
import { test } from "node:test";

import {
  aligned, boolean, column, date32, float64, input, InputError, int64, interval, keyed, list, Output, parameter, row, timestamp, utf8,
} from "../dist/index.js";
import { run } from "../dist/testing.js";
import { forSeeds, randomField, randomValue } from "./naive.js";

const NUMBERS = input("rows", [int64("id"), float64("amount").nullable()]);
const rows = (...amounts) => ({ rows: { id: amounts.map((_, i) => i), amount: amounts } });
const plain = (output, make) => aligned({ name: "plain", input: NUMBERS, output, run: make });

test("an aligned transformation", () => {
  const out = run(plain([int64("id"), float64("cents").nullable()], (_, { columns }) => ({ ...columns, cents: columns.amount.multiply(100) })), rows(1, null));
  assert.deepEqual(out.rows, [{ id: 0n, cents: 100 }, { id: 1n, cents: null }]);
  assert.deepEqual(out.sourceRows, [0, 1]);
});

test("what an output is held to", () => {
  const fails = (output, made, message) => assert.throws(() => run(plain(output, () => made), rows(1, 2)), { name: "Failure", message });
  fails([utf8("x")], { x: column(int64(), [1n, 2n]) }, "output: column `x` is int64, the contract says utf8");
  fails([int64("x")], { x: [1] }, "1 rows out for 2 rows in; the aligned scope has one for each");
  fails([int64("x"), int64("y")], { x: [1, 2], y: [1] }, "output: column `y` has 1 rows, the first has 2");
  fails([int64("x")], { y: [1, 2] }, "output: column `x` is missing; there are `y`");
  fails([int64("x")], { x: [1, null] }, "output: column `x` is null in row 1, the contract says that it never is");
  fails([int64("x")], { x: column(int64().nullable(), [1, null]) }, "output: column `x` has 1 nulls, the contract says that it has none");
  fails([list("x", int64())], { x: column(list(int64().nullable()), [[null], []]) }, "output: column `x` has nulls in its `item`, the contract says that it has none");
  fails([int64("x")], { x: [1, "2"] }, 'output: column `x` is int64, which "2" in row 1 is not');
  fails([int64("x")], { x: 5 }, "output: column `x` is number, not a column or an array");
  fails([int64("x")], undefined, "output: nothing was returned, it should be columns");
  fails([int64("x")], Promise.resolve(), "a transformation cannot be asynchronous: it returned a promise");
  fails([int64("x")], new Output({ x: [1, 2] }, { rejected: [{ row: 0, reason: "" }] }), "only the row scope can reject rows: leave them out, or throw an InputError");
});

test("columns that are not there", () => {
  assert.throws(() => run(plain([int64("id")], (_, { columns }) => ({ id: columns.ident })), rows(1)), { message: "no column `ident`; there are `id`, `amount`" });
  assert.throws(() => run(plain([int64("id")], (_, batch) => ({ id: batch.column("x") })), rows(1)), { message: "no column `x`; there are `id`, `amount`" });
});

const kept = (make) => row({ name: "kept", input: NUMBERS, output: [int64("id")], run: make });

test("source rows of the row scope", () => {
  const twice = kept((_, batch) => batch.keep([0, 0, 1]));
  assert.deepEqual(run(twice, rows(1, 2)).sourceRows, [0, 0, 1]);
  assert.equal(run(twice, rows(1, 2), { lineage: false }).sourceRows, null);
  const parts = run(kept((_, batch) => batch.keep(batch.columns.amount.where(">", 1))), rows(1, 2, 3, 0, 5), { batchRows: 2 });
  assert.deepEqual([parts.rows.map(({ id }) => id), parts.sourceRows], [[1n, 2n, 4n], [1, 2, 4]]);
  const implied = kept((_, { columns }) => new Output({ id: columns.id.take([1]) }, { rejected: [{ row: 0, reason: "odd" }] }));
  assert.deepEqual(run(implied, rows(1, 2)).sourceRows, [1]);
  const fails = (options, message) => assert.throws(() => run(kept(() => new Output({ id: [1] }, options)), rows(1, 2)), { message });
  fails({}, "1 rows out for 2 rows in: say which row each came from with `sourceRows`");
  fails({ sourceRows: [0, 1] }, "2 source rows for 1 rows");
  fails({ sourceRows: [2] }, "source row 2 of 2");
  fails({ sourceRows: [0.5] }, "source row 0.5 of 2");
  fails({ sourceRows: [0], rejected: [{ row: 2, reason: "" }] }, "rejected row 2 of a batch of 2");
  assert.throws(() => run(kept((_, batch) => batch.keep([1, 0])), rows(1, 2)), { message: "source rows that fall" });
});

test("many rows go out in parts, with what came with them", () => {
  const many = row({
    name: "many", input: NUMBERS, output: [int64("id")],
    run: (_, batch) => new Output(batch.take(new Uint32Array(20_000).fill(1)), { sourceRows: new Uint32Array(20_000).fill(1), rejected: [{ row: 0, reason: "odd" }] }),
  });
  const out = run(many, rows(1, 2));
  assert.deepEqual([out.batch.rows, out.sourceRows.length, new Set(out.sourceRows), out.rejected], [20_000, 20_000, new Set([1]), [{ row: 0, reason: "odd" }]]);
  assert.deepEqual(new Set(out.batch.columns.id.toArray()), new Set([1n]));
});

const units = row({
  name: "units",
  input: input("rows", [int64("count"), utf8("word")]),
  output: [int64("place"), utf8("word").nullable()],
  emit(_, { rows, columns }, out) {
    for (let at = 0; at < rows; at++) {
      const count = columns.count.get(at);
      if (count < 0n) out.reject(at, `${count} copies`);
      for (let place = 0; place < count; place++) out.emit(at, place, columns.word.get(at));
    }
  },
});

test("rows emitted one by one, in outputs of at most 8,192", () => {
  const out = run(units, { rows: { count: [2, -1, 20_000, 1], word: ["a", "b", "c", "d"] } });
  assert.equal(out.batch.rows, 20_003);
  assert.deepEqual(out.sourceRows.slice(0, 3), [0, 0, 2]);
  assert.equal(out.sourceRows.at(-1), 3);
  assert.deepEqual(out.rows.at(-1), { place: 0n, word: "d" });
  assert.deepEqual(out.rejected, [{ row: 1, reason: "-1 copies" }]);
  const only = run(units, { rows: { count: [-1], word: ["b"] } });
  assert.deepEqual([only.rows, only.rejected], [[], [{ row: 0, reason: "-1 copies" }]]);
});

test("rows that cannot be emitted", () => {
  const one = input("rows", [int64("id")]), given = { rows: { id: [1, 2] } };
  const fails = (emit, message, output = [int64("a"), utf8("b")]) => assert.throws(() => run(row({ name: "x", input: one, output, emit: (_, __, out) => emit(out) }), given), { message });
  fails((out) => out.emit(2, 1n, ""), "row 2 of a batch of 2");
  fails((out) => out.emit(0.5, 1n, ""), "row 0.5 of a batch of 2");
  fails((out) => (out.emit(1, 1n, ""), out.emit(0, 1n, "")), "source row 0 after 1");
  fails((out) => out.emit(0, 1n), "a row of 1 cells, the output has 2 columns: `a`, `b`");
  fails((out) => out.emit(0, 1n, "", 5), "a row of 3 cells, the output has 2 columns: `a`, `b`");
  fails((out) => out.emit(0, 1n, null), "output: column `b` is null in row 0, the contract says that it never is");
  fails((out) => out.emit(0, "x", ""), 'output: column `a` is int64, which "x" in row 0 is not');
  fails((out) => out.emitRecord(0, { a: 1n, c: "" }), "output: there is no column `c`; there are `a`, `b`");
  fails((out) => out.emitRecord(0, { a: 1n }), "output: column `b` is null in row 0, the contract says that it never is");
  fails((out) => out.reject(2, ""), "rejected row 2 of a batch of 2");
  const eight = Array.from({ length: 8 }, (_, i) => int64(`c${i}`));
  fails((out) => out.emit(0, 1n), "a row of 1 cells, the output has 8 columns: `c0`, `c1`, `c2`, `c3`, `c4`, `c5`, `c6`, `c7`", eight);
});

test("rows of any number of columns, by place and by name", () => {
  for (let n = 1; n <= 9; n++) {
    const names = Array.from({ length: n }, (_, i) => `c${i}`), cells = names.map((_, i) => i);
    const made = row({
      name: "wide",
      input: input("rows", [int64("id")]),
      output: names.map((name) => float64(name)),
      emit(_, __, out) {
        out.emit(0, ...cells);
        out.emitRecord(0, Object.fromEntries(names.map((name, i) => [name, i])));
      },
    });
    const wanted = Object.fromEntries(names.map((name, i) => [name, i]));
    assert.deepEqual(run(made, { rows: { id: [1] } }).rows, [wanted, wanted]);
  }
});

test("an array that is emitted may be used again", () => {
  const used = [];
  const made = row({
    name: "lists",
    input: input("rows", [int64("id")]),
    output: [list("x", int64())],
    emit(_, { rows }, out) {
      for (let at = 0; at < rows; at++) {
        used.push(BigInt(at));
        out.emit(at, used);
      }
    },
  });
  assert.deepEqual(run(made, { rows: { id: [1, 2] } }).rows, [{ x: [0n] }, { x: [0n, 1n] }]);
});

test("keys of several inputs, as a naive grouping has them", () => {
  const kinds = [boolean, int64, date32, utf8, timestamp];
  const pools = { boolean: [false, true], int64: [-1n, 0n, 2n ** 60n], date32: [-3, 0, 7], utf8: ["", "b", "é", "\uffff", "😀"], timestamp: [-5n, 0n] };
  forSeeds(150, (random) => {
    const fields = random.array(1 + random.below(2), (i) => random.of(kinds)(`k${i}`)), keys = fields.map(({ name }) => name);
    const names = ["left", "right", "third"].slice(0, 1 + random.below(3));
    const given = Object.fromEntries(names.map((name) => [name, random.array(random.below(30), (i) => ({
      ...Object.fromEntries(fields.map((field) => [field.name, random.of(pools[field.kind.tag])])), n: BigInt(i),
    }))]));
    const all = keyed({
      name: "all",
      inputs: names.map((name) => input(name, [...fields, int64("n")], { keys })),
      output: [utf8("key"), ...names.map((name) => utf8(name))],
      emit(_, group, out) {
        out.emit(JSON.stringify(group.key.map(String)), ...names.map((name) => group.rows[name].columns.n.toArray().join()));
      },
    });
    const wanted = new Map();
    for (const name of names) {
      for (const record of given[name]) {
        const key = JSON.stringify(keys.map((key) => String(record[key])));
        const found = wanted.get(key) ?? Object.fromEntries(names.map((name) => [name, []]));
        found[name].push(record.n);
        wanted.set(key, found);
      }
    }
    const out = run(all, given, { batchRows: 1 + random.below(10) });
    const made = new Map(out.rows.map(({ key, ...rest }) => [key, rest]));
    assert.equal(made.size, out.rows.length, "each key comes once");
    for (const [key, lists] of wanted) {
      // The host sorts by key, then by time: rows of one time stay in their order.
      for (const name of names) assert.deepEqual(made.get(key)[name].split(",").filter(Boolean).sort(), lists[name].map(String).sort());
    }
    assert.equal(made.size, wanted.size);
    assert.equal(out.sourceRows, null);
  });
});

test("keys rise by their bytes, over all inputs together", () => {
  const make = (name) => input(name, [utf8("k")], { keys: ["k"] });
  const order = keyed({ name: "order", inputs: [make("a"), make("b")], output: [utf8("k")], emit: (_, { key }, out) => out.emit(key[0]) });
  const out = run(order, { a: { k: ["😀", "b"] }, b: { k: ["\uffff", "a", "b"] } });
  assert.deepEqual(out.rows.map(({ k }) => k), ["a", "b", "\uffff", "😀"]);
});

test("keys that are null, or of a kind that cannot be a key", () => {
  const broken = (field, values) => () => run(keyed({ name: "k", inputs: [input("rows", [field], { keys: ["k"] })], output: [int64("x")], emit() {} }), { rows: { k: values } });
  assert.throws(broken(int64("k").nullable(), [1, null]), { kind: "input", message: "key `k` is null" });
  assert.throws(broken(float64("k"), [1]), { message: "column `k` is float64, which cannot be a key" });
  assert.throws(() => input("rows", [int64("id")], { keys: ["ident"] }), /no column `ident` to be a key; there are `id`/);
  assert.throws(() => keyed({ name: "k", inputs: [input("rows", [int64("id")])], output: [], emit() {} }), /names no `keys`/);
});

test("a whole interval", () => {
  const joined = interval({
    name: "joined",
    inputs: [input("facts", [int64("id"), utf8("name")]), input("factors", [utf8("name"), float64("factor")])],
    output: [int64("id"), float64("factor").nullable()],
    emit(_, { facts, factors }, out) {
      const of = new Map(factors.all.toArray().map(({ name, factor }) => [name, factor]));
      for (const { id, name } of facts.all.toArray()) out.emitRecord({ id, factor: of.get(name) });
      out.emitColumns({ id: [9n], factor: [null] });
    },
  });
  const out = run(joined, { facts: { id: [1, 2], name: ["a", "b"] }, factors: [{ name: "a", factor: 0.5 }, { name: "a", factor: 1.5 }] }, { batchRows: 1 });
  assert.deepEqual(out.rows, [{ id: 1n, factor: 1.5 }, { id: 2n, factor: null }, { id: 9n, factor: null }]);
  assert.deepEqual(run(joined, { facts: [], factors: { name: [], factor: [] } }).rows, [{ id: 9n, factor: null }]);
});

test("a run with a state of its own", () => {
  const total = interval({
    name: "total",
    inputs: [NUMBERS],
    output: [timestamp("time"), float64("total")],
    open(context) {
      let sum = 0, ready = null;
      return {
        push(_, batch) {
          sum += batch.columns.amount.sum();
        },
        finish() {
          ready = new Output({ time: [context.interval.end - 1n], total: [sum] });
        },
        next() {
          const output = ready;
          ready = null;
          return output;
        },
      };
    },
  });
  assert.deepEqual(run(total, rows(1, 2, null), { batchRows: 2 }).rows, [{ time: 86_399_999_999n, total: 3 }]);
});

test("definitions that cannot be", () => {
  const give = (more) => () => row({ name: "x", input: NUMBERS, output: [int64("id")], ...more });
  assert.throws(give({}), { message: "`x` says how its rows are made by none; it should be one of `run`, `emit`, `open`" });
  assert.throws(give({ run() {}, emit() {} }), { message: "`x` says how its rows are made by `run` and `emit`; it should be one of `run`, `emit`, `open`" });
  assert.throws(give({ run() {}, output: [int64("id"), utf8("id")] }), { message: "`x` has two columns `id` among `id`, `id`" });
});

test("what tests are given", () => {
  const made = plain([int64("id")], (_, batch) => batch);
  assert.throws(() => run(made, {}), { message: "there are no rows for input `rows`" });
  assert.throws(() => run(made, { rows: { id: [1] } }), { message: "input `rows`: column `amount` is missing; there are id" });
  assert.throws(() => run(made, { rows: { id: [1], amount: [1, 2] } }), { message: "input `rows`: column `amount` has 2 rows, the first has 1" });
  assert.throws(() => run(made, { ...rows(1), more: {} }), { message: "there is no input `more`; there are `rows`" });
  assert.throws(() => run(made, { rows: { id: ["1"], amount: [1] } }), { message: 'input `rows`: column `id` is int64, which "1" in row 0 is not' });
});

test("an author's failure comes out as it is", () => {
  const made = plain([int64("id")], () => {
    throw new InputError("odd", { row: 1 });
  });
  assert.throws(() => run(made, rows(1)), { name: "InputError", kind: "input", message: "odd", row: 1 });
});

test("rows emitted one by one are what was emitted, of every kind", () => {
  forSeeds(120, (random) => {
    const fields = random.array(1 + random.below(8), (i) => randomField(random, `c${i}`, 1)), count = random.of([0, 1, 15, 16, 17, 33, 200]);
    const given = random.array(count, () => fields.map((field) => randomValue(random, field)));
    const made = (emit) => run(row({ name: "x", input: input("rows", [int64("id")]), output: fields, emit: (_, __, out) => given.forEach((cells) => emit(out, cells)) }), { rows: { id: [1] } });
    const wanted = given.map((cells) => Object.fromEntries(fields.map(({ name }, place) => [name, cells[place]])));
    assert.deepEqual(made((out, cells) => out.emit(0, ...cells)).rows, wanted);
    assert.deepEqual(made((out, cells) => out.emitRecord(0, Object.fromEntries(fields.map(({ name }, place) => [name, cells[place]])))).rows, wanted);
  });
});
