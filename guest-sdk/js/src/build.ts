import { BigIntColumn } from "./bigints.js";
import { Bits } from "./bits.js";
import { BooleanColumn } from "./booleans.js";
import { BinaryColumn, Bytes, FixedBinaryColumn, TextColumn } from "./bytes.js";
import { later, type Column } from "./column.js";
import { DecimalColumn } from "./decimals.js";
import { Failure } from "./failure.js";
import type { Field } from "./field.js";
import { FixedListColumn, ListColumn } from "./lists.js";
import { MapColumn } from "./maps.js";
import { NumberColumn } from "./numbers.js";
import { kindName } from "./schema.js";
import { StructColumn } from "./structs.js";
import { encodeTexts } from "./text.js";
import { BIGINTS, NUMBERS } from "./typed.js";

/** Stands for what is below a null struct or list of one length: null where it may be, else zero. */
const BELOW_NULL = Symbol("below null");

/**
 * A column of a field's kind, of values; what is null is zero in its bytes. A typed array of the right type becomes the
 * column's memory. Errors count rows from `first` on.
 */
export function build(field: Field, values: ArrayLike<unknown>, first = 0): Column {
  const { kind } = field, n = values.length;
  const number = NUMBERS[kind.tag];
  if (number !== undefined) {
    if (values instanceof number) return new NumberColumn(field, n, null, values);
    return numbers(field, values, first, new number(n), kind.tag === "float64" || kind.tag === "float32");
  }
  const bigint = BIGINTS[kind.tag];
  if (bigint !== undefined) {
    if (values instanceof bigint) return new BigIntColumn(field, n, null, values);
    return bigints(field, values, first, new bigint(n));
  }
  switch (kind.tag) {
    case "boolean":
      return booleans(field, values, first);
    case "decimal128":
      return decimals(field, values, first, kind.val[0]);
    case "utf8":
      return texts(field, values, first);
    case "binary":
      return binaries(field, values, first);
    case "fixed-size-binary":
      return fixedBinaries(field, values, first, kind.val);
    case "list-of":
      return lists(field, values, first);
    case "fixed-size-list-of":
      return fixedLists(field, values, first, kind.val);
    case "struct-of":
      return structs(field, values, first);
    default:
      return maps(field, values, first);
  }
}

later.build = build;

/** Notes what is null while a column is made. */
class Nulls {
  bits: Bits | null = null;
  readonly #field: Field;
  readonly #rows: number;
  readonly #first: number;

  constructor(field: Field, rows: number, first: number) {
    this.#field = field;
    this.#rows = rows;
    this.#first = first;
  }

