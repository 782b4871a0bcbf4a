import { Column, type Comparison } from "./column.js";
import { type Bits } from "./bits.js";
import type { Field } from "./field.js";
import { type Lane } from "./take.js";
export interface FixedValues extends ArrayBufferView {
    readonly length: number;
    readonly [row: number]: number | bigint;
    subarray(from?: number, to?: number): this;
}
/** Rows that are being taken: lanes to fill, and then the column. */
export interface Taking {
    lanes: Lane[];
    done(): Column;
}
/** A column whose values have one width, one after another in a typed array. */
export declare abstract class FixedColumn<out V, out A extends FixedValues> extends Column<V> {
    /**
     * The values, those under nulls too. It is the memory that the host handed in, or the SDK made: write only into what you made
     * yourself.
     */
    readonly values: A;
    constructor(field: Field, length: number, validity: Bits | null, values: A);
    /** Entries of `values` in a row's value. */
    protected get stride(): number;
    /** As this column, of other rows. */
    protected of(length: number, validity: Bits | null, bytes: Uint8Array): this;
    protected abstract with(length: number, validity: Bits | null, values: A): this;
    slice(from: number, length: number): this;
    take(rows: ArrayLike<number>): this;
    join(others: readonly this[]): this;
}
/** Columns of more rows have a `get` of their own, which is twice as fast and costs as much as a few calls to make. */
export declare const SHORT = 16;
/** `get` of a column, whose parts are at hand without looking them up. */
export declare function getterOf(column: FixedColumn<unknown, FixedValues>, values: FixedValues): (row: number) => unknown;
/** `where` of columns whose typed arrays compare as their values do. */
export declare function whereTyped<V>(column: FixedColumn<V, FixedValues>, how: Comparison, other: unknown, among: ArrayLike<number> | undefined): Uint32Array<ArrayBuffer>;
