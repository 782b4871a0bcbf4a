import assert from "node:assert/strict";
import { test } from "node:test";

import { bytesOf } from "../dist/take.js";
import {
  column, date32, decimal128, fixedSizeBinary, fixedSizeList, float32, float64, int32, int64, int8, list, struct, timestamp, uint64, utf8,
} from "../dist/index.js";

const bytes = (column) => [...bytesOf(column.values)];

test("bits of NaNs and of numbers that look like NaNs are kept by take", () => {
  const odd = new BigInt64Array([-1n, 0x7ff0000000000001n, 5n, -(2n ** 63n)]);
  assert.deepEqual([...column(int64(), odd).take([3, 0, 1, 0]).values], [-(2n ** 63n), -1n, 0x7ff0000000000001n, -1n]);
  const payloads = column(float64(), new Float64Array(odd.buffer));
  assert.deepEqual(bytes(payloads.take([0, 1, 2, 3])), bytes(payloads));
  const small = column(float32(), new Float32Array(new Uint32Array([0xffc12345, 0x3f800000]).buffer));
  assert.deepEqual(bytes(small.take([0, 1])), bytes(small));
});

test("64-bit numbers as numbers, if they are exact", () => {
  const safe = [0n, -1n, 2n ** 53n - 1n, -(2n ** 53n) + 1n, 4294967296n, -4294967297n];
  assert.deepEqual(column(int64(), safe).asNumbers().toArray(), safe.map(Number));
  for (const value of [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)]) {
    assert.throws(() => column(int64(), [1n, value]).asNumbers(), { message: `${value} is not exact as a number`, row: 1 });
  }
  assert.throws(() => column(uint64(), [2n ** 64n - 1n]).asNumbers(), /is not exact/);
  assert.deepEqual(column(int64().nullable(), [null, 7n]).asNumbers().toArray(), [null, 7]);
  // What is below a null need not be exact.
  const below = column(int64().nullable(), [null, 1n]);
  below.values[0] = 2n ** 60n;
  assert.deepEqual(below.asNumbers().toArray(), [null, 1]);
});

test("comparisons of 64-bit numbers are exact", () => {
  const ids = column(int64(), [2n ** 53n, 2n ** 53n + 1n, -5n]);
  assert.deepEqual([...ids.where(">", 2n ** 53n)], [1]);
  assert.deepEqual([...ids.where("==", 2 ** 53)], [0]);
  assert.deepEqual([...ids.where("<", 0.5)], [2]);
});

test("texts compare by their bytes", () => {
  const texts = column(utf8().nullable(), ["\uffff", "😀", null, "z", "é"]);
  assert.deepEqual([...texts.where(">", "\uffff")], [1]);
  assert.deepEqual([...texts.where("==", "é")], [4]);
  assert.deepEqual([...texts.where("==", "😀", [4, 1])], [1]);
  assert.deepEqual([...texts.where("!=", texts)], []);
});

test("arithmetic; null where either is", () => {
  const left = column(float64().nullable(), [1, null, 3]), right = column(int32().nullable(), [4, 5, null]);
  assert.deepEqual(left.add(right).toArray(), [5, null, null]);
  assert.deepEqual(left.subtract(1).toArray(), [0, null, 2]);
  assert.deepEqual(right.multiply(0.5).toArray(), [2, 2.5, null]);
  assert.deepEqual(right.divide(left).toArray(), [4, null, null]);
  assert.throws(() => left.add(column(float64(), [1])), /3 rows with one of 1/);
  assert.throws(() => left.add(column(int64(), [1n, 2n, 3n])), /asNumbers/);
  assert.equal(left.sum(), 4);
  assert.equal(column(float64(), [0.3, 0.1, 0.2]).sum(), 0.3 + 0.1 + 0.2);
  assert.equal(column(int64().nullable(), [1n, null, 2n ** 60n]).sum(), 2n ** 60n + 1n);
});

