import { BigIntColumn } from "./bigints.js";
import { Bits } from "./bits.js";
import { build, copied } from "./build.js";
import type { Column } from "./column.js";
import { Failure } from "./failure.js";
import type { Field, Fields } from "./field.js";
import { NumberColumn } from "./numbers.js";
import { inOutput, Output, OUTPUT_ROWS } from "./output.js";
import { names } from "./schema.js";
import { neverFalling } from "./take.js";
import { BIGINTS, NUMBERS } from "./typed.js";

type Record = { readonly [name: string]: unknown };

/** Rows in the making, column by column, until they are as many as an output holds. */
export interface Cells {
  /** A row that came from row `source`: a value for each column, in order. */
  put(source: number, ...cells: unknown[]): void;
  putRecord(source: number, record: Record): void;
  /** What has been put so far becomes an output. */
  flush(): void;
  /** Outputs that nobody has taken yet. */
  readonly ready: Output[];
}

/** Where the values of a column go: its typed array, or an array of values. */
type Store = { [row: number]: unknown; length: number };
type Stores = [Store, Store, Store, Store, Store, Store, ...Store[]];

/** Rows that there is room for at first. */
const FEW = 16;

/**
 * Sources lie below `rowsIn` and never fall. What runs once a row has its variables at hand: a value of the usual type goes
 * straight to where it stays, if it is still itself there; any other is `odd`.
 */
