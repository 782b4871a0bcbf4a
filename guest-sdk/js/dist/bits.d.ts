/**
 * Bits of rows, least significant first as Arrow packs them: the validity of a column, or its truth values.
 * What is beyond the last row is never looked at.
 */
export declare class Bits {
    /** The bytes that hold them. */
    readonly bytes: Uint8Array;
    /** Where the first row's bit is. */
    readonly offset: number;
    readonly length: number;
    constructor(
    /** The bytes that hold them. */
    bytes: Uint8Array, 
    /** Where the first row's bit is. */
    offset: number, length: number);
    /** As many bits, all set. */
    static ones(length: number): Bits;
    /** As many bits, none set. */
    static zeros(length: number): Bits;
    get(row: number): boolean;
    /** For bits that were just made and nobody else holds. */
    set(row: number, value: boolean): void;
    slice(from: number, length: number): Bits;
    take(rows: Uint32Array): Bits;
    /** How many are not set. */
    zeros(): number;
    /** Bytes as the contract has them: offset zero, exactly as many as the rows ask, unused bits zero. */
    toBytes(): Uint8Array;
}
/** The bits of several, one after another; a missing one has all its bits set. */
export declare function joinBits(parts: readonly (Bits | null)[], lengths: readonly number[]): Bits;
/** The validity of several columns, one after another. */
export declare function joinValidity(columns: readonly {
    validity: Bits | null;
    length: number;
}[]): Bits | null;
/** Rows that are set in both; a missing one has all its bits set. */
export declare function bothBits(left: Bits | null, right: Bits | null): Bits | null;
