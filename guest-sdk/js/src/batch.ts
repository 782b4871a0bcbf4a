import { build } from "./build.js";
import type { Column } from "./column.js";
import { Decoder, type WireBatch } from "./decode.js";
import { Failure } from "./failure.js";
import type { ColumnsOf, Field, Fields, RowOf } from "./field.js";
import { FixedColumn } from "./fixed.js";
import { Output } from "./output.js";
import { Records } from "./record.js";
import { names, span } from "./schema.js";
import { checkedRows, takeLanes, type Lane } from "./take.js";

/** Rows of an input. Columns are made when they are first asked for, over the bytes that the host handed in. */
export class Batch<F extends Fields = Fields> {
  readonly fields: F;
  /** How many rows there are. */
  readonly rows: number;
  readonly #made: (Column | undefined)[];
  readonly #make: (place: number) => Column;
  #columns: ColumnsOf<F> | undefined;

  /** @internal */
  constructor(fields: F, rows: number, make: (place: number) => Column) {
    this.fields = fields;
    this.rows = rows;
    this.#made = [];
    this.#make = make;
  }

  /** Columns by name; asking for one that is not there is an error that says which there are. */
  get columns(): ColumnsOf<F> {
    return (this.#columns ??= recordsOf(this.fields).of(this) as ColumnsOf<F>);
  }

  /** A batch of columns of one length. @internal */
  static of<F extends Fields>(fields: F, rows: number, columns: readonly Column[]): Batch<F> {
    return new Batch(fields, rows, (place) => columns[place]!);
  }

  /** A batch without rows. @internal */
  static none<F extends Fields>(fields: F): Batch<F> {
    return new Batch(fields, 0, (place) => build(fields[place]!, []));
  }

  /** The batch that the host handed in. @internal */
  static decode<F extends Fields>(fields: F, wire: WireBatch): Batch<F> {
    const starts = startsOf(fields);
    const { nodes, buffers } = starts[fields.length]!;
    if (wire.nodes.length !== nodes || wire.buffers.length !== buffers) {
      const [has, asks] = [`${wire.nodes.length} nodes and ${wire.buffers.length} buffers`, `${nodes} and ${buffers}`];
      throw new Failure(`the host's batch has ${has}, its schema asks for ${asks}`);
    }
    return new Batch(fields, wire.rows, (place) => {
      const field = fields[place]!, start = starts[place]!;
      try {
        return new Decoder(wire, start.nodes, start.buffers).column(field, wire.rows);
      } catch (error) {
        throw error instanceof Failure ? new Failure(`the host's column \`${field.name}\`: ${error.message}`) : error;
      }
    });
  }

  /** The column at a place. */
  at(place: number): Column {
    return (this.#made[place] ??= this.#make(place));
  }

  /** The column of a name that is only known when the transformation runs. */
  column(name: string): Column {
    const place = this.fields.findIndex((field: Field) => field.name === name);
    if (place < 0) throw new Failure(`no column \`${name}\`; there are ${names(this.fields)}`);
    return this.at(place);
  }

  /** A row as an object. */
  row(row: number): RowOf<F> {
    return Object.fromEntries(this.fields.map(({ name }: Field, place) => [name, this.at(place).get(row)])) as RowOf<F>;
  }

  /** All rows as objects: for tests and for few rows. */
  toArray(): RowOf<F>[] {
    return Array.from({ length: this.rows }, (_, row) => this.row(row));
  }

  /** Rows from here on, without copying values. */
  slice(from: number, rows: number): Batch<F> {
    return new Batch(this.fields, rows, (place) => this.at(place).slice(from, rows));
  }

  /** These rows in this order; a row may be there several times. */
  take(rows: ArrayLike<number>): Batch<F> {
    const checked = checkedRows(rows, this.rows), lanes: Lane[] = [];
    const taking = this.fields.map((_, place) => {
      const column = this.at(place);
      if (!(column instanceof FixedColumn)) return () => column.take(checked);
      const { lanes: its, done } = column.taking(checked);
      lanes.push(...its);
      return done;
    });
    takeLanes(lanes, checked);
    return Batch.of(this.fields, checked.length, taking.map((done) => done()));
  }

  /** These rows, which rise, as an output of the row scope that says that they are where its rows came from. */
  keep(rows: ArrayLike<number>): Output {
    const checked = checkedRows(rows, this.rows);
    return new Output(this.take(checked), { sourceRows: checked });
  }

  /** This batch and others with its columns, one after another. @internal */
  join(others: readonly Batch<F>[]): Batch<F> {
    if (others.length === 0) return this;
    const rows = others.reduce((sum, other) => sum + other.rows, this.rows);
    return new Batch(this.fields, rows, (place) => this.at(place).join(others.map((other) => other.at(place))));
  }
}

/** Where each column's nodes and buffers start; and where the last one's end. */
function startsOf(fields: Fields): readonly { nodes: number; buffers: number }[] {
  return once(starts, fields, () => {
    const at = { nodes: 0, buffers: 0 };
    const made = [{ ...at }];
    for (const field of fields) {
      const { nodes, buffers } = span(field);
      at.nodes += nodes;
      at.buffers += buffers;
      made.push({ ...at });
    }
    return made;
  });
}

function recordsOf(fields: Fields): Records<Batch> {
  return once(records, fields, () => new Records<Batch>(fields, (batch, place) => batch.at(place), "column"));
}

const starts = new WeakMap<Fields, { nodes: number; buffers: number }[]>();
const records = new WeakMap<Fields, Records<Batch>>();

function once<T>(made: WeakMap<Fields, T>, fields: Fields, make: () => T): T {
  var one = made.get(fields);
  if (one === undefined) made.set(fields, (one = make()));
  return one;
}
