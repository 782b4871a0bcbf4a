import type { Batch } from "./batch.js";
import type { Context } from "./context.js";
import { Failure } from "./failure.js";
import type { Field, Fields } from "./field.js";
import type { Group } from "./group.js";
import type { Input } from "./input.js";
import type { InputsOf } from "./inputs.js";
import type { ColumnsGiven, Output } from "./output.js";
import type { Parameters } from "./parameter.js";
import type { Emitter, Rows } from "./rows.js";
import { emitKeys, emitRows, emitWhole, perBatch } from "./runs.js";
import type { Run } from "./run.js";
import { names } from "./schema.js";

/** How far the host may split the input over runs. */
export type Scope = "aligned" | "row" | "keyed" | "interval";

/** One transformation: its contract, and what makes its rows. */
export interface Transformation<I extends readonly Input[] = readonly Input[], O extends Fields = Fields, P extends Parameters = Parameters> {
  readonly name: string;
  readonly doc: string;
  readonly scope: Scope;
  readonly inputs: I;
  readonly output: O;
  readonly parameters: P;
  readonly properties: ReadonlyMap<string, string>;
  open(context: Context<P>): Run;
}

export type AnyTransformation = Transformation<any, any, any>;

/** What every transformation says. */
interface Definition<O extends Fields, P extends Parameters> {
  /** Its name, by which feature views ask for it. */
  name: string;
  /** What it does. */
  doc?: string;
  /** The columns of its output, in order. */
  output: O;
  parameters?: P;
  /** For a host later than this SDK; one that does not know a property ignores it. */
  properties?: { readonly [name: string]: string };
  /** For runs with a state of their own: called once for a run, what it returns is given the batches. */
  open?: (context: Context<P>) => Run;
}

export interface AlignedDefinition<I extends Input, O extends Fields, P extends Parameters> extends Definition<O, P> {
  input: I;
  /** Called for each batch; returns columns of as many rows, in the same order. */
  run?: (context: Context<P>, batch: Batch<I["columns"]>) => ColumnsGiven<O> | Batch<any> | Output;
}

export interface RowDefinition<I extends Input, O extends Fields, P extends Parameters> extends Definition<O, P> {
  input: I;
  /** Called for each batch; returns columns. */
  run?: (context: Context<P>, batch: Batch<I["columns"]>) => ColumnsGiven<O> | Batch<any> | Output;
  /** Called for each batch; emits rows one by one. */
  emit?: (context: Context<P>, batch: Batch<I["columns"]>, out: Emitter<O>) => void;
}

export interface KeyedDefinition<I extends readonly Input[], O extends Fields, P extends Parameters> extends Definition<O, P> {
  inputs: I;
  /** Called for each key with all its rows of every input; emits rows. Keys rise. */
  emit?: (context: Context<P>, group: Group<I>, out: Rows<O>) => void;
}

export interface IntervalDefinition<I extends readonly Input[], O extends Fields, P extends Parameters> extends Definition<O, P> {
  inputs: I;
  /** Called once, with all rows of every input; emits rows. */
  emit?: (context: Context<P>, inputs: InputsOf<I>, out: Rows<O>) => void;
}

/** One row out for each row in, in the same order. */
export function aligned<const I extends Input, const O extends Fields, const P extends Parameters = {}>(
  definition: AlignedDefinition<I, O, P>,
): Transformation<readonly [I], O, P> {
  return made("aligned", definition, [definition.input], { run: definition.run && ((context) => perBatch(context, definition.run as never)) });
}

/** Every row by itself, any number of rows out. */
export function row<const I extends Input, const O extends Fields, const P extends Parameters = {}>(
  definition: RowDefinition<I, O, P>,
): Transformation<readonly [I], O, P> {
  return made("row", definition, [definition.input], {
    run: definition.run && ((context) => perBatch(context, definition.run as never)),
    emit: definition.emit && ((context) => emitRows(context, definition.output, definition.emit as never)),
  });
}

/** All rows of a key together. Needs `incremental_backfills` in the view. */
export function keyed<const I extends readonly Input[], const O extends Fields, const P extends Parameters = {}>(
  definition: KeyedDefinition<I, O, P>,
): Transformation<I, O, P> {
  for (const { name, keys } of definition.inputs) {
    if (keys.length === 0) throw new Failure(`\`${definition.name}\`: input \`${name}\` names no \`keys\``);
  }
  const emit = definition.emit && ((context: Context) => emitKeys(context, definition.inputs, definition.output, definition.emit as never));
  return made("keyed", definition, definition.inputs, { emit });
}

/** A whole interval in one run. Needs `incremental_backfills` in the view. */
export function interval<const I extends readonly Input[], const O extends Fields, const P extends Parameters = {}>(
  definition: IntervalDefinition<I, O, P>,
): Transformation<I, O, P> {
  const emit = definition.emit && ((context: Context) => emitWhole(context, definition.inputs, definition.output, definition.emit as never));
  return made("interval", definition, definition.inputs, { emit });
}

function made<I extends readonly Input[], O extends Fields, P extends Parameters>(
  scope: Scope,
  definition: Definition<O, P>,
  inputs: I,
  forms: { [form: string]: ((context: any) => Run) | undefined },
): Transformation<I, O, P> {
  const { name, doc = "", output, parameters, properties, open } = definition;
  const given = Object.entries({ ...forms, open }).filter(([, form]) => form !== undefined);
  const [first, second] = given;
  if (first === undefined || second !== undefined) {
    const there = second === undefined ? "none" : given.map(([form]) => `\`${form}\``).join(" and ");
    throw new Failure(`\`${name}\` says how its rows are made by ${there}; it should be one of ${Object.keys({ ...forms, open }).map((form) => `\`${form}\``).join(", ")}`);
  }
  for (const fields of [output, ...inputs.map(({ columns }) => columns)]) checkNames(name, fields);
  return {
    name,
    doc,
    scope,
    inputs,
    output,
    parameters: parameters ?? ({} as P),
    properties: new Map(Object.entries(properties ?? {})),
    open: first[1] as (context: Context<P>) => Run,
  };
}

function checkNames(name: string, fields: Fields): void {
  const seen = new Set<string>();
  for (const field of fields as readonly Field[]) {
    if (seen.has(field.name)) throw new Failure(`\`${name}\` has two columns \`${field.name}\` among ${names(fields)}`);
    seen.add(field.name);
  }
}

/** The transformations of a component, which its entry file exports by default. */
export interface Component {
  readonly transformations: readonly AnyTransformation[];
}

/** A component of these transformations: `export default component([…])`. */
export function component(transformations: readonly AnyTransformation[]): Component {
  return { transformations };
}
