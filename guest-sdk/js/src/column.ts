import type { Bits } from "./bits.js";
import { compareTexts } from "./text.js";
import { Failure } from "./failure.js";
import type { ColumnOf, Field, ValueOf, WrittenOf } from "./field.js";
import { kindName } from "./schema.js";
import { rising } from "./take.js";

/** Nodes and buffers of a batch as the contract has them. */
export interface WireColumns {
  nodes: { length: number; nullCount: number }[];
  buffers: Uint8Array[];
}

export type Comparison = "<" | "<=" | ">" | ">=" | "==" | "!=";

/** Rows whose values are equal. */
export interface ValueGroup<V> {
  value: V;
  rows: Uint32Array;
}

/**
 * A column of a batch, over the bytes that the host handed in. `V` is what its values are read as, `null` among them where the
 * column is nullable.
 */
export abstract class Column<out V = any> implements Iterable<V> {
  /** Its kind; the name is that of where it came from. */
  readonly field: Field;
  /** Rows. */
  readonly length: number;
  /** Which rows are not null; null if none is. */
  readonly validity: Bits | null;
  #nullCount = -1;

  constructor(field: Field, length: number, validity: Bits | null) {
    this.field = field;
    this.length = length;
    this.validity = validity;
  }

  /** The value of a row, null where it is null. */
  abstract get(row: number): V;

  /** Rows from here on, without copying values. */
  abstract slice(from: number, length: number): this;

  /** These rows in this order; a row may be there several times. {@link Batch.take} is faster for several columns. */
  abstract take(rows: ArrayLike<number>): this;

  /** This column and the others of its kind, one after another. @internal */
  abstract join(others: readonly this[]): this;

  /** Appends buffers after validity, and the nodes below. @internal */
  protected abstract writeValues(out: WireColumns, contract: Field): void;

  isNull(row: number): boolean {
    return this.validity !== null && !this.validity.get(row);
  }

  get nullCount(): number {
    if (this.#nullCount < 0) this.#nullCount = this.validity === null ? 0 : this.validity.zeros();
    return this.#nullCount;
  }

  *[Symbol.iterator](): IterableIterator<V> {
    for (var row = 0; row < this.length; row++) yield this.get(row);
  }

  /** All values. */
  toArray(): V[] {
    const values: V[] = [];
    for (var row = 0; row < this.length; row++) values[row] = this.get(row);
    return values;
  }

  /**
   * The rows, rising, whose value compares so with `other`, which is a value or a column of the same length; or for which
   * `other` is true. Null never is. `among` are rows to choose from.
   */
  where(comparison: Comparison, other: NonNullable<V> | Column<V>, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
  where(is: (value: NonNullable<V>, row: number) => boolean, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
  where(
    how: Comparison | ((value: NonNullable<V>, row: number) => boolean),
    other?: unknown,
    among?: ArrayLike<number>,
  ): Uint32Array<ArrayBuffer> {
    const rows = (typeof how === "function" ? other : among) as ArrayLike<number> | undefined;
    if (typeof how === "function") return this.#rowsThat(how, rows);
    const is = comparisons[how];
    if (is === undefined) throw new Failure(`\`${how}\` is no comparison; there are ${Object.keys(comparisons).join(", ")}`);
    if (other instanceof Column) {
      if (other.length !== this.length) throw new Failure(`a column of ${other.length} rows compared with one of ${this.length}`);
      return this.#rowsThat((value, row) => {
        const right = other.get(row);
        return right !== null && is(this.compareValues(value, right));
      }, rows);
    }
    return this.#rowsThat((value) => is(this.compareValues(value, other as NonNullable<V>)), rows);
  }

  #rowsThat(is: (value: NonNullable<V>, row: number) => boolean, among?: ArrayLike<number>): Uint32Array<ArrayBuffer> {
    const n = among?.length ?? this.length, kept = new Uint32Array(n);
    var k = 0;
    for (var j = 0; j < n; j++) {
      const row = among === undefined ? j : among[j]!, value = this.get(row);
      if (value !== null && is(value!, row)) kept[k++] = row;
    }
    return among === undefined ? rising(kept.subarray(0, k), n) : kept.subarray(0, k);
  }

