var _a;
import { joinBits, joinValidity } from "./bits.js";
import { Column } from "./column.js";
import { checkedRows } from "./take.js";
/** A column of truth values. */
export class BooleanColumn extends Column {
    /** The values as bits, those under nulls too. */
    bits;
    constructor(field, length, validity, bits) {
        super(field, length, validity);
        this.bits = bits;
    }
    get(row) {
        if (!(row >= 0 && row < this.length))
            this.outside(row);
        return (this.isNull(row) ? null : this.bits.get(row));
    }
    #with(length, validity, bits) {
        return new _a(this.field, length, validity, bits);
    }
    slice(from, length) {
        return this.#with(length, this.validity?.slice(from, length) ?? null, this.bits.slice(from, length));
    }
    take(rows) {
        const checked = checkedRows(rows, this.length);
        return this.#with(checked.length, this.validity?.take(checked) ?? null, this.bits.take(checked));
    }
    join(others) {
        const all = [this, ...others], lengths = all.map(({ length }) => length);
        const validity = joinValidity(all);
        const bits = joinBits(all.map((part) => part.bits), lengths);
        return this.#with(bits.length, validity, bits);
    }
    /** @internal */
    writeValues(out) {
        out.buffers.push(this.bits.toBytes());
    }
}
_a = BooleanColumn;
