import type { Rows } from "./take.js";
/** Where the values of rows start in what is below a column of text, bytes, lists or maps; one more than rows. */
export type Offsets = Int32Array;
/** Offsets that start at zero, of the same lengths. */
export declare function fromZero(offsets: Offsets): Offsets;
/** Offsets of rows that are taken. */
export declare function takenOffsets(offsets: Offsets, rows: Rows): Offsets;
/** The places below of rows that are taken. */
export declare function takenPlaces(offsets: Offsets, rows: Rows, taken: Offsets): Rows;
/** The offsets of several columns whose values are put one after another. */
export declare function joinOffsets(parts: readonly Offsets[]): Offsets;
