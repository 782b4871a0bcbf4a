import { Failure } from "./failure.js";
import { emitKeys, emitRows, emitWhole, perBatch } from "./runs.js";
import { names } from "./schema.js";
/** One row out for each row in, in the same order. */
export function aligned(definition) {
    return made("aligned", definition, [definition.input], { run: definition.run && ((context) => perBatch(context, definition.run)) });
}
/** Every row by itself, any number of rows out. */
export function row(definition) {
    return made("row", definition, [definition.input], {
        run: definition.run && ((context) => perBatch(context, definition.run)),
        emit: definition.emit && ((context) => emitRows(context, definition.output, definition.emit)),
    });
}
/** All rows of a key together. Needs `incremental_backfills` in the view. */
export function keyed(definition) {
    for (const { name, keys } of definition.inputs) {
        if (keys.length === 0)
            throw new Failure(`\`${definition.name}\`: input \`${name}\` names no \`keys\``);
    }
    const emit = definition.emit && ((context) => emitKeys(context, definition.inputs, definition.output, definition.emit));
    return made("keyed", definition, definition.inputs, { emit });
}
/** A whole interval in one run. Needs `incremental_backfills` in the view. */
export function interval(definition) {
    const emit = definition.emit && ((context) => emitWhole(context, definition.inputs, definition.output, definition.emit));
    return made("interval", definition, definition.inputs, { emit });
}
function made(scope, definition, inputs, forms) {
    const { name, doc = "", output, parameters, properties, open } = definition;
    const given = Object.entries({ ...forms, open }).filter(([, form]) => form !== undefined);
    const [first, second] = given;
    if (first === undefined || second !== undefined) {
        const there = second === undefined ? "none" : given.map(([form]) => `\`${form}\``).join(" and ");
        throw new Failure(`\`${name}\` says how its rows are made by ${there}; it should be one of ${Object.keys({ ...forms, open }).map((form) => `\`${form}\``).join(", ")}`);
    }
    for (const fields of [output, ...inputs.map(({ columns }) => columns)])
        checkNames(name, fields);
    return {
        name,
        doc,
        scope,
        inputs,
        output,
        parameters: parameters ?? {},
        properties: new Map(Object.entries(properties ?? {})),
        open: first[1],
    };
}
function checkNames(name, fields) {
    const seen = new Set();
    for (const field of fields) {
        if (seen.has(field.name))
            throw new Failure(`\`${name}\` has two columns \`${field.name}\` among ${names(fields)}`);
        seen.add(field.name);
    }
}
/** A component of these transformations: `export default component([…])`. */
export function component(transformations) {
    return { transformations };
}
