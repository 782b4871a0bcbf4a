// What columns are compared with: arrays of values, and random ones of every kind.

import { build } from "../dist/build.js";
import {
  binary, boolean, date32, decimal128, duration, fixedSizeBinary, fixedSizeList, float32, float64, int16, int32, int64, int8, list, map,
  struct, timestamp, uint16, uint32, uint64, uint8, utf8,
} from "../dist/index.js";

/** Random numbers from a seed, which a failing test tells. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to below. */
  below(end) {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let z = this.#state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return ((z ^ (z >>> 16)) >>> 0) % end;
  }

  bool(oneIn = 2) {
    return this.below(oneIn) === 0;
  }

  of(things) {
    return things[this.below(things.length)];
  }

  bits(size) {
    let value = 0n;
    for (let at = 0; at < size; at += 16) value = (value << 16n) | BigInt(this.below(65536));
    return BigInt.asUintN(size, value);
  }

  array(length, make) {
    return Array.from({ length }, (_, index) => make(index));
  }
}

const TEXTS = ["", "a", "né", "Zürich", "日本語", "😀", "\ue000", "\uffff", "\u{10000}", "a longer text of ASCII only", "\u0000", "x".repeat(40)];
const FLOATS = [0, -0, 1.5, -2.25, NaN, Infinity, -Infinity, 5e-324, 1.7976931348623157e308, 0.1];

/** Random fields; `depth` is how far they nest. */
export function randomField(random, name, depth = 2) {
  const scalars = [
    boolean, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float32, float64, utf8, binary, date32, timestamp, duration,
  ];
  const nested = [
    () => list(name, randomField(random, "item", depth - 1)),
    () => fixedSizeList(name, randomField(random, "item", depth - 1), random.below(4)),
    () => struct(name, random.array(1 + random.below(3), (i) => randomField(random, `f${i}`, depth - 1))),
    () => map(name, random.of([utf8(), int32()]), randomField(random, "values", depth - 1)),
    () => decimal128(name, 38, 10),
    () => fixedSizeBinary(name, 1 + random.below(20)),
  ];
  const field = depth === 0 || random.bool() ? random.of(scalars)(name) : random.of(nested)();
  return random.bool() ? field.nullable() : field;
}

const INTS = { int8: 8, int16: 16, int32: 32, date32: 32 }, UINTS = { uint8: 8, uint16: 16, uint32: 32 };

export function randomValue(random, field) {
  if (field.isNullable && random.bool(4)) return null;
  const { kind, children } = field, bytes = (length) => Uint8Array.from(random.array(length, () => random.below(256)));
  if (kind.tag in INTS) return Number(BigInt.asIntN(INTS[kind.tag], random.bits(INTS[kind.tag])));
  if (kind.tag in UINTS) return Number(random.bits(UINTS[kind.tag]));
  switch (kind.tag) {
    case "boolean":
      return random.bool();
    case "int64":
    case "timestamp":
    case "duration":
      return random.bool() ? BigInt(random.below(10)) - 5n : BigInt.asIntN(64, random.bits(64));
    case "uint64":
      return random.bits(64);
    case "float32":
      return Math.fround(random.of(FLOATS));
    case "float64":
      return random.bool() ? random.of(FLOATS) : random.below(1000) / 7;
    case "decimal128":
      return random.bool() ? BigInt(random.below(100)) - 50n : BigInt.asIntN(126, random.bits(126));
    case "utf8":
      return random.of(TEXTS);
    case "binary":
      return bytes(random.below(12));
    case "fixed-size-binary":
      return bytes(kind.val);
    case "list-of":
      return random.array(random.below(4), () => randomValue(random, children[0]));
    case "fixed-size-list-of":
      return random.array(kind.val, () => randomValue(random, children[0]));
    case "struct-of":
      return Object.fromEntries(children.map((child) => [child.name, randomValue(random, child)]));
    default:
      return new Map(random.array(random.below(4), () => [randomValue(random, children[0]), randomValue(random, children[1])]));
  }
}

/** A column and the values that it should have; some are slices, which start in the middle of a byte of bits. */
export function randomColumn(random, rows, name = "x") {
  const field = randomField(random, name), before = random.below(12), after = random.below(3);
  const values = random.array(before + rows + after, () => randomValue(random, field));
  return { field, column: build(field, values).slice(before, rows), values: values.slice(before, before + rows) };
}

/** Runs a test for many seeds; the seed is in the error. */
export function forSeeds(count, test) {
  const only = process.env.SEED;
  for (const seed of only === undefined ? Array.from({ length: count }, (_, seed) => seed) : [Number(only)]) {
    try {
      test(new Random(seed));
    } catch (error) {
      error.message = `SEED=${seed}: ${error.message}`;
      throw error;
    }
  }
}
