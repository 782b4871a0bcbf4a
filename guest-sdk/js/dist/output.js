import { Batch } from "./batch.js";
import { build } from "./build.js";
import { Column } from "./column.js";
import { Failure } from "./failure.js";
import { ListColumn, FixedListColumn } from "./lists.js";
import { MapColumn } from "./maps.js";
import { alike, kindName, names } from "./schema.js";
import { StructColumn } from "./structs.js";
/** Rows of one output of the row emitters. */
export const OUTPUT_ROWS = 8192;
/** Rows that a transformation returns, with what goes with them. Columns are found by the names in the contract. */
export class Output {
    given;
    sourceRows;
    rejected;
    constructor(columns, { sourceRows, rejected = [] } = {}) {
        this.given = columns;
        this.sourceRows = sourceRows;
        this.rejected = rejected;
    }
    /** The columns in the contract's order, which they agree with. @internal */
    columns(contract) {
        const { given } = this;
        if (given === null)
            return { columns: contract.map((field) => build(field, [])), rows: 0 };
        const columns = contract.map((field) => columnOf(field, given));
        const rows = columns[0]?.length ?? 0;
        contract.forEach((field, place) => conform(field, columns[place], rows));
        return { columns, rows };
    }
}
function columnOf(field, given) {
    const isBatch = given instanceof Batch, { name } = field;
    const there = isBatch ? given.fields.map((field) => field.name) : Object.keys(given);
    if (!there.includes(name)) {
        throw new Failure(`output: column \`${name}\` is missing; there are ${names(there.map((name) => ({ name })))}`);
    }
    const column = isBatch ? given.column(name) : given[name];
    if (column instanceof Column)
        return column;
    if (typeof column !== "object" || column === null || typeof column.length !== "number") {
        throw new Failure(`output: column \`${name}\` is ${typeof column}, not a column or an array`);
    }
    return inOutput(() => build(field, column));
}
/** Runs what may fail, and says that it is about the output. */
export function inOutput(make) {
    try {
        return make();
    }
    catch (error) {
        throw error instanceof Failure ? new Failure(`output: ${error.message}`, { cause: error }) : error;
    }
}
/** Compares a column with the contract's. */
export function conform(field, column, rows, what = "output: ") {
    const wrong = (problem) => new Failure(`${what}column \`${field.name}\` ${problem}`);
    if (!alike(field, column.field)) {
        throw wrong(`is ${kindName(column.field)}, the contract says ${kindName(field)}`);
    }
    if (column.length !== rows)
        throw wrong(`has ${column.length} rows, the first has ${rows}`);
    if (!field.isNullable && column.nullCount > 0) {
        throw wrong(`has ${column.nullCount} nulls, the contract says that it has none`);
    }
    const inside = nullInside(field, column);
    if (inside !== undefined)
        throw wrong(`has nulls in its \`${inside}\`, the contract says that it has none`);
}
/** A field inside of a column that has nulls where the contract says that it has none. */
function nullInside(contract, column) {
    for (const [place, part] of below(column).entries()) {
        const field = contract.children[place];
        if (!field.isNullable && part.field.isNullable && part.nullCount > 0)
            return field.name;
        const inside = nullInside(field, part);
        if (inside !== undefined)
            return inside;
    }
    return undefined;
}
function below(column) {
    if (column instanceof ListColumn || column instanceof FixedListColumn)
        return [column.elements];
    if (column instanceof StructColumn)
        return column.parts;
    if (column instanceof MapColumn)
        return [column.keys, column.values];
    return [];
}
/** Columns in the contract's layout. */
export function encode(contract, columns, rows) {
    const out = { nodes: [], buffers: [] };
    contract.forEach((field, place) => columns[place].write(out, field));
    return { rows, nodes: out.nodes, buffers: out.buffers };
}
