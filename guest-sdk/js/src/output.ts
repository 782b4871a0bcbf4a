import { Batch } from "./batch.js";
import { build } from "./build.js";
import { Column, type WireColumns } from "./column.js";
import type { WireBatch } from "./decode.js";
import { Failure } from "./failure.js";
import type { Field, Fields, WrittenOf } from "./field.js";
import { ListColumn, FixedListColumn } from "./lists.js";
import { MapColumn } from "./maps.js";
import { alike, kindName, names } from "./schema.js";
import { StructColumn } from "./structs.js";

/** Rows of one output of the row emitters. */
export const OUTPUT_ROWS = 8192;

/** A row of the batch that cannot be used, and why. */
export interface Rejection {
  readonly row: number;
  readonly reason: string;
}

/** What goes with rows. */
export interface OutputOptions {
  /** For each row out the row of the batch that it came from, rising. Left out, there is one row out for each that was not rejected. */
  sourceRows?: ArrayLike<number>;
  /** Rows of the batch that cannot be used, and why; in the row scope only. The run goes on. */
  rejected?: readonly Rejection[];
}

/** Columns by name, as columns of a batch, typed arrays, or arrays of values. */
export type ColumnsGiven<F extends Fields = Fields> = {
  readonly [X in F[number] as X["name"]]: Column<any> | ArrayLike<WrittenOf<X>> | TypedArray;
};

type TypedArray =
  | Int8Array | Int16Array | Int32Array | Uint8Array | Uint16Array | Uint32Array
  | Float32Array | Float64Array | BigInt64Array | BigUint64Array;

/** Rows that a transformation returns, with what goes with them. Columns are found by the names in the contract. */
export class Output {
  readonly given: Batch | { readonly [name: string]: unknown } | null;
  readonly sourceRows: ArrayLike<number> | undefined;
  readonly rejected: readonly Rejection[];

  constructor(columns: Batch<any> | ColumnsGiven<any> | null, { sourceRows, rejected = [] }: OutputOptions = {}) {
    this.given = columns;
    this.sourceRows = sourceRows;
    this.rejected = rejected;
  }

  /** The columns in the contract's order, which they agree with. @internal */
  columns(contract: Fields): { columns: Column[]; rows: number } {
    const { given } = this;
    if (given === null) return { columns: contract.map((field) => build(field, [])), rows: 0 };
    const columns = contract.map((field) => columnOf(field, given));
    const rows = columns[0]?.length ?? 0;
    contract.forEach((field, place) => conform(field, columns[place]!, rows));
    return { columns, rows };
  }
}

function columnOf(field: Field, given: Batch | { readonly [name: string]: unknown }): Column {
  const isBatch = given instanceof Batch, { name } = field;
  const there: string[] = isBatch ? given.fields.map((field: Field) => field.name) : Object.keys(given);
  if (!there.includes(name)) {
    throw new Failure(`output: column \`${name}\` is missing; there are ${names(there.map((name) => ({ name })))}`);
  }
  const column = isBatch ? given.column(name) : given[name];
  if (column instanceof Column) return column;
  if (typeof column !== "object" || column === null || typeof (column as ArrayLike<unknown>).length !== "number") {
    throw new Failure(`output: column \`${name}\` is ${typeof column}, not a column or an array`);
  }
  return inOutput(() => build(field, column as ArrayLike<unknown>));
}

/** Runs what may fail, and says that it is about the output. */
export function inOutput<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    throw error instanceof Failure ? new Failure(`output: ${error.message}`, { cause: error }) : error;
  }
}

/** Compares a column with the contract's. */
export function conform(field: Field, column: Column, rows: number, what = "output: "): void {
  const wrong = (problem: string) => new Failure(`${what}column \`${field.name}\` ${problem}`);
  if (!alike(field, column.field)) {
    throw wrong(`is ${kindName(column.field)}, the contract says ${kindName(field)}`);
  }
  if (column.length !== rows) throw wrong(`has ${column.length} rows, the first has ${rows}`);
  if (!field.isNullable && column.nullCount > 0) {
    throw wrong(`has ${column.nullCount} nulls, the contract says that it has none`);
  }
  const inside = nullInside(field, column);
  if (inside !== undefined) throw wrong(`has nulls in its \`${inside}\`, the contract says that it has none`);
}

/** A field inside of a column that has nulls where the contract says that it has none. */
function nullInside(contract: Field, column: Column): string | undefined {
  for (const [place, part] of below(column).entries()) {
    const field = contract.children[place]!;
    if (!field.isNullable && part.field.isNullable && part.nullCount > 0) return field.name;
    const inside = nullInside(field, part);
    if (inside !== undefined) return inside;
  }
  return undefined;
}

function below(column: Column): readonly Column[] {
  if (column instanceof ListColumn || column instanceof FixedListColumn) return [column.elements];
  if (column instanceof StructColumn) return column.parts;
  if (column instanceof MapColumn) return [column.keys, column.values];
  return [];
}

/** Columns in the contract's layout. */
export function encode(contract: Fields, columns: readonly Column[], rows: number): WireBatch {
  const out: WireColumns = { nodes: [], buffers: [] };
  contract.forEach((field, place) => columns[place]!.write(out, field));
  return { rows, nodes: out.nodes, buffers: out.buffers };
}

