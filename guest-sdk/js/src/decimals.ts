import type { Bits } from "./bits.js";
import { FixedColumn } from "./fixed.js";

/** A column of decimals, whose values are BigInts without the point: of scale 2, `1234n` is 12.34. */
export class DecimalColumn<out V extends bigint | null = bigint | null> extends FixedColumn<V, BigUint64Array> {
  protected override get stride(): number {
    return 2;
  }

  override get(row: number): V {
    const low = this.values[2 * row];
    if (low === undefined) this.outside(row);
    if (this.isNull(row)) return null as V;
    const high = BigInt.asIntN(64, this.values[2 * row + 1]!);
    return ((high << 64n) | low) as V;
  }

  protected override with(length: number, validity: Bits | null, values: BigUint64Array): this {
    return new DecimalColumn<V>(this.field, length, validity, values) as this;
  }
}
