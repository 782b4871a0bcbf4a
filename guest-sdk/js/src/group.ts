/** The rows of a range of keys, handed out key by key. */

import { Batch } from "./batch.js";
import type { Column } from "./column.js";
import { Failure, InputError } from "./failure.js";
import { FixedColumn } from "./fixed.js";
import type { Input } from "./input.js";
import { Records } from "./record.js";
import { kindName } from "./schema.js";
import { compareTexts } from "./text.js";

/** A part of a key: a boolean, a BigInt (int64, timestamp), a number (date32) or text. */
export type Key = boolean | bigint | number | string;

/** Batches by the names of inputs. */
export type BatchesOf<I extends readonly Input[]> = {
  readonly [X in I[number] as X["name"]]: X extends Input<string, infer F> ? Batch<F> : never;
};

/** All rows of one key, of every input. */
export class Group<I extends readonly Input[] = readonly Input[]> {
  /** The key's parts, in the order in which inputs name their key columns. */
  readonly key: readonly any[];
  /** The key's rows of each input, sorted by time; without rows if the input has none of this key. */
  readonly rows: BatchesOf<I>;

  /** @internal */
  constructor(key: readonly Key[], rows: BatchesOf<I>) {
    this.key = key;
    this.rows = rows;
  }
}

/** One input's batch, and where its keys end. */
interface Part {
  batch: Batch;
  keys: readonly Column[];
  /** For each key the row after its last, rising. */
  ends: readonly number[];
}

/** Where one input stands: at a key of one of its batches. */
class Cursor {
  readonly none: Batch;
  /** The key that it stands at, null at the end. */
  key: Key[] | null = null;
  readonly #parts: readonly Part[];
  #part = 0;
  #end = 0;
  #row = 0;

  constructor(input: Input, batches: readonly Batch[]) {
    this.none = Batch.none(input.columns);
    this.#parts = batches.map((batch) => {
      const keys = input.keys.map((name) => keyColumn(name, batch.column(name)));
      return { batch, keys, ends: endsOf(keys, batch.rows) };
    });
    this.#read();
  }

  #read(): void {
    const part = this.#parts[this.#part];
    if (part === undefined) {
      this.key = null;
      return;
    }
    const key: Key[] = [];
    for (const column of part.keys) key.push(column.get(this.#row) as Key);
    this.key = key;
  }

  /** The rows of its key, and moves past them. Copied are only the rows of a key that spans batches. */
  take(): Batch {
    const { key } = this, rows = this.#step();
    if (this.#row > 0 || this.key === null || compareKeys(key!, this.key) !== 0) return rows;
    const more: Batch[] = [];
    do more.push(this.#step());
    while (this.#row === 0 && this.key !== null && compareKeys(key!, this.key) === 0);
    return rows.join(more);
  }

  /** The rows of its key in the batch at hand. */
  #step(): Batch {
    const { batch, ends } = this.#parts[this.#part]!, from = this.#row, end = ends[this.#end]!;
    if (++this.#end < ends.length) {
      this.#row = end;
    } else {
      this.#part++;
      this.#end = this.#row = 0;
    }
    this.#read();
    return from === 0 && end === batch.rows ? batch : batch.slice(from, end - from);
  }
}

/** Calls `each` for every key of the range, keys rising. Batches have rows, and are sorted by key. */
export function eachKey<I extends readonly Input[]>(
  inputs: I, batches: readonly (readonly Batch[])[], each: (group: Group<I>) => void,
): void {
  const cursors = inputs.map((input, index) => new Cursor(input, batches[index]!));
  const records = new Records<readonly Batch[]>(inputs, (rows, place) => rows[place], "input");
  for (;;) {
    var least: Key[] | null = null;
    for (const { key } of cursors) if (key !== null && (least === null || compareKeys(key, least) < 0)) least = key;
    if (least === null) return;
    const rows: Batch[] = [];
    for (const cursor of cursors) {
      const { key } = cursor, isHere = key !== null && (key === least || compareKeys(key, least) === 0);
      rows.push(isHere ? cursor.take() : cursor.none);
    }
    each(new Group<I>(least, records.filled(rows) as BatchesOf<I>));
  }
}

/** Compares keys as the host sorts them: text by bytes, false before true. */
export function compareKeys(left: readonly Key[], right: readonly Key[]): number {
  for (var part = 0; part < left.length; part++) {
    const a = left[part]!, b = right[part]!;
    if (a === b) continue;
    const order = typeof a === "string" && typeof b === "string" ? compareTexts(a, b) : a < b ? -1 : 1;
    if (order !== 0) return order;
  }
  return 0;
}

/** A column that may be a key. */
export function keyColumn(name: string, column: Column): Column {
  const { tag } = column.field.kind;
  if (tag !== "boolean" && tag !== "int64" && tag !== "date32" && tag !== "timestamp" && tag !== "utf8") {
    throw new Failure(`column \`${name}\` is ${kindName(column.field)}, which cannot be a key`);
  }
  if (column.nullCount > 0) throw new InputError(`key \`${name}\` is null`);
  return column;
}

/** The rows after which another key starts, and the last. */
function endsOf([first, ...others]: readonly Column[], rows: number): number[] {
  var ends = changes(first!, rows);
  for (const column of others) ends = [...new Set([...ends, ...changes(column, rows)])].sort((left, right) => left - right);
  if (rows > 0) ends.push(rows);
  return ends;
}

/** Rows whose value is another than that of the row before. */
function changes(column: Column, rows: number): number[] {
  const changed: number[] = [];
  const values: { readonly [row: number]: unknown } = column instanceof FixedColumn ? column.values : column.toArray();
  for (var row = 1, value, last = values[0]; row < rows; ++row) {
    value = values[row];
    if (value !== last) changed.push(row);
    last = value;
  }
  return changed;
}
