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
export type ParameterValues<P extends Parameters> = {
    readonly [N in keyof P]: P[N] extends Parameter<infer V> ? V : never;
};
export interface ParameterOptions<W> {
    /** Its value where a view gives none. */
    default?: W;
    /** What it does. */
    doc?: string;
}
/** Parameters of each kind. */
export declare const parameter: {
    /** True or false. */
    boolean: (options?: ParameterOptions<boolean> | undefined) => Parameter<boolean>;
    /** A whole number: a BigInt. */
    int64: (options?: ParameterOptions<number | bigint> | undefined) => Parameter<bigint>;
    /** A number. */
    float64: (options?: ParameterOptions<number> | undefined) => Parameter<number>;
    /** Text. */
    utf8: (options?: ParameterOptions<string> | undefined) => Parameter<string>;
    /** Microseconds since 1970-01-01T00:00:00Z: a BigInt. */
    timestamp: (options?: ParameterOptions<number | bigint | Date> | undefined) => Parameter<bigint>;
    /** Microseconds: a BigInt. */
    duration: (options?: ParameterOptions<number | bigint> | undefined) => Parameter<bigint>;
};
/** A value as one of a kind. */
export declare function parameterValue(kind: ParameterKind, value: unknown): boolean | bigint | number | string;
