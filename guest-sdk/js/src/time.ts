import { Failure } from "./failure.js";

/** A time as microseconds since 1970-01-01T00:00:00Z: of a `Date`, or of text such as `2024-01-31` or `2024-01-31T12:00:00Z`. */
export function micros(time: Date | string): bigint {
  const millis = typeof time === "string" ? Date.parse(time) : time.getTime();
  if (Number.isNaN(millis)) throw new Failure(`\`${time}\` is no time: write it like 2024-01-31 or 2024-01-31T12:00:00Z`);
  return BigInt(millis) * 1000n;
}

/** Microseconds since 1970 as a `Date`, which holds whole milliseconds. */
export function date(micros: bigint): Date {
  return new Date(Number((micros - (((micros % 1000n) + 1000n) % 1000n)) / 1000n));
}
