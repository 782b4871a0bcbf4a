/** Whose fault a failure is: the rows', a parameter's, or the transformation's own. */
export type FailureKind = "input" | "parameter" | "internal";

/** What a failure is about. */
export interface Blame {
  /** The row of the batch at hand. */
  row?: number;
  /** The input, by name or number. */
  input?: string | number;
  /** What caused it. */
  cause?: unknown;
}

/**
 * Ends the run with a message that people read as it is. Throw {@link InputError} where the rows are to blame and
 * {@link ParameterError} where a parameter is; this class itself blames the transformation.
 */
export class Failure extends Error {
  readonly row: number | undefined;
  readonly input: string | number | undefined;

  constructor(message: string, blame: Blame = {}) {
    super(message, "cause" in blame ? { cause: blame.cause } : undefined);
    this.row = blame.row;
    this.input = blame.input;
  }

  /** Whose fault it is. */
  get kind(): FailureKind {
    return "internal";
  }

  override get name(): string {
    return "Failure";
  }
}

/** The rows are to blame. A row that need not end the run is better rejected, see {@link Emitter.reject}. */
export class InputError extends Failure {
  override get kind(): FailureKind {
    return "input";
  }

  override get name(): string {
    return "InputError";
  }
}

/** A parameter is to blame. */
export class ParameterError extends Failure {
  override get kind(): FailureKind {
    return "parameter";
  }

  override get name(): string {
    return "ParameterError";
  }
}
