import { bothBits } from "./bits.js";
import { Column } from "./column.js";
import { Failure } from "./failure.js";
import { Field } from "./field.js";
import { FixedColumn, getterOf, SHORT, whereTyped } from "./fixed.js";
/** A column whose values are numbers: whole ones of up to 32 bits, floats, days. */
export class NumberColumn extends FixedColumn {
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
        return new NumberColumn(this.field, length, validity, values);
    }
    where(how, other, among) {
        return typeof how === "string" && isKnown(how) && (typeof other === "number" || other instanceof NumberColumn)
            ? whereTyped(this, how, other, among)
            : super.where(how, other, among);
    }
    /** Sums, as floats; null where either is. */
    add(other) {
        return floats(this, other, (x, y, n, o) => {
            for (var i = 0; i < n; ++i)
                o[i] = x[i] + y;
        }, (x, y, n, o) => {
            for (var i = 0; i < n; ++i)
                o[i] = x[i] + y[i];
        });
    }
    /** Differences, as floats; null where either is. */
    subtract(other) {
        return floats(this, other, (x, y, n, o) => {
            for (var i = 0; i < n; ++i)
                o[i] = x[i] - y;
        }, (x, y, n, o) => {
            for (var i = 0; i < n; ++i)
                o[i] = x[i] - y[i];
        });
    }
    /** Products, as floats; null where either is. */
    multiply(other) {
        return floats(this, other, (x, y, n, o) => {
            for (var i = 0; i < n; ++i)
                o[i] = x[i] * y;
        }, (x, y, n, o) => {
            for (var i = 0; i < n; ++i)
                o[i] = x[i] * y[i];
        });
    }
    /** Quotients, as floats; null where either is. */
    divide(other) {
        return floats(this, other, (x, y, n, o) => {
            for (var i = 0; i < n; ++i)
                o[i] = x[i] / y;
        }, (x, y, n, o) => {
            for (var i = 0; i < n; ++i)
                o[i] = x[i] / y[i];
        });
    }
    /** The sum of what is not null, in the order of rows; 0 of nothing. */
    sum() {
        var sum = 0, x = this.values, n = this.length, bits = this.validity;
        if (bits === null)
            for (var i = 0; i < n; ++i)
                sum += x[i];
        else
            for (var i = 0; i < n; ++i)
                if (bits.get(i))
                    sum += x[i];
        return sum;
    }
}
function floats(left, right, withNumber, withColumn) {
    const n = left.length, out = new Float64Array(n);
    var validity = left.validity;
    if (typeof right === "number") {
        withNumber(left.values, right, n, out);
    }
    else {
        if (!(right instanceof NumberColumn))
            throw new Failure("arithmetic is with a number or a column of numbers: see `asNumbers`");
        if (right.length !== n)
            throw new Failure(`arithmetic of a column of ${n} rows with one of ${right.length}`);
        withColumn(left.values, right.values, n, out);
        validity = bothBits(validity, right.validity);
    }
    return floatColumn(out, validity);
}
/** A column of floats. */
export function floatColumn(values, validity) {
    return new NumberColumn(new Field("item", { tag: "float64" }, validity !== null), values.length, validity, values);
}
export function isKnown(how) {
    return how === "<" || how === "<=" || how === ">" || how === ">=" || how === "==" || how === "!=";
}
