import { Batch } from "./batch.js";
import type { Fields } from "./field.js";
import type { Input } from "./input.js";
/** All rows of one input of an interval. */
export declare class InputRows<F extends Fields = Fields> {
    #private;
    /** The rows as they came. */
    readonly batches: readonly Batch<F>[];
    /** The rows in one batch; copies if there are several. */
    get all(): Batch<F>;
}
/** All rows of an interval by the names of inputs. */
export type InputsOf<I extends readonly Input[]> = {
    readonly [X in I[number] as X["name"]]: X extends Input<string, infer F> ? InputRows<F> : never;
};
