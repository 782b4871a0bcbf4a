import type { Bits } from "./bits.js";
import { FixedColumn } from "./fixed.js";
/** A column of decimals, whose values are BigInts without the point: of scale 2, `1234n` is 12.34. */
export declare class DecimalColumn<out V extends bigint | null = bigint | null> extends FixedColumn<V, BigUint64Array> {
    protected get stride(): number;
    get(row: number): V;
    protected with(length: number, validity: Bits | null, values: BigUint64Array): this;
}
