// Columns do what arrays of their values do: for random columns of every kind, slices and nulls among them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Batch } from "../dist/batch.js";
import { build } from "../dist/build.js";
import { boolean, float32, float64, int64, int8, timestamp, uint32, uint64 } from "../dist/index.js";
import { encode } from "../dist/output.js";
import { forSeeds, randomColumn, randomField, randomValue } from "./naive.js";

const rowsOf = (random) => random.of([0, 1, 7, 8, 9, 40]);

test("a column has the values that it was made of", () => {
  forSeeds(300, (random) => {
    const { column, values } = randomColumn(random, rowsOf(random));
    assert.deepEqual(column.toArray(), values);
    assert.deepEqual([...column], values);
    assert.equal(column.nullCount, values.filter((value) => value === null).length);
    assert.deepEqual(values.map((_, row) => column.isNull(row)), values.map((value) => value === null));
  });
});

test("take, by rows in any order", () => {
  forSeeds(300, (random) => {
    const { column, values } = randomColumn(random, rowsOf(random));
    const rows = values.length === 0 ? [] : random.array(random.below(60), () => random.below(values.length));
    assert.deepEqual(column.take(rows).toArray(), rows.map((row) => values[row]));
    assert.deepEqual(column.take(Uint32Array.from(rows)).toArray(), rows.map((row) => values[row]));
  });
});

test("rows that a predicate keeps, of a batch", () => {
  forSeeds(300, (random) => {
    const rows = rowsOf(random), made = random.array(1 + random.below(5), (i) => randomColumn(random, rows, `c${i}`));
    const batch = Batch.of(made.map(({ field }) => field), rows, made.map(({ column }) => column));
    const [{ column, values }] = made, keep = random.array(rows, () => random.bool());
    const kept = column.where((_, row) => keep[row]), wanted = values.flatMap((value, row) => (value !== null && keep[row] ? [row] : []));
    assert.deepEqual([...kept], wanted);
    const taken = batch.take(kept);
    made.forEach(({ values }, place) => assert.deepEqual(taken.at(place).toArray(), wanted.map((row) => values[row])));
    const { given, sourceRows } = batch.keep(kept);
    assert.deepEqual(given.toArray(), taken.toArray());
    assert.deepEqual([...sourceRows], wanted);
  });
});

test("slices, and slices of slices", () => {
  forSeeds(300, (random) => {
    const { column, values } = randomColumn(random, 30), from = random.below(30), length = random.below(31 - from);
    assert.deepEqual(column.slice(from, length).toArray(), values.slice(from, from + length));
  });
});

test("columns one after another", () => {
  forSeeds(200, (random) => {
    const field = randomField(random, "x");
    const parts = random.array(1 + random.below(4), () => random.array(random.below(20), () => randomValue(random, field)));
    const [first, ...others] = parts.map((values) => {
      const from = random.below(3), extra = random.array(from, () => randomValue(random, field));
      return build(field, [...extra, ...values]).slice(from, values.length);
    });
    assert.deepEqual(first.join(others).toArray(), parts.flat());
  });
});

test("what goes over the boundary comes back, in buffers exactly as long as rows ask", () => {
  forSeeds(300, (random) => {
    const rows = rowsOf(random), { field, column, values } = randomColumn(random, rows);
    const wire = encode([field], [column], rows);
    assert.deepEqual(Batch.decode([field], structuredClone(wire)).at(0).toArray(), values);
    for (const { nullCount } of wire.nodes) assert.ok(nullCount >= 0);
    // Encoding what was decoded gives the same bytes: nothing depends on slices or spare memory.
    const again = encode([field], [Batch.decode([field], wire).at(0)], rows);
    assert.deepEqual(again.buffers.map((buffer) => [...buffer]), wire.buffers.map((buffer) => [...buffer]));
  });
});

