import { type Bits } from "./bits.js";
import { Column, type Comparison } from "./column.js";
import type { Field } from "./field.js";
import { FixedColumn } from "./fixed.js";
import { type Offsets } from "./offsets.js";
/** The bytes below a column, shared by its slices. */
export declare class Bytes {
    #private;
    readonly all: Uint8Array;
    constructor(all: Uint8Array);
    /** As text; all of it becomes a string once, which is cheaper than row by row. */
    text(from: number, to: number): string;
}
/** A column of bytes of any length, or of text in UTF-8. */
declare abstract class OffsetColumn<out V> extends Column<V> {
    #private;
    /** Where each row's bytes start; one more than rows. */
    readonly offsets: Offsets;
    /** The bytes, of this column and of what it is a slice of. */
    readonly bytes: Bytes;
    constructor(field: Field, length: number, validity: Bits | null, offsets: Offsets, bytes: Bytes);
    protected abstract with(length: number, validity: Bits | null, offsets: Offsets, bytes: Bytes): this;
    slice(from: number, length: number): this;
    take(rows: ArrayLike<number>): this;
    join(others: readonly this[]): this;
}
/** A column of text. */
export declare class TextColumn<out V extends string | null = string | null> extends OffsetColumn<V> {
    #private;
    get(row: number): V;
    protected with(length: number, validity: Bits | null, offsets: Offsets, bytes: Bytes): this;
    where(comparison: Comparison, other: string | Column<string | null>, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
    where(is: (value: NonNullable<V>, row: number) => boolean, among?: ArrayLike<number>): Uint32Array<ArrayBuffer>;
}
/** A column of bytes. */
export declare class BinaryColumn<out V extends Uint8Array | null = Uint8Array | null> extends OffsetColumn<V> {
    /** A view of the column's bytes. */
    get(row: number): V;
    protected with(length: number, validity: Bits | null, offsets: Offsets, bytes: Bytes): this;
}
/** A column of bytes of one length. */
export declare class FixedBinaryColumn<out V extends Uint8Array | null = Uint8Array | null> extends FixedColumn<V, Uint8Array> {
    protected get stride(): number;
    /** A view of the column's bytes. */
    get(row: number): V;
    protected with(length: number, validity: Bits | null, values: Uint8Array): this;
}
export {};
