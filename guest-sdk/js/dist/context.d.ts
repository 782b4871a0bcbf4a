import type { ParameterValues, Parameters } from "./parameter.js";
/** `[start, end)` in microseconds since 1970-01-01T00:00:00Z. */
export interface Interval {
    /** The first microsecond inside. */
    readonly start: bigint;
    /** The first microsecond outside. */
    readonly end: bigint;
}
/** Why a run is made: for the rows of an interval, for rows as they arrive, or for one request. */
export type Mode = "materialize" | "streaming" | "request";
/** What a context is made of. */
export interface ContextParts {
    mode: Mode;
    interval: Interval | null;
    requestTime: bigint | null;
    ranges: readonly (Interval | null)[];
    lineage: boolean;
    properties: ReadonlyMap<string, string>;
}
/** The materialization context. */
export declare class Context<P extends Parameters = Parameters> {
    #private;
    /** The values of parameters by name. */
    readonly parameters: ParameterValues<P>;
    /** Why the run is made. */
    get mode(): Mode;
    /** The interval whose rows are to be made; an error in any other mode. */
    get interval(): Interval;
    /** The time of the request that is answered, in microseconds since 1970; of a row of training data, its time. An error in any other mode. */
    get requestTime(): bigint;
    /** The time range that an input's rows were filtered to, null if unfiltered. Inputs are known by name or number. */
    range(input?: string | number): Interval | null;
    /** Whether source rows are wanted; giving them when they are not does no harm. */
    get lineage(): boolean;
    /** What a host later than this SDK may tell besides. */
    property(name: string): string | undefined;
}
