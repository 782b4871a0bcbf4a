import { type Bits } from "./bits.js";
import type { Comparison } from "./column.js";
import { Column } from "./column.js";
import { Field } from "./field.js";
import { FixedColumn } from "./fixed.js";
/** A column whose values are numbers: whole ones of up to 32 bits, floats, days. */
export declare class NumberColumn<out V extends number | null = number | null, out A extends NumberColumn.Values = NumberColumn.Values> extends FixedColumn<V, A> {
    constructor(field: Field, length: number, validity: Bits | null, values: A);
    get(row: number): V;
    protected with(length: number, validity: Bits | null, values: A): this;
    where(comparison: Comparison, other: number | Column<number | null>, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
    where(is: (value: NonNullable<V>, row: number) => boolean, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
    /** Sums, as floats; null where either is. */
    add(other: Operand): Floats;
    /** Differences, as floats; null where either is. */
    subtract(other: Operand): Floats;
    /** Products, as floats; null where either is. */
    multiply(other: Operand): Floats;
    /** Quotients, as floats; null where either is. */
    divide(other: Operand): Floats;
    /** The sum of what is not null, in the order of rows; 0 of nothing. */
    sum(): number;
}
export declare namespace NumberColumn {
    type Values = Int8Array<ArrayBufferLike> | Int16Array<ArrayBufferLike> | Int32Array<ArrayBufferLike> | Uint8Array<ArrayBufferLike> | Uint16Array<ArrayBufferLike> | Uint32Array<ArrayBufferLike> | Float32Array<ArrayBufferLike> | Float64Array<ArrayBufferLike>;
}
/** A column of numbers, or one number for all rows. */
export type Operand = number | NumberColumn<number | null, NumberColumn.Values>;
/** What arithmetic gives. */
export type Floats = NumberColumn<number | null, Float64Array>;
/** A column of floats. */
export declare function floatColumn(values: Float64Array, validity: Bits | null): Floats;
export declare function isKnown(how: string): how is Comparison;
