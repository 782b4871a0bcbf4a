import { FixedColumn } from "./fixed.js";
/** A column of decimals, whose values are BigInts without the point: of scale 2, `1234n` is 12.34. */
export class DecimalColumn extends FixedColumn {
    get stride() {
        return 2;
    }
    get(row) {
        const low = this.values[2 * row];
        if (low === undefined)
            this.outside(row);
        if (this.isNull(row))
            return null;
        const high = BigInt.asIntN(64, this.values[2 * row + 1]);
        return ((high << 64n) | low);
    }
    with(length, validity, values) {
        return new DecimalColumn(this.field, length, validity, values);
    }
}
