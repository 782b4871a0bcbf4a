/**
 * Ends the run with a message that people read as it is. Throw {@link InputError} where the rows are to blame and
 * {@link ParameterError} where a parameter is; this class itself blames the transformation.
 */
export class Failure extends Error {
    row;
    input;
    constructor(message, blame = {}) {
        super(message, "cause" in blame ? { cause: blame.cause } : undefined);
        this.row = blame.row;
        this.input = blame.input;
    }
    /** Whose fault it is. */
    get kind() {
        return "internal";
    }
    get name() {
        return "Failure";
    }
}
/** The rows are to blame. A row that need not end the run is better rejected, see {@link Emitter.reject}. */
export class InputError extends Failure {
    get kind() {
        return "input";
    }
    get name() {
        return "InputError";
    }
}
/** A parameter is to blame. */
export class ParameterError extends Failure {
    get kind() {
        return "parameter";
    }
    get name() {
        return "ParameterError";
    }
}
