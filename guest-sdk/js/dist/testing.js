/** Transformations in unit tests, without WebAssembly, through the same conversions and checks as in a component. */
import { Batch } from "./batch.js";
import { build } from "./build.js";
import { Column } from "./column.js";
import { installConsole, logTo } from "./console.js";
import { Failure, ParameterError } from "./failure.js";
import { compareKeys, keyColumn } from "./group.js";
import { conform, encode } from "./output.js";
import { Driver } from "./run.js";
import { names } from "./schema.js";
import { micros } from "./time.js";
import { asBigInt, contextOf, contractOf, wireValue } from "./wire.js";
import { enter, installWorld, worldAt } from "./world.js";
const DAY = [0n, 86400000000n];
/**
 * Runs a transformation over the rows of each input, whose columns are found by name. As the host does, it sorts the rows of a
 * keyed transformation by key, then by time: the column `timestamp`, or else the first of that kind.
 */
export function run(transformation, rows, options = {}) {
    const logs = [];
    const wire = wireContext(transformation, options);
    const now = wire.mode.tag === "materialize" ? wire.mode.val.end : wire.mode.tag === "request" ? wire.mode.val : 0n;
    const before = logTo((level, message) => logs.push({ level, message }));
    const undo = [installConsole(), installWorld()];
    const world = enter(worldAt(now));
    try {
        contractOf(transformation, asBigInt);
        return { ...runs(transformation, rows, contextOf(transformation, wire), options.batchRows ?? 8192), logs };
    }
    finally {
        enter(world);
        for (const done of undo)
            done();
        logTo(before);
    }
}
function runs(transformation, given, context, batchRows) {
    const { inputs, output, scope } = transformation, driver = new Driver(transformation, context), seen = new Seen(output);
    for (const name in given) {
        if (!inputs.some((input) => input.name === name))
            throw new Failure(`there is no input \`${name}\`; there are ${names(inputs)}`);
    }
    for (const [index, input] of inputs.entries()) {
        const rows = prepared(input, given[input.name], scope === "keyed");
        for (var from = 0; from < rows.rows; from += batchRows) {
            driver.push(index, sent(rows.slice(from, Math.min(batchRows, rows.rows - from))));
            seen.drain(driver, from);
        }
    }
    if (scope === "keyed") {
        driver.endKeys();
        seen.drain(driver, 0);
    }
    driver.finish();
    seen.drain(driver, 0);
    const batch = Batch.none(output).join(seen.parts);
    return { batch, rows: batch.toArray(), sourceRows: seen.sourceRows, rejected: seen.rejected };
}
/** A batch as it is on the other side of the boundary. */
function sent(batch) {
    const columns = batch.fields.map((_, place) => batch.at(place));
    return Batch.decode(batch.fields, structuredClone(encode(batch.fields, columns, batch.rows)));
}
/** The rows as the host would hand them in. */
function prepared(input, given, isKeyed) {
    const { name, columns: fields } = input;
    if (given === undefined)
        throw new Failure(`there are no rows for input \`${name}\``);
    const columns = fields.map((field) => columnOf(name, field, given)), rows = columns[0]?.length ?? 0;
    fields.forEach((field, place) => conform(field, columns[place], rows, `input \`${name}\`: `));
    const batch = Batch.of(fields, rows, columns);
    return isKeyed ? sorted(input, batch) : batch;
}
function columnOf(input, field, given) {
    const { name } = field;
    if (given instanceof Batch)
        return given.column(name);
    const values = Array.isArray(given) ? given.map((row) => row[name]) : given[name];
    if (values instanceof Column)
        return values;
    if (values === undefined)
        throw new Failure(`input \`${input}\`: column \`${name}\` is missing; there are ${Object.keys(given).join(", ")}`);
    try {
        return build(field, values);
    }
    catch (error) {
        throw error instanceof Failure ? new Failure(`input \`${input}\`: ${error.message}`) : error;
    }
}
function sorted({ keys, columns }, batch) {
    const times = columns.filter(({ kind }) => kind.tag === "timestamp").map(({ name }) => name);
    const time = times.includes("timestamp") ? "timestamp" : times[0];
    const by = [...keys, ...(time === undefined ? [] : [time])].map((name) => keyColumn(name, batch.column(name)));
    const values = Array.from({ length: batch.rows }, (_, row) => by.map((column) => column.get(row)));
    const order = values.map((_, row) => row).sort((left, right) => compareKeys(values[left], values[right]) || left - right);
    return batch.take(order);
}
/** What came out so far. */
class Seen {
    parts = [];
    sourceRows = null;
    rejected = [];
    #output;
    constructor(output) {
        this.#output = output;
    }
    /** Takes what is ready; `from` is where the batch last pushed starts in its input. */
    drain(driver, from) {
        for (var checked = driver.next(); checked !== null; checked = driver.next()) {
            this.parts.push(sent(Batch.of(this.#output, checked.rows, checked.columns)));
            if (checked.sourceRows !== null)
                for (const row of checked.sourceRows)
                    (this.sourceRows ??= []).push(row + from);
            for (const { row, reason } of checked.rejected)
                this.rejected.push({ row: row + from, reason });
        }
        driver.checkAligned();
    }
}
function timeOf(time) {
    return typeof time === "bigint" ? time : micros(time);
}
function wireContext(transformation, options) {
    const { interval = DAY, streaming, requestTime, ranges = {}, lineage = true, properties = {}, parameters = {} } = options;
    const range = ([start, end]) => ({ start: timeOf(start), end: timeOf(end) });
    const isFiltered = !streaming && requestTime === undefined;
    const mode = streaming
        ? { tag: "streaming" }
        : requestTime !== undefined ? { tag: "request", val: timeOf(requestTime) } : { tag: "materialize", val: range(interval) };
    const declared = Object.entries(transformation.parameters);
    for (const name of Object.keys(parameters)) {
        if (!declared.some(([other]) => other === name)) {
            throw new ParameterError(`there is no parameter \`${name}\`; there are ${names(declared.map(([name]) => ({ name })))}`);
        }
    }
    const given = declared.map(([name, { kind, default: otherwise }]) => {
        const value = parameters[name] ?? otherwise;
        if (value === undefined)
            throw new ParameterError(`parameter \`${name}\` must be given`);
        return [name, wireValue(kind, value, asBigInt)];
    });
    return {
        mode,
        ranges: transformation.inputs.map(({ name }) => {
            const own = name in ranges ? ranges[name] : isFiltered ? interval : null;
            return own === null ? null : range(own);
        }),
        parameters: given,
        lineage,
        properties: Object.entries(properties),
    };
}
