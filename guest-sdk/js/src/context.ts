import { Failure } from "./failure.js";
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
export class Context<P extends Parameters = Parameters> {
  /** The values of parameters by name. */
  readonly parameters: ParameterValues<P>;
  readonly #parts: ContextParts;
  readonly #inputs: readonly string[];

  /** @internal */
  constructor(parts: ContextParts, inputs: readonly string[], parameters: ParameterValues<P>) {
    this.parameters = parameters;
    this.#parts = parts;
    this.#inputs = inputs;
  }

  /** Why the run is made. */
  get mode(): Mode {
    return this.#parts.mode;
  }

  /** The interval whose rows are to be made; an error in any other mode. */
  get interval(): Interval {
    const { interval } = this.#parts;
    if (interval === null) throw new Failure("there is no interval outside of materialization");
    return interval;
  }

  /** The time of the request that is answered, in microseconds since 1970; of a row of training data, its time. An error in any other mode. */
  get requestTime(): bigint {
    const { requestTime } = this.#parts;
    if (requestTime === null) throw new Failure("there is no request whose time could be told");
    return requestTime;
  }

  /** The time range that an input's rows were filtered to, null if unfiltered. Inputs are known by name or number. */
  range(input: string | number = 0): Interval | null {
    return this.#parts.ranges[typeof input === "number" ? input : this.#inputs.indexOf(input)] ?? null;
  }

  /** Whether source rows are wanted; giving them when they are not does no harm. */
  get lineage(): boolean {
    return this.#parts.lineage;
  }

  /** What a host later than this SDK may tell besides. */
  property(name: string): string | undefined {
    return this.#parts.properties.get(name);
  }
}
