import { Failure } from "./failure.js";
function parameterOf(kind) {
    return ({ default: given, doc = "" } = {}) => ({
        kind,
        default: given === undefined ? undefined : parameterValue(kind, given),
        doc,
    });
}
/** Parameters of each kind. */
export const parameter = {
    /** True or false. */
    boolean: parameterOf("boolean"),
    /** A whole number: a BigInt. */
    int64: parameterOf("int64"),
    /** A number. */
    float64: parameterOf("float64"),
    /** Text. */
    utf8: parameterOf("utf8"),
    /** Microseconds since 1970-01-01T00:00:00Z: a BigInt. */
    timestamp: parameterOf("timestamp"),
    /** Microseconds: a BigInt. */
    duration: parameterOf("duration"),
};
/** A value as one of a kind. */
export function parameterValue(kind, value) {
    switch (kind) {
        case "boolean":
            if (typeof value === "boolean")
                return value;
            break;
        case "float64":
            if (typeof value === "number")
                return value;
            break;
        case "utf8":
            if (typeof value === "string")
                return value;
            break;
        default:
            if (typeof value === "bigint" && BigInt.asIntN(64, value) === value)
                return value;
            if (typeof value === "number" && Number.isSafeInteger(value))
                return BigInt(value);
            if (kind === "timestamp" && value instanceof Date)
                return BigInt(value.getTime()) * 1000n;
    }
    throw new Failure(`a parameter that is ${kind} cannot be ${typeof value === "bigint" ? `${value}n` : JSON.stringify(value) ?? typeof value}`);
}
