import { cellsOf, type Cells } from "./cells.js";
import type { CellsOf, Fields, RecordOf } from "./field.js";
import { Output, type ColumnsGiven, type Rejection } from "./output.js";

/** Where the keyed and interval scopes put their rows. */
export class Rows<F extends Fields = Fields> {
  readonly #cells: Cells;

  /** @internal */
  constructor(fields: F) {
    this.#cells = cellsOf(fields, 1);
  }

  /** Adds a row: its cells, in the order of the output's columns. */
  emit(...cells: CellsOf<F>): void {
    this.#cells.put(0, ...cells);
  }

  /** Adds a row by the names of its columns; what is nullable may be left out. */
  emitRecord(record: RecordOf<F>): void {
    this.#cells.putRecord(0, record);
  }

  /** Adds rows as columns. */
  emitColumns(columns: ColumnsGiven<F>): void {
    this.#cells.flush();
    this.#cells.ready.push(new Output(columns));
  }

  /** What has been added, as outputs. @internal */
  flush(): Output[] {
    this.#cells.flush();
    return this.#cells.ready.splice(0);
  }
}

/** Where the row scope puts its rows: each with the row of the batch that it came from. */
export class Emitter<F extends Fields = Fields> {
  /** Adds a row that row `source` of the batch gave: its cells, in the order of the output's columns. Sources never fall. */
  readonly emit: (source: number, ...cells: CellsOf<F>) => void;
  /** As {@link emit}, by the names of columns; what is nullable may be left out. */
  readonly emitRecord: (source: number, record: RecordOf<F>) => void;
  readonly #cells: Cells;
  readonly #rejected: Rejection[] = [];

  /** @internal */
  constructor(fields: F, rowsIn: number) {
    this.#cells = cellsOf(fields, rowsIn);
    this.emit = this.#cells.put as (source: number, ...cells: CellsOf<F>) => void;
    this.emitRecord = this.#cells.putRecord;
  }

  /** A row of the batch that cannot be used, and why. The run goes on. */
  reject(source: number, reason: string): void {
    this.#rejected.push({ row: source, reason: String(reason) });
  }

  /** Outputs with their source rows; rejected rows go with the last. @internal */
  flush(): Output[] {
    this.#cells.flush();
    const made = this.#cells.ready.splice(0), rejected = this.#rejected;
    if (rejected.length === 0) return made;
    const last = made.pop();
    return [...made, new Output((last?.given ?? null) as never, { sourceRows: last?.sourceRows ?? [], rejected })];
  }
}
