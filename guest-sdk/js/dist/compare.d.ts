/** Rows chosen by typed values, four a turn: see `take.ts` for why these loops look as they do. */
import type { Bits } from "./bits.js";
import type { Comparison } from "./column.js";
import { type Rows } from "./take.js";
interface Values {
    readonly length: number;
    readonly [row: number]: any;
}
/** Rows, rising, whose value compares so with `other`, a value or as many values. */
export declare function rowsWhere(values: Values, how: Comparison, other: unknown, isColumn: boolean, validity: (Bits | null)[]): Uint32Array<ArrayBuffer>;
/** Of these rows those at the given places. */
export declare function rowsAt(rows: Rows, places: Rows): Uint32Array<ArrayBuffer>;
export {};