  /** A value that is not of the kind: null where that may be, else an error. */
  add(value: unknown, row: number): void {
    if (value === null || value === undefined || value === BELOW_NULL) {
      if (this.#field.isNullable) {
        this.bits ??= Bits.ones(this.#rows);
        this.bits.set(row, false);
        return;
      }
      if (value === BELOW_NULL) return;
      throw new Failure(`column \`${this.#field.name}\` is null in row ${this.#first + row}, the contract says that it never is`);
    }
    throw new Failure(`column \`${this.#field.name}\` is ${kindName(this.#field)}, which ${shown(value)} in row ${this.#first + row} is not`);
  }
}

function numbers(field: Field, values: ArrayLike<unknown>, first: number, out: NumberColumn.Values, isFloat: boolean): Column {
  const n = values.length, nulls = new Nulls(field, n, first);
  for (var row = 0; row < n; row++) {
    var value = values[row];
    if (typeof value === "number") {
      out[row] = value;
      if (!isFloat && out[row] !== value) nulls.add(value, row);
    } else {
      nulls.add(value, row);
    }
  }
  return new NumberColumn(field, n, nulls.bits, out);
}

function bigints(field: Field, values: ArrayLike<unknown>, first: number, out: BigIntColumn.Values): Column {
  const n = values.length, nulls = new Nulls(field, n, first), isTime = field.kind.tag === "timestamp";
  for (var row = 0; row < n; row++) {
    var value = values[row];
    if (typeof value === "bigint") {
      out[row] = value;
      if (out[row] !== value) nulls.add(value, row);
    } else if (typeof value === "number" && Number.isSafeInteger(value)) {
      out[row] = BigInt(value);
      if (value < 0 && out[row]! > 0n) nulls.add(value, row);
    } else if (isTime && value instanceof Date && !Number.isNaN(value.getTime())) {
      out[row] = BigInt(value.getTime()) * 1000n;
    } else {
      nulls.add(value, row);
    }
  }
  return new BigIntColumn(field, n, nulls.bits, out);
}

function booleans(field: Field, values: ArrayLike<unknown>, first: number): Column {
  const n = values.length, nulls = new Nulls(field, n, first), bits = Bits.zeros(n), { bytes } = bits;
  for (var row = 0; row < n; row++) {
    var value = values[row];
    if (value === true) bytes[row >> 3]! |= 1 << (row & 7);
    else if (value !== false) nulls.add(value, row);
  }
  return new BooleanColumn(field, n, nulls.bits, bits);
}

function decimals(field: Field, values: ArrayLike<unknown>, first: number, precision: number): Column {
  const n = values.length, nulls = new Nulls(field, n, first), out = new BigUint64Array(2 * n), end = 10n ** BigInt(precision);
  for (var row = 0; row < n; row++) {
    const value = values[row];
    if (typeof value === "bigint" && value < end && value > -end) {
      out[2 * row] = BigInt.asUintN(64, value);
      out[2 * row + 1] = BigInt.asUintN(64, value >> 64n);
    } else {
      nulls.add(value, row);
    }
  }
  return new DecimalColumn(field, n, nulls.bits, out);
}

function texts(field: Field, values: ArrayLike<unknown>, first: number): Column {
  const n = values.length, nulls = new Nulls(field, n, first), parts: string[] = [];
  for (var row = 0; row < n; row++) {
    var value = values[row];
    if (typeof value === "string") {
      parts[row] = value;
    } else {
      nulls.add(value, row);
      parts[row] = "";
    }
  }
  const { offsets, bytes } = encodeTexts(parts);
  return new TextColumn(field, n, nulls.bits, offsets, new Bytes(bytes));
}

function binaries(field: Field, values: ArrayLike<unknown>, first: number): Column {
  const n = values.length, nulls = new Nulls(field, n, first), offsets = new Int32Array(n + 1);
  for (var row = 0, at = 0; row < n; ) {
    const value = values[row];
    if (value instanceof Uint8Array) at += value.length;
    else nulls.add(value, row);
    offsets[++row] = at;
  }
  const bytes = new Uint8Array(offsets[n]!);
  for (row = 0; row < n; row++) if (values[row] instanceof Uint8Array) bytes.set(values[row] as Uint8Array, offsets[row]);
  return new BinaryColumn(field, n, nulls.bits, offsets, new Bytes(bytes));
}

function fixedBinaries(field: Field, values: ArrayLike<unknown>, first: number, width: number): Column {
  const n = values.length, nulls = new Nulls(field, n, first), bytes = new Uint8Array(n * width);
  for (var row = 0; row < n; row++) {
    const value = values[row];
    if (value instanceof Uint8Array && value.length === width) bytes.set(value, row * width);
    else nulls.add(value, row);
  }
  return new FixedBinaryColumn(field, n, nulls.bits, bytes);
}

function lists(field: Field, values: ArrayLike<unknown>, first: number): Column {
  const n = values.length, nulls = new Nulls(field, n, first), offsets = new Int32Array(n + 1), elements: unknown[] = [];
  for (var row = 0; row < n; ) {
    const value = values[row];
    if (isList(value)) for (var i = 0; i < value.length; i++) elements.push(value[i]);
    else nulls.add(value, row);
    offsets[++row] = elements.length;
  }
  return new ListColumn(field, n, nulls.bits, offsets, build(field.children[0]!, elements));
}

function fixedLists(field: Field, values: ArrayLike<unknown>, first: number, size: number): Column {
  const n = values.length, nulls = new Nulls(field, n, first), elements: unknown[] = [];
  for (var row = 0; row < n; row++) {
    const value = values[row], isFull = isList(value) && value.length === size;
    if (!isFull) nulls.add(value, row);
    for (var i = 0; i < size; i++) elements.push(isFull ? value[i] : BELOW_NULL);
  }
  return new FixedListColumn(field, n, nulls.bits, build(field.children[0]!, elements));
}

function structs(field: Field, values: ArrayLike<unknown>, first: number): Column {
  const n = values.length, nulls = new Nulls(field, n, first), known = new Set(field.children.map(({ name }) => name));
  for (var row = 0; row < n; row++) {
    const value = values[row];
    if (!isObject(value)) nulls.add(value, row);
    else for (const name in value) if (!known.has(name)) nulls.add(value, row);
  }
  const parts = field.children.map((child) => {
    const below: unknown[] = [];
    for (var row = 0; row < n; row++) {
      const value = values[row];
      below[row] = isObject(value) ? value[child.name] : BELOW_NULL;
    }
    return build(child, below);
  });
  return new StructColumn(field, n, nulls.bits, parts);
}

function maps(field: Field, values: ArrayLike<unknown>, first: number): Column {
  const n = values.length, nulls = new Nulls(field, n, first), offsets = new Int32Array(n + 1);
  const keys: unknown[] = [], below: unknown[] = [];
  for (var row = 0; row < n; ) {
    const value = values[row];
    if (isIterable(value)) {
      for (const entry of value) {
        if (!isList(entry) || entry.length !== 2) nulls.add(value, row);
        keys.push((entry as unknown[])[0]);
        below.push((entry as unknown[])[1]);
      }
    } else {
      nulls.add(value, row);
    }
    offsets[++row] = keys.length;
  }
  return new MapColumn(field, n, nulls.bits, offsets, build(field.children[0]!, keys), build(field.children[1]!, below));
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView));
}

function isObject(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === "object" && value !== null && !isIterable(value) && !(value instanceof Date);
}

function isIterable(value: unknown): value is Iterable<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

function shown(value: unknown): string {
  if (typeof value === "string") return value.length > 40 ? `"${value.slice(0, 40)}…"` : `"${value}"`;
  if (typeof value === "bigint") return `${value}n`;
  if (ArrayBuffer.isView(value)) return `${value.byteLength} bytes`;
  if (isList(value)) return `a list of ${value.length}`;
  if (typeof value === "object") return `an object with ${Object.keys(value!).join(", ") || "nothing"}`;
  return typeof value === "symbol" ? "a symbol" : typeof value === "function" ? "a function" : String(value);
}

/** A copy of a value, so that it can be changed by whoever gave it. */
export function copied(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return value.slice();
  if (value instanceof Date) return new Date(value.getTime());
  if (isList(value)) return Array.from(value, copied);
  if (isIterable(value)) return Array.from(value, copied);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, copied(part)]));
}
