/** Between the contract's records, as engines hand them over, and this SDK's. */

import { Context, type Interval } from "./context.js";
import { Failure } from "./failure.js";
import { parameterValue, type Parameter, type ParameterKind, type Parameters } from "./parameter.js";
import { Records } from "./record.js";
import { nodes, type WireField } from "./schema.js";
import { wellFormed } from "./text.js";
import type { AnyTransformation } from "./transformation.js";

/** A 64-bit number as the engine has it: a BigInt, or 16 hexadecimal digits where it would make a lossy number of it. */
export type WireInt = bigint | string;

export interface WireValue {
  tag: string;
  val: boolean | number | string | WireInt;
}

export interface WireInterval {
  start: WireInt;
  end: WireInt;
}

export interface WireContext {
  mode: { tag: "materialize"; val: WireInterval } | { tag: "streaming" } | { tag: "request"; val: WireInt };
  ranges: (WireInterval | null | undefined)[];
  parameters: [name: string, value: WireValue][];
  lineage: boolean;
  properties: [name: string, value: string][];
}

export interface WireContract {
  name: string;
  doc: string;
  inputs: { name: string; columns: WireField[]; keys: readonly string[] }[];
  output: WireField[];
  scope: string;
  parameters: { name: string; kind: ParameterKind; default: WireValue | undefined; doc: string }[];
  properties: [name: string, value: string][];
}

export interface WireFailure {
  kind: string;
  message: string;
  input: number | undefined;
  row: number | undefined;
}

/** How an engine takes 64-bit numbers. */
export type WriteInt = (value: bigint) => WireInt;

export const asDigits: WriteInt = (value) => BigInt.asUintN(64, value).toString(16).padStart(16, "0");
export const asBigInt: WriteInt = (value) => value;

export function readInt(value: WireInt): bigint {
  // StarlingMonkey's bindings hand the least one over as a positive number.
  if (typeof value === "bigint") return BigInt.asIntN(64, value);
  if (typeof value === "string") return BigInt.asIntN(64, BigInt(`0x${value}`));
  throw new Failure(`the engine made a number of a 64-bit value, ${value}: the component was not built by the SDK's build.mjs`);
}

export function contractOf(transformation: AnyTransformation, writeInt: WriteInt): WireContract {
  const { name, doc, scope, inputs, output, parameters, properties } = transformation;
  return {
    name,
    doc,
    inputs: (inputs as AnyTransformation["inputs"][number][]).map(({ name, columns, keys }) => ({ name, columns: nodes(columns), keys })),
    output: nodes(output),
    scope,
    parameters: Object.entries(parameters as Parameters).map(([name, { kind, default: given, doc }]) => ({
      name,
      kind,
      default: given === undefined ? undefined : wireValue(kind, given, writeInt),
      doc,
    })),
    properties: [...properties],
  };
}

export function wireValue(kind: ParameterKind, value: unknown, writeInt: WriteInt): WireValue {
  const checked = parameterValue(kind, value);
  return { tag: kind, val: typeof checked === "bigint" ? writeInt(checked) : checked };
}

const ranges = ({ start, end }: WireInterval): Interval => ({ start: readInt(start), end: readInt(end) });

export function contextOf(transformation: AnyTransformation, wire: WireContext): Context {
  const { mode } = wire, declared = Object.entries(transformation.parameters as Parameters);
  const given = new Map(wire.parameters);
  const values = declared.map(([name, parameter]) => valueOf(name, parameter, given.get(name)));
  const things = declared.map(([name]) => ({ name }));
  const parameters = new Records<readonly unknown[]>(things, (all, place) => all[place], "parameter", "parameter").filled(values);
  const parts = {
    mode: mode.tag,
    interval: mode.tag === "materialize" ? ranges(mode.val) : null,
    requestTime: mode.tag === "request" ? readInt(mode.val) : null,
    ranges: wire.ranges.map((range) => (range === null || range === undefined ? null : ranges(range))),
    lineage: wire.lineage,
    properties: new Map(wire.properties),
  };
  return new Context(parts, transformation.inputs.map(({ name }: { name: string }) => name), parameters as never);
}

function valueOf(name: string, { kind, default: otherwise }: Parameter, wire: WireValue | undefined): unknown {
  if (wire === undefined) {
    if (otherwise === undefined) throw new Failure(`the host gives no parameter \`${name}\``);
    return otherwise;
  }
  if (wire.tag !== kind) throw new Failure(`the host gives parameter \`${name}\` as ${wire.tag}, it is ${kind}`);
  return kind === "int64" || kind === "timestamp" || kind === "duration" ? readInt(wire.val as WireInt) : wire.val;
}

const KINDS: readonly string[] = ["input", "parameter", "internal"];
/** Characters of a failure's message; the host shows fewer. */
const MESSAGE_MAX = 4000;

function isPlace(place: number | undefined): place is number {
  return Number.isInteger(place) && place! >= 0 && place! < 2 ** 32;
}

/** What ended a run, for the host; inputs by number. */
export function failureOf(failure: Failure, inputs: readonly { readonly name: string }[]): WireFailure {
  const { kind, input, row } = failure, message = String(failure.message);
  if (!KINDS.includes(kind)) throw new Error(`\`${kind}\` is no kind of failure`);
  const index = typeof input === "string" ? inputs.findIndex(({ name }) => name === input) : input;
  return {
    kind,
    message: wellFormed(message.length <= MESSAGE_MAX ? message : `${message.slice(0, MESSAGE_MAX)} […]`),
    input: isPlace(index) ? index : undefined,
    row: isPlace(row) ? row : undefined,
  };
}
