import type { Bits } from "./bits.js";
import type { Column, Comparison } from "./column.js";
import type { Field } from "./field.js";
import { FixedColumn } from "./fixed.js";
import { type Floats } from "./numbers.js";
/** A column of 64-bit whole numbers, times or lengths of time, whose values are BigInts. */
export declare class BigIntColumn<out V extends bigint | null = bigint | null, out A extends BigIntColumn.Values = BigIntColumn.Values> extends FixedColumn<V, A> {
    #private;
    constructor(field: Field, length: number, validity: Bits | null, values: A);
    get(row: number): V;
    protected with(length: number, validity: Bits | null, values: A): this;
    where(comparison: Comparison, other: bigint | number | Column<bigint | null>, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
    where(is: (value: NonNullable<V>, row: number) => boolean, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
    /**
     * The values as numbers, which are several times cheaper to compute with.
     *
     * @throws Failure where a value is beyond ±(2^53 - 1): it would not be exact.
     */
    asNumbers(): Floats;
    /** The sum of what is not null. */
    sum(): bigint;
}
export declare namespace BigIntColumn {
    type Values = BigInt64Array<ArrayBufferLike> | BigUint64Array<ArrayBufferLike>;
}