test("map, of each value and of distinct ones", () => {
  const cities = column(utf8().nullable(), ["Bern", null, "Rom", "Bern"]);
  assert.deepEqual(cities.map(int32(), (city, row) => city.length + row).toArray(), [4, null, 5, 7]);
  const asked = [];
  assert.deepEqual(cities.mapDistinct(float64(), (city) => (asked.push(city), city === "Rom" ? null : 0.5)).toArray(), [0.5, null, null, 0.5]);
  assert.deepEqual(asked, ["Bern", "Rom"]);
});

test("rows that are not there", () => {
  for (const [field, values] of [[int64(), [1n]], [utf8(), ["a"]], [list(int8()), [[1]]], [float64(), new Float64Array(40)], [struct([int8("a")]), [{ a: 1 }]]]) {
    const made = column(field, values);
    for (const row of [-1, values.length, 1.5, NaN]) assert.throws(() => made.get(row), RangeError);
    for (const row of [-1, values.length, 1.5]) assert.throws(() => made.take([row]), /^Failure: row .* of/);
  }
  assert.throws(() => column(int8(), [1]).take(Uint32Array.of(1)), /row 1 of 1/);
});

test("values that are not of the kind", () => {
  const wrong = (field, value, message) => assert.throws(() => column(field, [value]), { message });
  wrong(int8("x"), 128, "column `x` is int8, which 128 in row 0 is not");
  wrong(int32("x"), 0.5, "column `x` is int32, which 0.5 in row 0 is not");
  wrong(int32("x"), 1n, "column `x` is int32, which 1n in row 0 is not");
  wrong(int64("x"), 2 ** 53, "column `x` is int64, which 9007199254740992 in row 0 is not");
  wrong(int64("x"), 2n ** 63n, "column `x` is int64, which 9223372036854775808n in row 0 is not");
  wrong(uint64("x"), -1n, "column `x` is uint64, which -1n in row 0 is not");
  wrong(uint64("x"), -1, "column `x` is uint64, which -1 in row 0 is not");
  wrong(float64("x"), "1", 'column `x` is float64, which "1" in row 0 is not');
  wrong(utf8("x"), 5, "column `x` is utf8, which 5 in row 0 is not");
  wrong(decimal128("x", 3, 1), 1000n, "column `x` is decimal128(3, 1), which 1000n in row 0 is not");
  wrong(fixedSizeBinary("x", 3), new Uint8Array(2), "column `x` is fixed-size-binary(3), which 2 bytes in row 0 is not");
  wrong(fixedSizeList("x", int8(), 2), [1], "column `x` is list of 2 int8, which a list of 1 in row 0 is not");
  wrong(struct("x", [int8("a")]), { b: 1 }, "column `x` is struct {a: int8}, which an object with b in row 0 is not");
  wrong(list("x", int8()), [null], "column `item` is null in row 0, the contract says that it never is");
  wrong(int64("x"), null, "column `x` is null in row 0, the contract says that it never is");
  wrong(int64("x"), undefined, "column `x` is null in row 0, the contract says that it never is");
});

test("what is below a null struct is null where it may be, else zero", () => {
  const made = column(struct("s", [int32("must"), utf8("may").nullable(), fixedSizeList("two", int8(), 2)]).nullable(), [null, { must: 1, may: "a", two: [1, 2] }]);
  const [must, may, two] = made.parts;
  assert.deepEqual([must.nullCount, [...must.values]], [0, [0, 1]]);
  assert.deepEqual(may.toArray(), [null, "a"]);
  assert.deepEqual(two.elements.toArray(), [0, 0, 1, 2]);
});

test("dates are times", () => {
  assert.deepEqual(column(timestamp(), [new Date("1969-12-31T23:59:59.999Z"), 5]).toArray(), [-1000n, 5n]);
  assert.deepEqual(column(date32(), [-1]).toArray(), [-1]);
});

test("a typed array of the right type is the column's memory", () => {
  const values = new Float64Array([1, 2]);
  assert.equal(column(float64(), values).values, values);
  assert.deepEqual(column(float64(), new Float32Array([1.5])).toArray(), [1.5]);
});
