import { Failure } from "./failure.js";
import { checkedRows, isNeverFalling } from "./take.js";
import { OUTPUT_ROWS } from "./output.js";
/** Drives a run, the same in a component and in a test, and holds its outputs to the contract. */
export class Driver {
    transformation;
    #run;
    #lineage;
    #ready = [];
    /** Rows of the batch last pushed, none after the other calls. */
    #rowsIn = null;
    /** Rows that came out since then. */
    #rowsOut = 0;
    constructor(transformation, context) {
        const { scope } = transformation;
        this.transformation = transformation;
        this.#lineage = context.lineage && (scope === "aligned" || scope === "row");
        this.#run = transformation.open(context);
    }
    push(input, batch) {
        this.#rowsIn = batch.rows;
        this.#rowsOut = 0;
        synchronous(this.#run.push(input, batch));
    }
    endKeys() {
        if (this.transformation.scope !== "keyed")
            throw new Failure("end-keys outside the keyed scope");
        this.#rowsIn = null;
        synchronous(this.#run.endKeys?.());
    }
    finish() {
        this.#rowsIn = null;
        synchronous(this.#run.finish?.());
    }
    next() {
        for (;;) {
            const ready = this.#ready.shift();
            if (ready !== undefined)
                return ready;
            const output = this.#run.next();
            if (output === null || output === undefined)
                return null;
            this.#give(output);
        }
    }
    /** What the host says of an aligned run that has been drained after a push: tests have no host. */
    checkAligned() {
        if (this.transformation.scope !== "aligned" || this.#rowsIn === null || this.#rowsOut === this.#rowsIn)
            return;
        throw new Failure(`${this.#rowsOut} rows out for ${this.#rowsIn} rows in; the aligned scope has one for each`);
    }
    #give(output) {
        const { columns, rows } = output.columns(this.transformation.output);
        const rejected = output.rejected.toSorted((left, right) => left.row - right.row);
        this.#checkRejected(rejected);
        const sourceRows = this.#lineage ? this.#sourceRows(rows, output.sourceRows, rejected) : null;
        this.#rowsOut += rows;
        if (rows > 0 || rejected.length > 0)
            this.#ready.push(...split({ columns, rows, sourceRows, rejected }));
    }
    #checkRejected(rejected) {
        if (rejected.length === 0)
            return;
        if (this.transformation.scope !== "row") {
            throw new Failure("only the row scope can reject rows: leave them out, or throw an InputError");
        }
        const rowsIn = this.#rowsIn ?? 0;
        for (const { row } of rejected) {
            if (!(Number.isInteger(row) && row >= 0 && row < rowsIn))
                throw new Failure(`rejected row ${row} of a batch of ${rowsIn}`);
        }
    }
    /** As given, or implied by one row out for each row in that was not rejected. */
    #sourceRows(rows, given, rejected) {
        const rowsIn = this.#rowsIn ?? 0;
        if (this.transformation.scope === "aligned")
            return counting(this.#rowsOut, rows);
        if (given === undefined) {
            const left = new Set(rejected.map(({ row }) => row));
            const all = counting(0, rowsIn), implied = left.size === 0 ? all : all.filter((row) => !left.has(row));
            if (rows > 0 && (implied.length !== rows || this.#rowsOut > 0)) {
                throw new Failure(`${rows} rows out for ${implied.length} rows in: say which row each came from with \`sourceRows\``);
            }
            return implied.subarray(0, rows);
        }
        if (given.length !== rows)
            throw new Failure(`${given.length} source rows for ${rows} rows`);
        const sources = checkedRows(given, rowsIn, "source row");
        if (isNeverFalling(sources, rowsIn))
            return sources;
        for (var row = 1, n = rows; row < n; row++)
            if (sources[row] < sources[row - 1])
                throw new Failure("source rows that fall");
        return sources;
    }
}
var numbers = new Uint32Array(0);
/** Row numbers one after another; they are made once. */
function counting(from, rows) {
    if (numbers.length < from + rows) {
        numbers = new Uint32Array(Math.max(from + rows, 2 * numbers.length));
        for (var row = 0, n = numbers.length; row < n; row++)
            numbers[row] = row;
    }
    return numbers.subarray(from, from + rows);
}
/** Parts of at most so many rows; rejected rows go with the first. */
function split(whole) {
    if (whole.rows <= OUTPUT_ROWS)
        return [whole];
    const parts = [];
    for (var from = 0; from < whole.rows; from += OUTPUT_ROWS) {
        const start = from, rows = Math.min(OUTPUT_ROWS, whole.rows - from);
        parts.push({
            columns: whole.columns.map((column) => column.slice(start, rows)),
            rows,
            sourceRows: whole.sourceRows?.slice(start, start + rows) ?? null,
            rejected: from === 0 ? whole.rejected : [],
        });
    }
    return parts;
}
/** What a function of an author returned, which is not a promise: nobody waits for it. */
export function synchronous(returned) {
    if (typeof returned === "object" && returned !== null && returned instanceof Promise) {
        returned.catch(() => { });
        throw new Failure("a transformation cannot be asynchronous: it returned a promise");
    }
    return returned;
}
