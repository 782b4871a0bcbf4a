/** A time as microseconds since 1970-01-01T00:00:00Z: of a `Date`, or of text such as `2024-01-31` or `2024-01-31T12:00:00Z`. */
export declare function micros(time: Date | string): bigint;
/** Microseconds since 1970 as a `Date`, which holds whole milliseconds. */
export declare function date(micros: bigint): Date;
