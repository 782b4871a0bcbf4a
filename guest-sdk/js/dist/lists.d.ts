import { type Bits } from "./bits.js";
import { Column } from "./column.js";
import type { Field } from "./field.js";
import { type Offsets } from "./offsets.js";
/** A column of lists, which are read as arrays. */
export declare class ListColumn<out V extends unknown[] | null = unknown[] | null, out E extends Column = Column> extends Column<V> {
    #private;
    /** Where each row's elements start; one more than rows. */
    readonly offsets: Offsets;
    /** The elements of all rows, and of those that this column is a slice of. */
    readonly elements: E;
    constructor(field: Field, length: number, validity: Bits | null, offsets: Offsets, elements: E);
    get(row: number): V;
    slice(from: number, length: number): this;
    take(rows: ArrayLike<number>): this;
    join(others: readonly this[]): this;
}
/** A column of lists of one length, which are read as arrays. */
export declare class FixedListColumn<out V extends unknown[] | null = unknown[] | null, out E extends Column = Column> extends Column<V> {
    #private;
    /** The elements of all rows, those of rows that are null too. */
    readonly elements: E;
    constructor(field: Field, length: number, validity: Bits | null, elements: E);
    /** Elements of a row. */
    get size(): number;
    get(row: number): V;
    slice(from: number, length: number): this;
    take(rows: ArrayLike<number>): this;
    join(others: readonly this[]): this;
}
