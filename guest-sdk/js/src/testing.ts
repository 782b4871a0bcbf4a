/** Transformations in unit tests, without WebAssembly, through the same conversions and checks as in a component. */

import { Batch } from "./batch.js";
import { build } from "./build.js";
import { Column } from "./column.js";
import { installConsole, logTo, type Level } from "./console.js";
import type { Context } from "./context.js";
import { Failure, ParameterError } from "./failure.js";
import type { Field, Fields, RowOf, WrittenOf } from "./field.js";
import { compareKeys, keyColumn, type Key } from "./group.js";
import type { Input } from "./input.js";
import { conform, encode } from "./output.js";
import type { Parameter, Parameters } from "./parameter.js";
import { Driver } from "./run.js";
import { names } from "./schema.js";
import type { Transformation } from "./transformation.js";
import { micros } from "./time.js";
import { asBigInt, contextOf, contractOf, wireValue, type WireContext } from "./wire.js";
import { enter, installWorld, worldAt } from "./world.js";

/** A time: microseconds since 1970, a `Date`, or text such as `2024-01-31`. */
export type Time = bigint | Date | string;

/** Rows of an input: a batch, columns by name, or objects. */
export type Given<F extends Fields = Fields> =
  | Batch<any>
  | { readonly [X in F[number] as X["name"]]: Column<any> | ArrayLike<WrittenOf<X>> }
  | readonly { readonly [X in F[number] as X["name"]]?: WrittenOf<X> | undefined }[];

/** Rows of each input. */
export type GivenRows<I extends readonly Input[]> = {
  readonly [X in I[number] as X["name"]]: X extends Input<string, infer F> ? Given<F> : never;
};

type Written<P> = P extends Parameter<infer V> ? (V extends bigint ? bigint | number : V) : never;

/** What a run is made with. Unless it is said otherwise it makes the first day of 1970, and the host wants source rows. */
export interface Options<P extends Parameters = Parameters> {
  /** Values of parameters; the others have their defaults. */
  parameters?: { readonly [N in keyof P]?: Written<P[N]> };
  /** The interval whose rows are made, `[start, end)`; also every input's range. */
  interval?: readonly [start: Time, end: Time];
  /** Rows as they arrive, instead of an interval's. */
  streaming?: boolean;
  /** One request at this time, instead of an interval. */
  requestTime?: Time;
  /** The time ranges that inputs were filtered to, null where one was not. */
  ranges?: { readonly [input: string]: readonly [start: Time, end: Time] | null };
  /** Whether the host wants source rows. */
  lineage?: boolean;
  properties?: { readonly [name: string]: string };
  /** Hands rows in by batches of so many, to test what happens at their edges. */
  batchRows?: number;
}

/** What a run returned. */
export interface Outcome<O extends Fields = Fields> {
  /** All rows. */
  batch: Batch<O>;
  /** All rows as objects. */
  rows: RowOf<O>[];
  /** The row of the input that each came from, in the row and aligned scopes. */
  sourceRows: number[] | null;
  /** Rejected rows of the input and their reasons. */
  rejected: { row: number; reason: string }[];
  /** What was logged. */
  logs: { level: Level; message: string }[];
}

const DAY: readonly [bigint, bigint] = [0n, 86_400_000_000n];

/**
 * Runs a transformation over the rows of each input, whose columns are found by name. As the host does, it sorts the rows of a
 * keyed transformation by key, then by time: the column `timestamp`, or else the first of that kind.
 */
export function run<I extends readonly Input[], O extends Fields, P extends Parameters>(
  transformation: Transformation<I, O, P>, rows: GivenRows<I>, options: Options<P> = {},
): Outcome<O> {
  const logs: { level: Level; message: string }[] = [];
  const wire = wireContext(transformation as never, options as Options);
  const now = wire.mode.tag === "materialize" ? wire.mode.val.end : wire.mode.tag === "request" ? wire.mode.val : 0n;
  const before = logTo((level, message) => logs.push({ level, message }));
  const undo = [installConsole(), installWorld()];
  const world = enter(worldAt(now as bigint));
  try {
    contractOf(transformation, asBigInt);
    return { ...runs(transformation as never, rows, contextOf(transformation, wire), options.batchRows ?? 8192), logs } as never;
  } finally {
    enter(world);
    for (const done of undo) done();
    logTo(before);
  }
}

function runs(transformation: Transformation, given: { readonly [input: string]: Given }, context: Context, batchRows: number): Omit<Outcome, "logs"> {
  const { inputs, output, scope } = transformation, driver = new Driver(transformation, context), seen = new Seen(output);
  for (const name in given) {
    if (!inputs.some((input) => input.name === name)) throw new Failure(`there is no input \`${name}\`; there are ${names(inputs)}`);
  }
  for (const [index, input] of inputs.entries()) {
    const rows = prepared(input, given[input.name], scope === "keyed");
    for (var from = 0; from < rows.rows; from += batchRows) {
      driver.push(index, sent(rows.slice(from, Math.min(batchRows, rows.rows - from))));
      seen.drain(driver, from);
    }
  }
  if (scope === "keyed") {
    driver.endKeys();
    seen.drain(driver, 0);
  }
  driver.finish();
  seen.drain(driver, 0);
  const batch = Batch.none(output).join(seen.parts);
  return { batch, rows: batch.toArray(), sourceRows: seen.sourceRows, rejected: seen.rejected };
}

