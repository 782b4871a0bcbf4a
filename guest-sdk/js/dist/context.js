import { Failure } from "./failure.js";
/** The materialization context. */
export class Context {
    /** The values of parameters by name. */
    parameters;
    #parts;
    #inputs;
    /** @internal */
    constructor(parts, inputs, parameters) {
        this.parameters = parameters;
        this.#parts = parts;
        this.#inputs = inputs;
    }
    /** Why the run is made. */
    get mode() {
        return this.#parts.mode;
    }
    /** The interval whose rows are to be made; an error in any other mode. */
    get interval() {
        const { interval } = this.#parts;
        if (interval === null)
            throw new Failure("there is no interval outside of materialization");
        return interval;
    }
    /** The time of the request that is answered, in microseconds since 1970; of a row of training data, its time. An error in any other mode. */
    get requestTime() {
        const { requestTime } = this.#parts;
        if (requestTime === null)
            throw new Failure("there is no request whose time could be told");
        return requestTime;
    }
    /** The time range that an input's rows were filtered to, null if unfiltered. Inputs are known by name or number. */
    range(input = 0) {
        return this.#parts.ranges[typeof input === "number" ? input : this.#inputs.indexOf(input)] ?? null;
    }
    /** Whether source rows are wanted; giving them when they are not does no harm. */
    get lineage() {
        return this.#parts.lineage;
    }
    /** What a host later than this SDK may tell besides. */
    property(name) {
        return this.#parts.properties.get(name);
    }
}
