import { joinValidity, type Bits } from "./bits.js";
import { Column, type WireColumns } from "./column.js";
import type { Field } from "./field.js";
import { fromZero, joinOffsets, takenOffsets, takenPlaces, type Offsets } from "./offsets.js";
import { bytesOf, checkedRows } from "./take.js";

/** A column of lists, which are read as arrays. */
export class ListColumn<out V extends unknown[] | null = unknown[] | null, out E extends Column = Column> extends Column<V> {
  /** Where each row's elements start; one more than rows. */
  readonly offsets: Offsets;
  /** The elements of all rows, and of those that this column is a slice of. */
  readonly elements: E;

  constructor(field: Field, length: number, validity: Bits | null, offsets: Offsets, elements: E) {
    super(field, length, validity);
    this.offsets = offsets;
    this.elements = elements;
  }

  override get(row: number): V {
    const end = this.offsets[row + 1];
    if (end === undefined || row < 0) this.outside(row);
    if (this.isNull(row)) return null as V;
    const list: unknown[] = [];
    for (var at = this.offsets[row]!; at < end; at++) list.push(this.elements.get(at));
    return list as V;
  }

  #with(length: number, validity: Bits | null, offsets: Offsets, elements: E): this {
    return new ListColumn<V, E>(this.field, length, validity, offsets, elements) as this;
  }

  override slice(from: number, length: number): this {
    const offsets = this.offsets.subarray(from, from + length + 1);
    return this.#with(length, this.validity?.slice(from, length) ?? null, offsets, this.elements);
  }

  override take(rows: ArrayLike<number>): this {
    const checked = checkedRows(rows, this.length), offsets = takenOffsets(this.offsets, checked);
    const elements = this.elements.take(takenPlaces(this.offsets, checked, offsets));
    return this.#with(checked.length, this.validity?.take(checked) ?? null, offsets, elements);
  }

  override join(others: readonly this[]): this {
    const all = [this, ...others];
    const [first, ...rest] = all.map((part) => part.#own()) as [E, ...E[]];
    const validity = joinValidity(all);
    const offsets = joinOffsets(all.map((part) => part.offsets));
    return this.#with(offsets.length - 1, validity, offsets, first.join(rest));
  }

  /** The elements of this column's rows. */
  #own(): E {
    const first = this.offsets[0]!, last = this.offsets[this.length]!;
    return first === 0 && last === this.elements.length ? this.elements : this.elements.slice(first, last - first);
  }

  /** @internal */
  protected override writeValues(out: WireColumns, contract: Field): void {
    out.buffers.push(bytesOf(fromZero(this.offsets)));
    this.#own().write(out, contract.children[0]!);
  }
}

/** A column of lists of one length, which are read as arrays. */
export class FixedListColumn<out V extends unknown[] | null = unknown[] | null, out E extends Column = Column> extends Column<V> {
  /** The elements of all rows, those of rows that are null too. */
  readonly elements: E;

  constructor(field: Field, length: number, validity: Bits | null, elements: E) {
    super(field, length, validity);
    this.elements = elements;
  }

  /** Elements of a row. */
  get size(): number {
    return (this.field.kind as { val: number }).val;
  }

  override get(row: number): V {
    if (!(row >= 0 && row < this.length)) this.outside(row);
    if (this.isNull(row)) return null as V;
    const { size } = this;
    return Array.from({ length: size }, (_, place) => this.elements.get(row * size + place)) as V;
  }

  #with(length: number, validity: Bits | null, elements: E): this {
    return new FixedListColumn<V, E>(this.field, length, validity, elements) as this;
  }

  override slice(from: number, length: number): this {
    const elements = this.elements.slice(from * this.size, length * this.size);
    return this.#with(length, this.validity?.slice(from, length) ?? null, elements);
  }

  override take(rows: ArrayLike<number>): this {
    const checked = checkedRows(rows, this.length), { size } = this, places = new Uint32Array(checked.length * size);
    for (var j = 0, at = 0; j < checked.length; j++) {
      for (var place = 0; place < size; place++) places[at++] = checked[j]! * size + place;
    }
    return this.#with(checked.length, this.validity?.take(checked) ?? null, this.elements.take(places));
  }

  override join(others: readonly this[]): this {
    const all = [this, ...others];
    const validity = joinValidity(all);
    const elements = this.elements.join(others.map((part) => part.elements));
    return this.#with(all.reduce((sum, { length }) => sum + length, 0), validity, elements);
  }

  /** @internal */
  protected override writeValues(out: WireColumns, contract: Field): void {
    this.elements.write(out, contract.children[0]!);
  }
}
