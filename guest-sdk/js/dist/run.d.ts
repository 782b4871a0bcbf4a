import type { Batch } from "./batch.js";
import type { Context } from "./context.js";
import type { Output } from "./output.js";
import type { Column } from "./column.js";
import type { AnyTransformation } from "./transformation.js";
/**
 * One run with a state of its own, for what the simple functions cannot do, such as reading an interval without holding it.
 * After each of the other calls `next` is called until it answers nothing.
 */
export interface Run {
    /** Rows of an input. */
    push(input: number, batch: Batch<any>): void;
    /** Keyed scope only: every row of the keys pushed so far is in, and none of them comes again. */
    endKeys?(): void;
    /** All rows are in. */
    finish?(): void;
    /** The next output, nothing if there is no more until the next call. */
    next(): Output | null | undefined;
}
/** Rows as the contract has them. */
export interface Checked {
    columns: readonly Column[];
    rows: number;
    sourceRows: Uint32Array | null;
    rejected: readonly {
        row: number;
        reason: string;
    }[];
}
/** Drives a run, the same in a component and in a test, and holds its outputs to the contract. */
export declare class Driver {
    #private;
    readonly transformation: AnyTransformation;
    constructor(transformation: AnyTransformation, context: Context);
    push(input: number, batch: Batch): void;
    endKeys(): void;
    finish(): void;
    next(): Checked | null;
    /** What the host says of an aligned run that has been drained after a push: tests have no host. */
    checkAligned(): void;
}
/** What a function of an author returned, which is not a promise: nobody waits for it. */
export declare function synchronous<T>(returned: T): T;
