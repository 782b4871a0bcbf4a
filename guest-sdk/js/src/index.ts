/**
 * Write Sandglass transformations in TypeScript or JavaScript.
 *
 * A transformation is a function from rows to rows. You describe its columns, write the function, and name it in the component
 * that your entry file exports by default; Sandglass builds it to a WebAssembly component and feeds it rows.
 *
 * @example
 * ```ts
 * import { component, float64, input, int64, parameter, row, timestamp } from "sandglass-guest";
 *
 * export const dear = row({
 *   name: "dear",
 *   doc: "Purchases above a limit.",
 *   input: input("purchases", [int64("customer_id"), timestamp("timestamp"), float64("amount").nullable()]),
 *   parameters: { limit: parameter.float64({ default: 100, doc: "Dollars." }) },
 *   output: [int64("customer_id"), timestamp("timestamp"), float64("amount")],
 *   run: (context, purchases) => purchases.keep(purchases.columns.amount.where(">", context.parameters.limit)),
 * });
 *
 * export default component([dear]);
 * ```
 *
 * @module
 */

export { Batch } from "./batch.js";
export { BigIntColumn } from "./bigints.js";
export { Bits } from "./bits.js";
export { BooleanColumn } from "./booleans.js";
export { build as column } from "./build.js";
export { BinaryColumn, FixedBinaryColumn, TextColumn } from "./bytes.js";
export { Column, type Comparison, type ValueGroup } from "./column.js";
export { log, type Level } from "./console.js";
export { Context, type Interval, type Mode } from "./context.js";
export { DecimalColumn } from "./decimals.js";
export { Failure, InputError, ParameterError, type Blame, type FailureKind } from "./failure.js";
export { Field, type CellsOf, type ColumnOf, type ColumnsOf, type Fields, type RecordOf, type RowOf, type ValueOf, type WrittenOf } from "./field.js";
export { Group, type Key } from "./group.js";
export { input, type Input } from "./input.js";
export { InputRows, type InputsOf } from "./inputs.js";
export * from "./kinds.js";
export { FixedListColumn, ListColumn } from "./lists.js";
export { MapColumn } from "./maps.js";
export { NumberColumn, type Floats } from "./numbers.js";
export { Output, type ColumnsGiven, type OutputOptions, type Rejection } from "./output.js";
export { parameter, type Parameter, type ParameterValues, type Parameters } from "./parameter.js";
export { Emitter, Rows } from "./rows.js";
export type { Run } from "./run.js";
export { StructColumn } from "./structs.js";
export { date, micros } from "./time.js";
export { aligned, component, interval, keyed, row, type Component, type Scope, type Transformation } from "./transformation.js";
