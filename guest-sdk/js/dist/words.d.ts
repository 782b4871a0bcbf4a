/**
 * Values of eight bytes compared with one value by their words of four. An interpreter compares whole numbers of 32 bits in one step, floats in
 * many, and makes a BigInt of each int64 that it reads.
 */
import type { Comparison } from "./column.js";
import { type Rows } from "./take.js";
/** Writes the rows whose value compares so, and answers how many; none where words do not tell. */
export declare function whereWords(values: ArrayBufferView, how: Comparison, other: unknown, rows: Rows): number | undefined;
