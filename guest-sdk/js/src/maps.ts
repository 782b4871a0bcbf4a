import { joinValidity, type Bits } from "./bits.js";
import { Column, type WireColumns } from "./column.js";
import type { Field } from "./field.js";
import { fromZero, joinOffsets, takenOffsets, takenPlaces, type Offsets } from "./offsets.js";
import { bytesOf, checkedRows } from "./take.js";

/** A column of maps, which are read as `Map`s: of a key that is there twice the last value. */
export class MapColumn<
  out V extends Map<any, any> | null = Map<any, any> | null,
  out K extends Column = Column,
  out E extends Column = Column,
> extends Column<V> {
  /** Where each row's entries start; one more than rows. */
  readonly offsets: Offsets;
  /** The keys of all rows, and of those that this column is a slice of. */
  readonly keys: K;
  /** The value of each key. */
  readonly values: E;

  constructor(field: Field, length: number, validity: Bits | null, offsets: Offsets, keys: K, values: E) {
    super(field, length, validity);
    this.offsets = offsets;
    this.keys = keys;
    this.values = values;
  }

  override get(row: number): V {
    const end = this.offsets[row + 1];
    if (end === undefined || row < 0) this.outside(row);
    if (this.isNull(row)) return null as V;
    const entries = new Map<unknown, unknown>();
    for (var at = this.offsets[row]!; at < end; at++) entries.set(this.keys.get(at), this.values.get(at));
    return entries as unknown as V;
  }

  #with(length: number, validity: Bits | null, offsets: Offsets, keys: K, values: E): this {
    return new MapColumn<V, K, E>(this.field, length, validity, offsets, keys, values) as this;
  }

  override slice(from: number, length: number): this {
    const offsets = this.offsets.subarray(from, from + length + 1);
    return this.#with(length, this.validity?.slice(from, length) ?? null, offsets, this.keys, this.values);
  }

  override take(rows: ArrayLike<number>): this {
    const checked = checkedRows(rows, this.length), offsets = takenOffsets(this.offsets, checked);
    const places = takenPlaces(this.offsets, checked, offsets);
    const validity = this.validity?.take(checked) ?? null;
    return this.#with(checked.length, validity, offsets, this.keys.take(places), this.values.take(places));
  }

  override join(others: readonly this[]): this {
    const all = [this, ...others];
    const validity = joinValidity(all);
    const offsets = joinOffsets(all.map((part) => part.offsets));
    const [keys, ...moreKeys] = all.map((part) => part.#own(part.keys)) as [K, ...K[]];
    const [values, ...moreValues] = all.map((part) => part.#own(part.values)) as [E, ...E[]];
    return this.#with(offsets.length - 1, validity, offsets, keys.join(moreKeys), values.join(moreValues));
  }

  /** What is below this column's rows. */
  #own<B extends Column>(below: B): B {
    const first = this.offsets[0]!, last = this.offsets[this.length]!;
    return first === 0 && last === below.length ? below : below.slice(first, last - first);
  }

  /** @internal */
  protected override writeValues(out: WireColumns, contract: Field): void {
    out.buffers.push(bytesOf(fromZero(this.offsets)));
    this.#own(this.keys).write(out, contract.children[0]!);
    this.#own(this.values).write(out, contract.children[1]!);
  }
}
