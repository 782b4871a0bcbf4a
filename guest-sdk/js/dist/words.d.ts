/**
 * 64-bit whole numbers compared with one by their words of four bytes: an interpreter makes a BigInt of each that it reads, and compares whole
 * numbers of 32 bits in one step.
 */
import type { Comparison } from "./column.js";
import { type Rows } from "./take.js";
/** Writes the rows whose value compares so, and answers how many; none where words do not tell. */
export declare function whereWords(values: unknown, how: Comparison, other: unknown, rows: Rows): number | undefined;
