import type { Bits } from "./bits.js";
import type { Column, Comparison } from "./column.js";
import { Failure } from "./failure.js";
import type { Field } from "./field.js";
import { FixedColumn, getterOf, SHORT, whereTyped } from "./fixed.js";
import { floatColumn, isKnown, type Floats } from "./numbers.js";
import { bytesOf, view } from "./take.js";

/** A column of 64-bit whole numbers, times or lengths of time, whose values are BigInts. */
export class BigIntColumn<out V extends bigint | null = bigint | null, out A extends BigIntColumn.Values = BigIntColumn.Values>
  extends FixedColumn<V, A> {
  constructor(field: Field, length: number, validity: Bits | null, values: A) {
    super(field, length, validity, values);
    if (length > SHORT) this.get = getterOf(this, values) as (row: number) => V;
  }

  override get(row: number): V {
    const value = this.values[row];
    if (value === undefined) this.outside(row);
    return (this.validity === null || this.validity.get(row) ? value : null) as V;
  }

  protected override with(length: number, validity: Bits | null, values: A): this {
    return new BigIntColumn<V, A>(this.field, length, validity, values) as this;
  }

  override where(
    comparison: Comparison, other: bigint | number | Column<bigint | null>, among?: ArrayLike<number>,
  ): Uint32Array<ArrayBuffer>;
  override where(is: (value: NonNullable<V>, row: number) => boolean, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
  override where(how: any, other?: any, among?: ArrayLike<number>): Uint32Array<ArrayBuffer> {
    const isTyped = typeof other === "bigint" || typeof other === "number" || other instanceof BigIntColumn;
    return typeof how === "string" && isKnown(how) && isTyped ? whereTyped(this, how, other, among) : super.where(how, other, among);
  }

  /**
   * The values as numbers, which are several times cheaper to compute with.
   *
   * @throws Failure where a value is beyond ±(2^53 - 1): it would not be exact.
   */
  asNumbers(): Floats {
    const words = view(Int32Array, bytesOf(this.values)), low = view(Uint32Array, bytesOf(this.values));
    const high: Int32Array | Uint32Array = this.values instanceof BigUint64Array ? low : words;
    var n = this.length, out = new Float64Array(n), isSafe = true;
    for (var i = 0, w = 0; i < n; ++i, w += 2) {
      var top = high[w + 1]!, value = top * 4294967296 + low[w]!;
      out[i] = value;
      if (top >= 2097152 || top < -2097152 || value === -9007199254740992) isSafe = false;
    }
    if (!isSafe) this.#checkSafe(out);
    return floatColumn(out, this.validity);
  }

  #checkSafe(numbers: Float64Array): void {
    numbers.forEach((value, row) => {
      if (Number.isSafeInteger(value)) return;
      if (!this.isNull(row)) throw new Failure(`${this.values[row]} is not exact as a number`, { row });
      numbers[row] = 0;
    });
  }

  /** The sum of what is not null. */
  sum(): bigint {
    var sum = 0n;
    for (var i = 0; i < this.length; ++i) if (!this.isNull(i)) sum += this.values[i]!;
    return sum;
  }
}

export namespace BigIntColumn {
  export type Values = BigInt64Array<ArrayBufferLike> | BigUint64Array<ArrayBufferLike>;
}
