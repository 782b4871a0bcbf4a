import { cellsOf } from "./cells.js";
import { Output } from "./output.js";
/** Where the keyed and interval scopes put their rows. */
export class Rows {
    #cells;
    /** @internal */
    constructor(fields) {
        this.#cells = cellsOf(fields, 1);
    }
    /** Adds a row: its cells, in the order of the output's columns. */
    emit(...cells) {
        this.#cells.put(0, ...cells);
    }
    /** Adds a row by the names of its columns; what is nullable may be left out. */
    emitRecord(record) {
        this.#cells.putRecord(0, record);
    }
    /** Adds rows as columns. */
    emitColumns(columns) {
        this.#cells.flush();
        this.#cells.ready.push(new Output(columns));
    }
    /** What has been added, as outputs. @internal */
    flush() {
        this.#cells.flush();
        return this.#cells.ready.splice(0);
    }
}
/** Where the row scope puts its rows: each with the row of the batch that it came from. */
export class Emitter {
    /** Adds a row that row `source` of the batch gave: its cells, in the order of the output's columns. Sources never fall. */
    emit;
    /** As {@link emit}, by the names of columns; what is nullable may be left out. */
    emitRecord;
    #cells;
    #rejected = [];
    /** @internal */
    constructor(fields, rowsIn) {
        this.#cells = cellsOf(fields, rowsIn);
        this.emit = this.#cells.put;
        this.emitRecord = this.#cells.putRecord;
    }
    /** A row of the batch that cannot be used, and why. The run goes on. */
    reject(source, reason) {
        this.#rejected.push({ row: source, reason: String(reason) });
    }
    /** Outputs with their source rows; rejected rows go with the last. @internal */
    flush() {
        this.#cells.flush();
        const made = this.#cells.ready.splice(0), rejected = this.#rejected;
        if (rejected.length === 0)
            return made;
        const last = made.pop();
        return [...made, new Output((last?.given ?? null), { sourceRows: last?.sourceRows ?? [], rejected })];
    }
}