export function cellsOf(fields: Fields, rowsIn: number): Cells {
  const n = fields.length, columnNames = fields.map(({ name }) => name), usual = fields.map(usualType), ready: Output[] = [];
  const [t0, t1, t2, t3, t4, t5] = usual;
  var room = Math.min(OUTPUT_ROWS, Math.max(FEW, rowsIn)), row = 0, last = 0, known: string | undefined;
  var stores = storesOf(fields, room), nulls: (Bits | undefined)[] = [], sources = new Uint32Array(room);
  var [c0, c1, c2, c3, c4, c5] = stores;

  function put(source: number, a: unknown, b?: unknown, c?: unknown, d?: unknown, e?: unknown, f?: unknown, more?: unknown): void {
    if (!(source >= last && source < rowsIn) || (source | 0) !== source) misplaced(source);
    sources[row] = last = source;
    var rest = b;
    if (typeof a !== t0 || (c0[row] = a) !== c0[row]) odd(0, a);
    if (n > 1) {
      if (typeof b !== t1 || (c1[row] = b) !== c1[row]) odd(1, b);
      rest = c;
      if (n > 2) {
        if (typeof c !== t2 || (c2[row] = c) !== c2[row]) odd(2, c);
        rest = d;
        if (n > 3) {
          if (typeof d !== t3 || (c3[row] = d) !== c3[row]) odd(3, d);
          rest = e;
          if (n > 4) {
            if (typeof e !== t4 || (c4[row] = e) !== c4[row]) odd(4, e);
            rest = f;
            if (n > 5) {
              if (typeof f !== t5 || (c5[row] = f) !== c5[row]) odd(5, f);
              rest = more;
            }
          }
        }
      }
    }
    if (rest !== undefined) misfit([a, b, c, d, e, f, more]);
    if (++row === room) full();
  }

  function putMany(source: number, ...cells: unknown[]): void {
    if (!(source >= last && source < rowsIn) || (source | 0) !== source) misplaced(source);
    if (cells.length !== n) misfit(cells);
    sources[row] = last = source;
    for (var place = 0; place < n; place++) {
      var value = cells[place], store = stores[place]!;
      if (typeof value !== usual[place] || (store[row] = value) !== store[row]) odd(place, value);
    }
    if (++row === room) full();
  }

  function putRecord(source: number, record: Record): void {
    if (!(source >= last && source < rowsIn) || (source | 0) !== source) misplaced(source);
    if (row === 0) checkNames(record);
    sources[row] = last = source;
    for (var place = 0; place < n; place++) {
      var value = record[columnNames[place]!], store = stores[place]!;
      if (typeof value !== usual[place] || (store[row] = value) !== store[row]) odd(place, value === undefined ? null : value);
    }
    if (++row === room) full();
  }

  /** A value that is not of the usual type, or that a typed array does not hold as it is. */
  function odd(place: number, value: unknown): void {
    const field = fields[place]!, store = stores[place]!;
    if (value === undefined) misfit([...stores.slice(0, place), undefined]);
    if (Array.isArray(store)) {
      store[row] = copied(value);
    } else if (value === null && field.isNullable) {
      store[row] = field.kind.tag in BIGINTS ? 0n : 0;
      (nulls[place] ??= Bits.ones(room)).set(row, false);
    } else {
      store[row] = inOutput(() => build(field, [value], row)).get(0);
    }
  }

  /** Room for twice as many, up to what an output holds. */
  function full(): void {
    if (row === OUTPUT_ROWS) return flush();
    const before = { stores, nulls, sources };
    room = Math.min(OUTPUT_ROWS, 2 * room);
    sources = new Uint32Array(room);
    sources.set(before.sources);
    stores = storesOf(fields, room).map((longer, place) => {
      const store = before.stores[place]!;
      if (Array.isArray(store)) return store;
      (longer as unknown as Float64Array).set(store as unknown as Float64Array);
      return longer;
    }) as unknown as Stores;
    nulls = before.nulls.map((bits) => {
      const longer = Bits.ones(room);
      if (bits !== undefined) longer.bytes.set(bits.bytes);
      return bits && longer;
    });
    [c0, c1, c2, c3, c4, c5] = stores;
  }

  function flush(): void {
    if (row === 0) return;
    const rows = row, built = fields.map((field, place) => [field.name, columnOf(field, rows, stores[place]!, nulls[place])]);
    ready.push(new Output(Object.fromEntries(built), { sourceRows: neverFalling(sources.subarray(0, rows), rowsIn) }));
    row = 0;
    nulls = [];
    sources = new Uint32Array(room);
    [c0, c1, c2, c3, c4, c5] = stores = storesOf(fields, room);
  }

  /** Names are looked at in the first row of an output: what is written once is written alike in the next rows. */
  function checkNames(record: Record): void {
    const given = Object.keys(record), shape = given.join();
    if (shape === known) return;
    for (const name of given) {
      if (!columnNames.includes(name)) throw new Failure(`output: there is no column \`${name}\`; there are ${names(fields)}`);
    }
    known = shape;
  }

  function misplaced(source: number): never {
    const isThere = source >= 0 && source < rowsIn && Number.isInteger(source);
    throw new Failure(isThere ? `source row ${source} after ${last}` : `row ${source} of a batch of ${rowsIn}`);
  }

  function misfit(cells: readonly unknown[]): never {
    const given = cells.findLastIndex((cell) => cell !== undefined) + 1;
    throw new Failure(`a row of ${given} cells, the output has ${n} columns: ${names(fields)}`);
  }

  return { put: n >= 1 && n <= 6 ? put : putMany, putRecord, flush, ready };
}

/** What `typeof` says of a column's values, if they can be kept as they are. */
function usualType({ kind }: Field): string {
  if (kind.tag in NUMBERS) return "number";
  if (kind.tag in BIGINTS) return "bigint";
  return kind.tag === "utf8" ? "string" : kind.tag === "boolean" ? "boolean" : "";
}

function storesOf(fields: Fields, rows: number): Stores {
  return fields.map(({ kind }) => {
    const type = NUMBERS[kind.tag] ?? BIGINTS[kind.tag];
    return type === undefined ? [] : new type(rows);
  }) as unknown as Stores;
}

function columnOf(field: Field, rows: number, store: Store, nulls: Bits | undefined): Column {
  if (Array.isArray(store)) return inOutput(() => build(field, store));
  const validity = nulls?.slice(0, rows) ?? null, values = (store as unknown as Float64Array).subarray(0, rows);
  return field.kind.tag in BIGINTS
    ? new BigIntColumn(field, rows, validity, values as unknown as BigInt64Array)
    : new NumberColumn(field, rows, validity, values);
}
