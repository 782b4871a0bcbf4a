import { Failure } from "./failure.js";
import { FixedColumn, getterOf, SHORT, whereTyped } from "./fixed.js";
import { floatColumn, isKnown } from "./numbers.js";
import { bytesOf, view } from "./take.js";
/** A column of 64-bit whole numbers, times or lengths of time, whose values are BigInts. */
export class BigIntColumn extends FixedColumn {
    constructor(field, length, validity, values) {
        super(field, length, validity, values);
        if (length > SHORT)
            this.get = getterOf(this, values);
    }
    get(row) {
        const value = this.values[row];
        if (value === undefined)
            this.outside(row);
        return (this.validity === null || this.validity.get(row) ? value : null);
    }
    with(length, validity, values) {
        return new BigIntColumn(this.field, length, validity, values);
    }
    where(how, other, among) {
        const isTyped = typeof other === "bigint" || typeof other === "number" || other instanceof BigIntColumn;
        return typeof how === "string" && isKnown(how) && isTyped ? whereTyped(this, how, other, among) : super.where(how, other, among);
    }
    /**
     * The values as numbers, which are several times cheaper to compute with.
     *
     * @throws Failure where a value is beyond ±(2^53 - 1): it would not be exact.
     */
    asNumbers() {
        const words = view(Int32Array, bytesOf(this.values)), low = view(Uint32Array, bytesOf(this.values));
        const high = this.values instanceof BigUint64Array ? low : words;
        var n = this.length, out = new Float64Array(n), isSafe = true;
        for (var i = 0, w = 0; i < n; ++i, w += 2) {
            var top = high[w + 1], value = top * 4294967296 + low[w];
            out[i] = value;
            if (top >= 2097152 || top < -2097152 || value === -9007199254740992)
                isSafe = false;
        }
        if (!isSafe)
            this.#checkSafe(out);
        return floatColumn(out, this.validity);
    }
    #checkSafe(numbers) {
        numbers.forEach((value, row) => {
            if (Number.isSafeInteger(value))
                return;
            if (!this.isNull(row))
                throw new Failure(`${this.values[row]} is not exact as a number`, { row });
            numbers[row] = 0;
        });
    }
    /** The sum of what is not null. */
    sum() {
        var sum = 0n;
        for (var i = 0; i < this.length; ++i)
            if (!this.isNull(i))
                sum += this.values[i];
        return sum;
    }
}
