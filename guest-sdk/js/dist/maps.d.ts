import { type Bits } from "./bits.js";
import { Column } from "./column.js";
import type { Field } from "./field.js";
import { type Offsets } from "./offsets.js";
/** A column of maps, which are read as `Map`s: of a key that is there twice the last value. */
export declare class MapColumn<out V extends Map<any, any> | null = Map<any, any> | null, out K extends Column = Column, out E extends Column = Column> extends Column<V> {
    #private;
    /** Where each row's entries start; one more than rows. */
    readonly offsets: Offsets;
    /** The keys of all rows, and of those that this column is a slice of. */
    readonly keys: K;
    /** The value of each key. */
    readonly values: E;
    constructor(field: Field, length: number, validity: Bits | null, offsets: Offsets, keys: K, values: E);
    get(row: number): V;
    slice(from: number, length: number): this;
    take(rows: ArrayLike<number>): this;
    join(others: readonly this[]): this;
}
