import { Batch } from "./batch.js";
import { Column } from "./column.js";
import type { WireBatch } from "./decode.js";
import type { Field, Fields, WrittenOf } from "./field.js";
/** Rows of one output of the row emitters. */
export declare const OUTPUT_ROWS = 8192;
/** A row of the batch that cannot be used, and why. */
export interface Rejection {
    readonly row: number;
    readonly reason: string;
}
/** What goes with rows. */
export interface OutputOptions {
    /** For each row out the row of the batch that it came from, rising. Left out, there is one row out for each that was not rejected. */
    sourceRows?: ArrayLike<number>;
    /** Rows of the batch that cannot be used, and why; in the row scope only. The run goes on. */
    rejected?: readonly Rejection[];
}
/** Columns by name, as columns of a batch, typed arrays, or arrays of values. */
export type ColumnsGiven<F extends Fields = Fields> = {
    readonly [X in F[number] as X["name"]]: Column<any> | ArrayLike<WrittenOf<X>> | TypedArray;
};
type TypedArray = Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array | Float32Array | Float64Array | BigInt64Array | BigUint64Array;
/** Rows that a transformation returns, with what goes with them. Columns are found by the names in the contract. */
export declare class Output {
    readonly given: Batch | {
        readonly [name: string]: unknown;
    } | null;
    readonly sourceRows: ArrayLike<number> | undefined;
    readonly rejected: readonly Rejection[];
    constructor(columns: Batch<any> | ColumnsGiven<any> | null, { sourceRows, rejected }?: OutputOptions);
}
/** Runs what may fail, and says that it is about the output. */
export declare function inOutput<T>(make: () => T): T;
/** Compares a column with the contract's. */
export declare function conform(field: Field, column: Column, rows: number, what?: string): void;
/** Columns in the contract's layout. */
export declare function encode(contract: Fields, columns: readonly Column[], rows: number): WireBatch;
export {};
