import { joinValidity, type Bits } from "./bits.js";
import { Column, type WireColumns } from "./column.js";
import type { Field } from "./field.js";
import { checkedRows } from "./take.js";

/** A column of structs, which are read as objects. */
export class StructColumn<
  out V extends object | null = object | null,
  out C extends { readonly [name: string]: Column } = { readonly [name: string]: Column },
> extends Column<V> {
  /** The fields in order. */
  readonly parts: readonly Column[];

  constructor(field: Field, length: number, validity: Bits | null, parts: readonly Column[]) {
    super(field, length, validity);
    this.parts = parts;
  }

  /** The fields by name. */
  get fields(): C {
    return Object.fromEntries(this.field.children.map(({ name }, place) => [name, this.parts[place]])) as C;
  }

  override get(row: number): V {
    if (!(row >= 0 && row < this.length)) this.outside(row);
    if (this.isNull(row)) return null as V;
    const value: { [name: string]: unknown } = {};
    this.field.children.forEach(({ name }, place) => {
      value[name] = this.parts[place]!.get(row);
    });
    return value as V;
  }

  #with(length: number, validity: Bits | null, parts: readonly Column[]): this {
    return new StructColumn<V, C>(this.field, length, validity, parts) as this;
  }

  override slice(from: number, length: number): this {
    return this.#with(length, this.validity?.slice(from, length) ?? null, this.parts.map((part) => part.slice(from, length)));
  }

  override take(rows: ArrayLike<number>): this {
    const checked = checkedRows(rows, this.length);
    return this.#with(checked.length, this.validity?.take(checked) ?? null, this.parts.map((part) => part.take(checked)));
  }

  override join(others: readonly this[]): this {
    const all = [this, ...others];
    const validity = joinValidity(all);
    const parts = this.parts.map((part, place) => part.join(others.map((other) => other.parts[place]!)));
    return this.#with(all.reduce((sum, { length }) => sum + length, 0), validity, parts);
  }

  /** @internal */
  protected override writeValues(out: WireColumns, contract: Field): void {
    this.parts.forEach((part, place) => part.write(out, contract.children[place]!));
  }
}
