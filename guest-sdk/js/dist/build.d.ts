import { type Column } from "./column.js";
import type { Field } from "./field.js";
/**
 * A column of a field's kind, of values; what is null is zero in its bytes. A typed array of the right type becomes the
 * column's memory. Errors count rows from `first` on.
 */
export declare function build(field: Field, values: ArrayLike<unknown>, first?: number): Column;
/** A copy of a value, so that it can be changed by whoever gave it. */
export declare function copied(value: unknown): unknown;
