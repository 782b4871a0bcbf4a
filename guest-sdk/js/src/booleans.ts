import { joinBits, joinValidity, type Bits } from "./bits.js";
import { Column, type WireColumns } from "./column.js";
import type { Field } from "./field.js";
import { checkedRows } from "./take.js";

/** A column of truth values. */
export class BooleanColumn<out V extends boolean | null = boolean | null> extends Column<V> {
  /** The values as bits, those under nulls too. */
  readonly bits: Bits;

  constructor(field: Field, length: number, validity: Bits | null, bits: Bits) {
    super(field, length, validity);
    this.bits = bits;
  }

  override get(row: number): V {
    if (!(row >= 0 && row < this.length)) this.outside(row);
    return (this.isNull(row) ? null : this.bits.get(row)) as V;
  }

  #with(length: number, validity: Bits | null, bits: Bits): this {
    return new BooleanColumn<V>(this.field, length, validity, bits) as this;
  }

  override slice(from: number, length: number): this {
    return this.#with(length, this.validity?.slice(from, length) ?? null, this.bits.slice(from, length));
  }

  override take(rows: ArrayLike<number>): this {
    const checked = checkedRows(rows, this.length);
    return this.#with(checked.length, this.validity?.take(checked) ?? null, this.bits.take(checked));
  }

  override join(others: readonly this[]): this {
    const all = [this, ...others], lengths = all.map(({ length }) => length);
    const validity = joinValidity(all);
    const bits = joinBits(all.map((part) => part.bits), lengths);
    return this.#with(bits.length, validity, bits);
  }

  /** @internal */
  protected override writeValues(out: WireColumns): void {
    out.buffers.push(this.bits.toBytes());
  }
}
