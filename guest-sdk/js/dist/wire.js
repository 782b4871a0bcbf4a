/** Between the contract's records, as engines hand them over, and this SDK's. */
import { Context } from "./context.js";
import { Failure } from "./failure.js";
import { parameterValue } from "./parameter.js";
import { Records } from "./record.js";
import { nodes } from "./schema.js";
import { wellFormed } from "./text.js";
export const asDigits = (value) => BigInt.asUintN(64, value).toString(16).padStart(16, "0");
export const asBigInt = (value) => value;
export function readInt(value) {
    // StarlingMonkey's bindings hand the least one over as a positive number.
    if (typeof value === "bigint")
        return BigInt.asIntN(64, value);
    if (typeof value === "string")
        return BigInt.asIntN(64, BigInt(`0x${value}`));
    throw new Failure(`the engine made a number of a 64-bit value, ${value}: the component was not built by the SDK's build.mjs`);
}
export function contractOf(transformation, writeInt) {
    const { name, doc, scope, inputs, output, parameters, properties } = transformation;
    return {
        name,
        doc,
        inputs: inputs.map(({ name, columns, keys }) => ({ name, columns: nodes(columns), keys })),
        output: nodes(output),
        scope,
        parameters: Object.entries(parameters).map(([name, { kind, default: given, doc }]) => ({
            name,
            kind,
            default: given === undefined ? undefined : wireValue(kind, given, writeInt),
            doc,
        })),
        properties: [...properties],
    };
}
export function wireValue(kind, value, writeInt) {
    const checked = parameterValue(kind, value);
    return { tag: kind, val: typeof checked === "bigint" ? writeInt(checked) : checked };
}
const ranges = ({ start, end }) => ({ start: readInt(start), end: readInt(end) });
export function contextOf(transformation, wire) {
    const { mode } = wire, declared = Object.entries(transformation.parameters);
    const given = new Map(wire.parameters);
    const values = declared.map(([name, parameter]) => valueOf(name, parameter, given.get(name)));
    const things = declared.map(([name]) => ({ name }));
    const parameters = new Records(things, (all, place) => all[place], "parameter", "parameter").filled(values);
    const parts = {
        mode: mode.tag,
        interval: mode.tag === "materialize" ? ranges(mode.val) : null,
        requestTime: mode.tag === "request" ? readInt(mode.val) : null,
        ranges: wire.ranges.map((range) => (range === null || range === undefined ? null : ranges(range))),
        lineage: wire.lineage,
        properties: new Map(wire.properties),
    };
    return new Context(parts, transformation.inputs.map(({ name }) => name), parameters);
}
function valueOf(name, { kind, default: otherwise }, wire) {
    if (wire === undefined) {
        if (otherwise === undefined)
            throw new Failure(`the host gives no parameter \`${name}\``);
        return otherwise;
    }
    if (wire.tag !== kind)
        throw new Failure(`the host gives parameter \`${name}\` as ${wire.tag}, it is ${kind}`);
    return kind === "int64" || kind === "timestamp" || kind === "duration" ? readInt(wire.val) : wire.val;
}
const KINDS = ["input", "parameter", "internal"];
/** Characters of a failure's message; the host shows fewer. */
const MESSAGE_MAX = 4000;
function isPlace(place) {
    return Number.isInteger(place) && place >= 0 && place < 2 ** 32;
}
/** What ended a run, for the host; inputs by number. */
export function failureOf(failure, inputs) {
    const { kind, input, row } = failure, message = String(failure.message);
    if (!KINDS.includes(kind))
        throw new Error(`\`${kind}\` is no kind of failure`);
    const index = typeof input === "string" ? inputs.findIndex(({ name }) => name === input) : input;
    return {
        kind,
        message: wellFormed(message.length <= MESSAGE_MAX ? message : `${message.slice(0, MESSAGE_MAX)} […]`),
        input: isPlace(index) ? index : undefined,
        row: isPlace(row) ? row : undefined,
    };
}