  /** Below zero, zero or above; NaN where values have no order. */
  protected compareValues(left: unknown, right: unknown): number {
    if (typeof left === "string" && typeof right === "string") return compareTexts(left, right);
    if (typeof left === "object") throw new Failure(`a column that is ${kindName(this.field)} has no order: give a function`);
    const [a, b] = [left, right] as [number, number];
    return a < b ? -1 : a > b ? 1 : a == b ? 0 : NaN;
  }

  /** A column of this kind, of what `make` makes of each value; nulls stay null. */
  map<F extends Field>(into: F, make: (value: NonNullable<V>, row: number) => WrittenOf<F> | null): ColumnOf<F> {
    const values: unknown[] = [];
    for (var row = 0; row < this.length; row++) {
      const value = this.get(row);
      values[row] = value === null ? null : make(value!, row);
    }
    return later.build(into.nullable(), values) as ColumnOf<F>;
  }

  /** As {@link map}, with one call for values that are equal. */
  mapDistinct<F extends Field>(into: F, make: (value: NonNullable<V>) => WrittenOf<F> | null): ColumnOf<F> {
    const { values, codes } = this.dictionary();
    const made: unknown[] = values.map(make);
    const none = made.push(null) - 1;
    return later.build(into.nullable(), made).take(codes.map((code) => (code < 0 ? none : code))) as ColumnOf<F>;
  }

  /** Distinct values in the order in which they come first, and for each row which of them it is: -1 for null. */
  dictionary(): { values: NonNullable<V>[]; codes: Int32Array } {
    const codes = new Int32Array(this.length), values: NonNullable<V>[] = [], seen = new Map<unknown, number>();
    for (var row = 0; row < this.length; row++) {
      const value = this.get(row);
      if (value === null) {
        codes[row] = -1;
        continue;
      }
      const key = this.distinct(value!);
      var code = seen.get(key);
      if (code === undefined) {
        code = values.push(value!) - 1;
        seen.set(key, code);
      }
      codes[row] = code;
    }
    return { values, codes };
  }

  /** What is equal for values that are. */
  protected distinct(value: NonNullable<V>): unknown {
    if (typeof value === "object") throw new Failure(`values of a column that is ${kindName(this.field)} cannot be told apart`);
    return value;
  }

  /** The rows of each distinct value, null among them, in the order in which values come first. */
  groups(): ValueGroup<V>[] {
    const { values, codes } = this.dictionary();
    const sizes = new Uint32Array(values.length + 1), order: number[] = [];
    for (const code of codes) if (sizes[code + 1]!++ === 0) order.push(code);
    const rows = Array.from(sizes, (size) => new Uint32Array(size)), filled = new Uint32Array(sizes.length);
    codes.forEach((code, row) => {
      rows[code + 1]![filled[code + 1]!++] = row;
    });
    return order.map((code) => ({ value: (code < 0 ? null : values[code]) as V, rows: rows[code + 1]! }));
  }

  /** Appends it to a batch that goes out. @internal */
  write(out: WireColumns, contract: Field): void {
    // A field without nulls may have some where its struct is null: what is there is not looked at, but there it is.
    const nullCount = contract.isNullable ? this.nullCount : 0;
    out.nodes.push({ length: this.length, nullCount });
    out.buffers.push(nullCount > 0 ? this.validity!.toBytes() : new Uint8Array(0));
    this.writeValues(out, contract);
  }

  /** For rows that are not there. */
  protected outside(row: number): never {
    throw new RangeError(`row ${row} of a column of ${this.length}`);
  }

  /** The name by which a field's values are known, for messages. @internal */
  toString(): string {
    return `${this.length} × ${kindName(this.field)}`;
  }

  declare readonly valueType?: ValueOf<Field<string, V>>;
}

const comparisons: { readonly [how in Comparison]: (order: number) => boolean } = {
  "<": (order) => order < 0,
  "<=": (order) => order <= 0,
  ">": (order) => order > 0,
  ">=": (order) => order >= 0,
  "==": (order) => order === 0,
  "!=": (order) => order !== 0,
};

/** Set by `build.ts`, which needs the classes that need this one. @internal */
export const later: { build(field: Field, values: ArrayLike<unknown>): Column } = {
  build() {
    throw new Error("build.ts has not been loaded");
  },
};
