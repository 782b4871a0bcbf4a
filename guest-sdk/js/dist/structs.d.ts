import { type Bits } from "./bits.js";
import { Column } from "./column.js";
import type { Field } from "./field.js";
/** A column of structs, which are read as objects. */
export declare class StructColumn<out V extends object | null = object | null, out C extends {
    readonly [name: string]: Column;
} = {
    readonly [name: string]: Column;
}> extends Column<V> {
    #private;
    /** The fields in order. */
    readonly parts: readonly Column[];
    constructor(field: Field, length: number, validity: Bits | null, parts: readonly Column[]);
    /** The fields by name. */
    get fields(): C;
    get(row: number): V;
    slice(from: number, length: number): this;
    take(rows: ArrayLike<number>): this;
    join(others: readonly this[]): this;
}