/** A batch as it is on the other side of the boundary. */
function sent<F extends Fields>(batch: Batch<F>): Batch<F> {
  const columns = batch.fields.map((_, place) => batch.at(place));
  return Batch.decode(batch.fields, structuredClone(encode(batch.fields, columns, batch.rows)));
}

declare function structuredClone<T>(value: T): T;

/** The rows as the host would hand them in. */
function prepared(input: Input, given: Given | undefined, isKeyed: boolean): Batch {
  const { name, columns: fields } = input;
  if (given === undefined) throw new Failure(`there are no rows for input \`${name}\``);
  const columns = fields.map((field) => columnOf(name, field, given)), rows = columns[0]?.length ?? 0;
  fields.forEach((field, place) => conform(field, columns[place]!, rows, `input \`${name}\`: `));
  const batch = Batch.of(fields, rows, columns);
  return isKeyed ? sorted(input, batch) : batch;
}

function columnOf(input: string, field: Field, given: Given): Column {
  const { name } = field;
  if (given instanceof Batch) return given.column(name);
  const values = Array.isArray(given) ? given.map((row) => row[name]) : (given as { [name: string]: unknown })[name];
  if (values instanceof Column) return values;
  if (values === undefined) throw new Failure(`input \`${input}\`: column \`${name}\` is missing; there are ${Object.keys(given).join(", ")}`);
  try {
    return build(field, values as ArrayLike<unknown>);
  } catch (error) {
    throw error instanceof Failure ? new Failure(`input \`${input}\`: ${error.message}`) : error;
  }
}

function sorted({ keys, columns }: Input, batch: Batch): Batch {
  const times = columns.filter(({ kind }) => kind.tag === "timestamp").map(({ name }) => name);
  const time = times.includes("timestamp") ? "timestamp" : times[0];
  const by = [...keys, ...(time === undefined ? [] : [time])].map((name) => keyColumn(name, batch.column(name)));
  const values = Array.from({ length: batch.rows }, (_, row) => by.map((column) => column.get(row) as Key));
  const order = values.map((_, row) => row).sort((left, right) => compareKeys(values[left]!, values[right]!) || left - right);
  return batch.take(order);
}

/** What came out so far. */
class Seen {
  readonly parts: Batch[] = [];
  sourceRows: number[] | null = null;
  readonly rejected: { row: number; reason: string }[] = [];
  readonly #output: Fields;

  constructor(output: Fields) {
    this.#output = output;
  }

  /** Takes what is ready; `from` is where the batch last pushed starts in its input. */
  drain(driver: Driver, from: number): void {
    for (var checked = driver.next(); checked !== null; checked = driver.next()) {
      this.parts.push(sent(Batch.of(this.#output, checked.rows, checked.columns)));
      if (checked.sourceRows !== null) for (const row of checked.sourceRows) (this.sourceRows ??= []).push(row + from);
      for (const { row, reason } of checked.rejected) this.rejected.push({ row: row + from, reason });
    }
    driver.checkAligned();
  }
}

function timeOf(time: Time): bigint {
  return typeof time === "bigint" ? time : micros(time);
}

function wireContext(transformation: Transformation, options: Options): WireContext {
  const { interval = DAY, streaming, requestTime, ranges = {}, lineage = true, properties = {}, parameters = {} } = options;
  const range = ([start, end]: readonly [Time, Time]) => ({ start: timeOf(start), end: timeOf(end) });
  const isFiltered = !streaming && requestTime === undefined;
  const mode: WireContext["mode"] = streaming
    ? { tag: "streaming" }
    : requestTime !== undefined ? { tag: "request", val: timeOf(requestTime) } : { tag: "materialize", val: range(interval) };
  const declared = Object.entries(transformation.parameters);
  for (const name of Object.keys(parameters)) {
    if (!declared.some(([other]) => other === name)) {
      throw new ParameterError(`there is no parameter \`${name}\`; there are ${names(declared.map(([name]) => ({ name })))}`);
    }
  }
  const given = declared.map(([name, { kind, default: otherwise }]): [string, ReturnType<typeof wireValue>] => {
    const value = (parameters as { [name: string]: unknown })[name] ?? otherwise;
    if (value === undefined) throw new ParameterError(`parameter \`${name}\` must be given`);
    return [name, wireValue(kind, value, asBigInt)];
  });
  return {
    mode,
    ranges: transformation.inputs.map(({ name }) => {
      const own = name in ranges ? ranges[name]! : isFiltered ? interval : null;
      return own === null ? null : range(own);
    }),
    parameters: given,
    lineage,
    properties: Object.entries(properties),
  };
}
