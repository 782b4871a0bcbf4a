import { Batch } from "./batch.js";
/** All rows of one input of an interval. */
export class InputRows {
    /** The rows as they came. */
    batches;
    #fields;
    #all;
    /** @internal */
    constructor(fields, batches) {
        this.#fields = fields;
        this.batches = batches;
    }
    /** The rows in one batch; copies if there are several. */
    get all() {
        if (this.#all === undefined) {
            const [first, ...others] = this.batches;
            this.#all = first === undefined ? Batch.none(this.#fields) : first.join(others);
        }
        return this.#all;
    }
}
