import { Failure } from "./failure.js";
import { names } from "./schema.js";
/**
 * An input of these columns. A view's source goes to the input of its name, or by `input = "…"`.
 * In the keyed scope `keys` names the columns that make the key.
 */
export function input(name, columns, options = {}) {
    const keys = options.keys ?? [];
    for (const key of keys) {
        if (!columns.some((column) => column.name === key)) {
            throw new Failure(`input \`${name}\` has no column \`${key}\` to be a key; there are ${names(columns)}`);
        }
    }
    return { name, columns, keys };
}
