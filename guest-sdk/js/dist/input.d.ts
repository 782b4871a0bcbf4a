import type { Fields } from "./field.js";
/** What a transformation reads. */
export interface Input<N extends string = string, F extends Fields = Fields> {
    readonly name: N;
    readonly columns: F;
    /** The columns that make the key, in the keyed scope. */
    readonly keys: readonly string[];
}
type NameIn<F extends Fields> = F[number]["name"];
/**
 * An input of these columns. A view's source goes to the input of its name, or by `input = "…"`.
 * In the keyed scope `keys` names the columns that make the key.
 */
export declare function input<const N extends string, const F extends Fields>(name: N, columns: F, options?: {
    keys?: readonly NameIn<F>[];
}): Input<N, F>;
export {};
