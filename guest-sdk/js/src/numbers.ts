import { bothBits, type Bits } from "./bits.js";
import type { Comparison } from "./column.js";
import { Column } from "./column.js";
import { Failure } from "./failure.js";
import { Field } from "./field.js";
import { FixedColumn, getterOf, SHORT, whereTyped } from "./fixed.js";

/** A column whose values are numbers: whole ones of up to 32 bits, floats, days. */
export class NumberColumn<out V extends number | null = number | null, out A extends NumberColumn.Values = NumberColumn.Values>
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
    return new NumberColumn<V, A>(this.field, length, validity, values) as this;
  }

  override where(comparison: Comparison, other: number | Column<number | null>, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
  override where(is: (value: NonNullable<V>, row: number) => boolean, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
  override where(how: any, other?: any, among?: ArrayLike<number>): Uint32Array<ArrayBuffer> {
    return typeof how === "string" && isKnown(how) && (typeof other === "number" || other instanceof NumberColumn)
      ? whereTyped(this, how, other, among)
      : super.where(how, other, among);
  }

  /** Sums, as floats; null where either is. */
  add(other: Operand): Floats {
    return floats(this, other, (x, y, n, o) => {
      for (var i = 0; i < n; ++i) o[i] = x[i]! + y;
    }, (x, y, n, o) => {
      for (var i = 0; i < n; ++i) o[i] = x[i]! + y[i]!;
    });
  }

  /** Differences, as floats; null where either is. */
  subtract(other: Operand): Floats {
    return floats(this, other, (x, y, n, o) => {
      for (var i = 0; i < n; ++i) o[i] = x[i]! - y;
    }, (x, y, n, o) => {
      for (var i = 0; i < n; ++i) o[i] = x[i]! - y[i]!;
    });
  }

  /** Products, as floats; null where either is. */
  multiply(other: Operand): Floats {
    return floats(this, other, (x, y, n, o) => {
      for (var i = 0; i < n; ++i) o[i] = x[i]! * y;
    }, (x, y, n, o) => {
      for (var i = 0; i < n; ++i) o[i] = x[i]! * y[i]!;
    });
  }

  /** Quotients, as floats; null where either is. */
  divide(other: Operand): Floats {
    return floats(this, other, (x, y, n, o) => {
      for (var i = 0; i < n; ++i) o[i] = x[i]! / y;
    }, (x, y, n, o) => {
      for (var i = 0; i < n; ++i) o[i] = x[i]! / y[i]!;
    });
  }

  /** The sum of what is not null, in the order of rows; 0 of nothing. */
  sum(): number {
    var sum = 0, x = this.values, n = this.length, bits = this.validity;
    if (bits === null) for (var i = 0; i < n; ++i) sum += x[i]!;
    else for (var i = 0; i < n; ++i) if (bits.get(i)) sum += x[i]!;
    return sum;
  }
}

export namespace NumberColumn {
  export type Values =
    | Int8Array<ArrayBufferLike> | Int16Array<ArrayBufferLike> | Int32Array<ArrayBufferLike>
    | Uint8Array<ArrayBufferLike> | Uint16Array<ArrayBufferLike> | Uint32Array<ArrayBufferLike>
    | Float32Array<ArrayBufferLike> | Float64Array<ArrayBufferLike>;
}

/** A column of numbers, or one number for all rows. */
export type Operand = number | NumberColumn<number | null, NumberColumn.Values>;

/** What arithmetic gives. */
export type Floats = NumberColumn<number | null, Float64Array>;

type Numbers = { readonly [row: number]: number };

function floats(
  left: NumberColumn<number | null, NumberColumn.Values>,
  right: Operand,
  withNumber: (x: Numbers, y: number, n: number, o: Float64Array) => void,
  withColumn: (x: Numbers, y: Numbers, n: number, o: Float64Array) => void,
): Floats {
  const n = left.length, out = new Float64Array(n);
  var validity = left.validity;
  if (typeof right === "number") {
    withNumber(left.values, right, n, out);
  } else {
    if (!(right instanceof NumberColumn)) throw new Failure("arithmetic is with a number or a column of numbers: see `asNumbers`");
    if (right.length !== n) throw new Failure(`arithmetic of a column of ${n} rows with one of ${right.length}`);
    withColumn(left.values, right.values, n, out);
    validity = bothBits(validity, right.validity);
  }
  return floatColumn(out, validity);
}

/** A column of floats. */
export function floatColumn(values: Float64Array, validity: Bits | null): Floats {
  return new NumberColumn(new Field("item", { tag: "float64" }, validity !== null), values.length, validity, values);
}

export function isKnown(how: string): how is Comparison {
  return how === "<" || how === "<=" || how === ">" || how === ">=" || how === "==" || how === "!=";
}
