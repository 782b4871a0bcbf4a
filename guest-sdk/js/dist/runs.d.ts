/** The runs behind simple functions. */
import { Batch } from "./batch.js";
import type { Context } from "./context.js";
import type { Fields } from "./field.js";
import { type Group } from "./group.js";
import type { Input } from "./input.js";
import { Emitter, Rows } from "./rows.js";
import { type Run } from "./run.js";
/** One output for each batch. */
export declare function perBatch(context: Context, make: (context: Context, batch: Batch) => unknown): Run;
/** Rows emitted one by one for each batch. */
export declare function emitRows(context: Context, output: Fields, emit: (context: Context, batch: Batch, out: Emitter) => unknown): Run;
/** A call for each key, which emits rows. */
export declare function emitKeys(context: Context, inputs: readonly Input[], output: Fields, emit: (context: Context, group: Group, out: Rows) => unknown): Run;
/** One call for a whole interval, which emits rows. */
export declare function emitWhole(context: Context, inputs: readonly Input[], output: Fields, emit: (context: Context, inputs: object, out: Rows) => unknown): Run;
