/** Transformations in unit tests, without WebAssembly, through the same conversions and checks as in a component. */
import { Batch } from "./batch.js";
import { Column } from "./column.js";
import { type Level } from "./console.js";
import type { Fields, RowOf, WrittenOf } from "./field.js";
import type { Input } from "./input.js";
import type { Parameter, Parameters } from "./parameter.js";
import type { Transformation } from "./transformation.js";
/** A time: microseconds since 1970, a `Date`, or text such as `2024-01-31`. */
export type Time = bigint | Date | string;
/** Rows of an input: a batch, columns by name, or objects. */
export type Given<F extends Fields = Fields> = Batch<any> | {
    readonly [X in F[number] as X["name"]]: Column<any> | ArrayLike<WrittenOf<X>>;
} | readonly {
    readonly [X in F[number] as X["name"]]?: WrittenOf<X> | undefined;
}[];
/** Rows of each input. */
export type GivenRows<I extends readonly Input[]> = {
    readonly [X in I[number] as X["name"]]: X extends Input<string, infer F> ? Given<F> : never;
};
type Written<P> = P extends Parameter<infer V> ? (V extends bigint ? bigint | number : V) : never;
/** What a run is made with. Unless it is said otherwise it makes the first day of 1970, and the host wants source rows. */
export interface Options<P extends Parameters = Parameters> {
    /** Values of parameters; the others have their defaults. */
    parameters?: {
        readonly [N in keyof P]?: Written<P[N]>;
    };
    /** The interval whose rows are made, `[start, end)`; also every input's range. */
    interval?: readonly [start: Time, end: Time];
    /** Rows as they arrive, instead of an interval's. */
    streaming?: boolean;
    /** One request at this time, instead of an interval. */
    requestTime?: Time;
    /** The time ranges that inputs were filtered to, null where one was not. */
    ranges?: {
        readonly [input: string]: readonly [start: Time, end: Time] | null;
    };
    /** Whether the host wants source rows. */
    lineage?: boolean;
    properties?: {
        readonly [name: string]: string;
    };
    /** Hands rows in by batches of so many, to test what happens at their edges. */
    batchRows?: number;
}
/** What a run returned. */
export interface Outcome<O extends Fields = Fields> {
    /** All rows. */
    batch: Batch<O>;
    /** All rows as objects. */
    rows: RowOf<O>[];
    /** The row of the input that each came from, in the row and aligned scopes. */
    sourceRows: number[] | null;
    /** Rejected rows of the input and their reasons. */
    rejected: {
        row: number;
        reason: string;
    }[];
    /** What was logged. */
    logs: {
        level: Level;
        message: string;
    }[];
}
/**
 * Runs a transformation over the rows of each input, whose columns are found by name. As the host does, it sorts the rows of a
 * keyed transformation by key, then by time: the column `timestamp`, or else the first of that kind.
 */
export declare function run<I extends readonly Input[], O extends Fields, P extends Parameters>(transformation: Transformation<I, O, P>, rows: GivenRows<I>, options?: Options<P>): Outcome<O>;
export {};
