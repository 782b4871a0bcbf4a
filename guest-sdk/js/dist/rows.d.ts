import type { CellsOf, Fields, RecordOf } from "./field.js";
import { type ColumnsGiven } from "./output.js";
/** Where the keyed and interval scopes put their rows. */
export declare class Rows<F extends Fields = Fields> {
    #private;
    /** Adds a row: its cells, in the order of the output's columns. */
    emit(...cells: CellsOf<F>): void;
    /** Adds a row by the names of its columns; what is nullable may be left out. */
    emitRecord(record: RecordOf<F>): void;
    /** Adds rows as columns. */
    emitColumns(columns: ColumnsGiven<F>): void;
}
/** Where the row scope puts its rows: each with the row of the batch that it came from. */
export declare class Emitter<F extends Fields = Fields> {
    #private;
    /** Adds a row that row `source` of the batch gave: its cells, in the order of the output's columns. Sources never fall. */
    readonly emit: (source: number, ...cells: CellsOf<F>) => void;
    /** As {@link emit}, by the names of columns; what is nullable may be left out. */
    readonly emitRecord: (source: number, record: RecordOf<F>) => void;
    /** A row of the batch that cannot be used, and why. The run goes on. */
    reject(source: number, reason: string): void;
}
