import type { Bits } from "./bits.js";
import type { ColumnOf, Field, ValueOf, WrittenOf } from "./field.js";
/** Nodes and buffers of a batch as the contract has them. */
export interface WireColumns {
    nodes: {
        length: number;
        nullCount: number;
    }[];
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
export declare abstract class Column<out V = any> implements Iterable<V> {
    #private;
    /** Its kind; the name is that of where it came from. */
    readonly field: Field;
    /** Rows. */
    readonly length: number;
    /** Which rows are not null; null if none is. */
    readonly validity: Bits | null;
    constructor(field: Field, length: number, validity: Bits | null);
    /** The value of a row, null where it is null. */
    abstract get(row: number): V;
    /** Rows from here on, without copying values. */
    abstract slice(from: number, length: number): this;
    /** These rows in this order; a row may be there several times. {@link Batch.take} is faster for several columns. */
    abstract take(rows: ArrayLike<number>): this;
    isNull(row: number): boolean;
    get nullCount(): number;
    [Symbol.iterator](): IterableIterator<V>;
    /** All values. */
    toArray(): V[];
    /**
     * The rows, rising, whose value compares so with `other`, which is a value or a column of the same length; or for which
     * `other` is true. Null never is. `among` are rows to choose from.
     */
    where(comparison: Comparison, other: NonNullable<V> | Column<V>, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
    where(is: (value: NonNullable<V>, row: number) => boolean, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
    /** Below zero, zero or above; NaN where values have no order. */
    protected compareValues(left: unknown, right: unknown): number;
    /** A column of this kind, of what `make` makes of each value; nulls stay null. */
    map<F extends Field>(into: F, make: (value: NonNullable<V>, row: number) => WrittenOf<F> | null): ColumnOf<F>;
    /** As {@link map}, with one call for values that are equal. */
    mapDistinct<F extends Field>(into: F, make: (value: NonNullable<V>) => WrittenOf<F> | null): ColumnOf<F>;
    /** Distinct values in the order in which they come first, and for each row which of them it is: -1 for null. */
    dictionary(): {
        values: NonNullable<V>[];
        codes: Int32Array;
    };
    /** What is equal for values that are. */
    protected distinct(value: NonNullable<V>): unknown;
    /** The rows of each distinct value, null among them, in the order in which values come first. */
    groups(): ValueGroup<V>[];
    /** For rows that are not there. */
    protected outside(row: number): never;
    readonly valueType?: ValueOf<Field<string, V>>;
}
