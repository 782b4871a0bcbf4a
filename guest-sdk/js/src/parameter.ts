import { Failure } from "./failure.js";

export type ParameterKind = "boolean" | "int64" | "float64" | "utf8" | "timestamp" | "duration";

/** A parameter: declared here, given by the feature view. Without a default it must be given. */
export interface Parameter<V = any> {
  readonly kind: ParameterKind;
  readonly default: V | undefined;
  readonly doc: string;
}

/** Parameters by name. */
export interface Parameters {
  readonly [name: string]: Parameter;
}

/** The values of parameters by name. */
export type ParameterValues<P extends Parameters> = { readonly [N in keyof P]: P[N] extends Parameter<infer V> ? V : never };

export interface ParameterOptions<W> {
  /** Its value where a view gives none. */
  default?: W;
  /** What it does. */
  doc?: string;
}

function parameterOf<V, W>(kind: ParameterKind): (options?: ParameterOptions<W>) => Parameter<V> {
  return ({ default: given, doc = "" } = {}) => ({
    kind,
    default: given === undefined ? undefined : (parameterValue(kind, given) as V),
    doc,
  });
}

/** Parameters of each kind. */
export const parameter = {
  /** True or false. */
  boolean: parameterOf<boolean, boolean>("boolean"),
  /** A whole number: a BigInt. */
  int64: parameterOf<bigint, bigint | number>("int64"),
  /** A number. */
  float64: parameterOf<number, number>("float64"),
  /** Text. */
  utf8: parameterOf<string, string>("utf8"),
  /** Microseconds since 1970-01-01T00:00:00Z: a BigInt. */
  timestamp: parameterOf<bigint, bigint | number | Date>("timestamp"),
  /** Microseconds: a BigInt. */
  duration: parameterOf<bigint, bigint | number>("duration"),
};

/** A value as one of a kind. */
export function parameterValue(kind: ParameterKind, value: unknown): boolean | bigint | number | string {
  switch (kind) {
    case "boolean":
      if (typeof value === "boolean") return value;
      break;
    case "float64":
      if (typeof value === "number") return value;
      break;
    case "utf8":
      if (typeof value === "string") return value;
      break;
    default:
      if (typeof value === "bigint" && BigInt.asIntN(64, value) === value) return value;
      if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
      if (kind === "timestamp" && value instanceof Date) return BigInt(value.getTime()) * 1000n;
  }
  throw new Failure(`a parameter that is ${kind} cannot be ${typeof value === "bigint" ? `${value}n` : JSON.stringify(value) ?? typeof value}`);
}