test("values read and written again give the bytes of builders", () => {
  forSeeds(200, (random) => {
    const field = randomField(random, "x"), values = random.array(rowsOf(random), () => randomValue(random, field));
    const built = build(field, values), rebuilt = build(field, built.toArray());
    const bytes = (column) => encode([field], [column], values.length).buffers.map((buffer) => [...buffer]);
    assert.deepEqual(bytes(rebuilt), bytes(built));
  });
});

test("distinct values and groups; 0 and -0 are one", () => {
  forSeeds(200, (random) => {
    const { field, column, values } = randomColumn(random, 40);
    const hasKeys = !/-of|binary/.test(field.kind.tag), plain = (value) => (value === 0 ? 0 : value);
    if (!hasKeys) {
      const check = () => column.dictionary();
      return values.every((value) => value === null) ? check() : assert.throws(check, /cannot be told apart/);
    }
    const wanted = new Map();
    values.forEach((value, row) => wanted.set(value, [...(wanted.get(value) ?? []), row]));
    assert.deepEqual(column.groups().map(({ value, rows }) => [plain(value), [...rows]]), [...wanted]);
    const { values: distinct, codes } = column.dictionary();
    assert.deepEqual(Array.from(codes, (code) => (code < 0 ? null : plain(distinct[code]))), values.map(plain));
  });
});

test("comparisons with values and columns, among all rows and some", () => {
  const orders = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b, "==": (a, b) => a == b, "!=": (a, b) => a != b };
  forSeeds(300, (random) => {
    const field = random.of([boolean, int8, uint32, int64, uint64, float32, float64, timestamp])("x");
    const make = () => random.array(23, () => randomValue(random, random.bool() ? field : field.nullable()));
    const left = make(), right = make(), one = randomValue(random, field), how = random.of(Object.keys(orders));
    const column = build(field.nullable(), left), is = orders[how];
    const wanted = (other) => left.flatMap((value, row) => (value !== null && other(row) !== null && is(value, other(row)) ? [row] : []));
    assert.deepEqual([...column.where(how, one)], wanted(() => one));
    assert.deepEqual([...column.where(how, build(field.nullable(), right))], wanted((row) => right[row]));
    const among = random.array(10, () => random.below(23));
    const chosen = wanted(() => one);
    assert.deepEqual([...column.where(how, one, among)], among.filter((row) => chosen.includes(row)));
  });
});

test("comparisons with values of eight bytes next to each other, where upper words tie", () => {
  const orders = { "<": (a, b) => a < b, "<=": (a, b) => a <= b, ">": (a, b) => a > b, ">=": (a, b) => a >= b, "==": (a, b) => a == b, "!=": (a, b) => a != b };
  const EDGES = [0n, 1n, -1n, 1n << 31n, 1n << 32n, -1n << 31n, -1n << 32n, 1n << 53n, 1n << 62n, (1n << 63n) - 1n, -1n << 63n, 0x3ff0000000000000n, 0x7ff0000000000000n];
  const near = (random) => BigInt.asIntN(64, random.of(EDGES) + BigInt(random.below(5)) - 2n);
  const asFloat = (bits) => new Float64Array(BigInt64Array.of(bits).buffer)[0];
  forSeeds(600, (random) => {
    const isFloat = random.bool(), value = () => (isFloat ? asFloat(near(random)) : near(random));
    // With NaN among them, and without.
    const values = random.array(random.of([0, 1, 4, 7, 64]), value).filter((one) => random.bool() || !Number.isNaN(one));
    const column = build((isFloat ? float64 : int64)("x"), values), how = random.of(Object.keys(orders));
    const others = [value(), ...values.slice(0, 2), isFloat ? -0 : random.of([0, 5, -3, 2 ** 40, 2 ** 53, 1.5, -1.5, NaN, Infinity, 1n << 64n, -1n << 64n])];
    for (const other of others) {
      const wanted = values.flatMap((one, row) => (orders[how](one, other) ? [row] : []));
      assert.deepEqual([...column.where(how, other)], wanted, `${how} ${other}`);
    }
  });
});
