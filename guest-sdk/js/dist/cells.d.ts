import type { Fields } from "./field.js";
import { Output } from "./output.js";
type Record = {
    readonly [name: string]: unknown;
};
/** Rows in the making, column by column, until they are as many as an output holds. */
export interface Cells {
    /** A row that came from row `source`: a value for each column, in order. */
    put(source: number, ...cells: unknown[]): void;
    putRecord(source: number, record: Record): void;
    /** What has been put so far becomes an output. */
    flush(): void;
    /** Outputs that nobody has taken yet. */
    readonly ready: Output[];
}
/**
 * Sources lie below `rowsIn` and never fall. What runs once a row has its variables at hand: a value of the usual type goes
 * straight to where it stays, if it is still itself there; any other is `odd`.
 */
export declare function cellsOf(fields: Fields, rowsIn: number): Cells;
export {};
