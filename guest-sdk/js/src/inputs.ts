import { Batch } from "./batch.js";
import type { Fields } from "./field.js";
import type { Input } from "./input.js";

/** All rows of one input of an interval. */
export class InputRows<F extends Fields = Fields> {
  /** The rows as they came. */
  readonly batches: readonly Batch<F>[];
  readonly #fields: F;
  #all: Batch<F> | undefined;

  /** @internal */
  constructor(fields: F, batches: readonly Batch<F>[]) {
    this.#fields = fields;
    this.batches = batches;
  }

  /** The rows in one batch; copies if there are several. */
  get all(): Batch<F> {
    if (this.#all === undefined) {
      const [first, ...others] = this.batches;
      this.#all = first === undefined ? Batch.none(this.#fields) : first.join(others);
    }
    return this.#all;
  }
}

/** All rows of an interval by the names of inputs. */
export type InputsOf<I extends readonly Input[]> = {
  readonly [X in I[number] as X["name"]]: X extends Input<string, infer F> ? InputRows<F> : never;
};
