import { type FailureKind } from "./failure.js";
interface Named {
    readonly name: string;
}
/**
 * Makes objects whose properties are made when they are asked for. Asking for one that is not there is an error that says which
 * there are; copies by `{ ...record }` have them all.
 */
export declare class Records<O> {
    #private;
    constructor(things: readonly Named[], make: (owner: O, place: number) => unknown, what: string, blame?: FailureKind);
    /** A record of values that are there already, which is cheaper. */
    filled(values: readonly unknown[]): object;
    of(owner: O): object;
}
export {};
