import { type Bits } from "./bits.js";
import { Column } from "./column.js";
import type { Field } from "./field.js";
/** A column of truth values. */
export declare class BooleanColumn<out V extends boolean | null = boolean | null> extends Column<V> {
    #private;
    /** The values as bits, those under nulls too. */
    readonly bits: Bits;
    constructor(field: Field, length: number, validity: Bits | null, bits: Bits);
    get(row: number): V;
    slice(from: number, length: number): this;
    take(rows: ArrayLike<number>): this;
    join(others: readonly this[]): this;
}
