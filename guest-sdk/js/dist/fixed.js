import { Column } from "./column.js";
import { joinValidity } from "./bits.js";
import { rowsAt, rowsWhere } from "./compare.js";
import { Failure } from "./failure.js";
import { bytesOf, checkedRows, isRising, laneOf, takeLanes, takeWide } from "./take.js";
/** A column whose values have one width, one after another in a typed array. */
export class FixedColumn extends Column {
    /**
     * The values, those under nulls too. It is the memory that the host handed in, or the SDK made: write only into what you made
     * yourself.
     */
    values;
    constructor(field, length, validity, values) {
        super(field, length, validity);
        this.values = values;
    }
    /** Entries of `values` in a row's value. */
    get stride() {
        return 1;
    }
    /** As this column, of other rows. */
    of(length, validity, bytes) {
        const { constructor: type, BYTES_PER_ELEMENT: width } = this.values;
        const values = new type(bytes.buffer, bytes.byteOffset, bytes.byteLength / width);
        return this.with(length, validity, values);
    }
    slice(from, length) {
        const { stride } = this;
        const values = this.values.subarray(from * stride, (from + length) * stride);
        return this.with(length, this.validity?.slice(from, length) ?? null, values);
    }
    take(rows) {
        const checked = checkedRows(rows, this.length), taking = this.taking(checked);
        takeLanes(taking.lanes, checked);
        return taking.done();
    }
    /** @internal */
    taking(rows) {
        if (rows.length === this.length && isRising(rows, this.length))
            return { lanes: [], done: () => this };
        const bytes = bytesOf(this.values), width = this.values.BYTES_PER_ELEMENT * this.stride;
        const { lanes, taken, words } = laneOf(bytes, width, rows);
        return {
            lanes,
            done: () => {
                if (words)
                    takeWide(bytes, width, rows, taken);
                return this.of(rows.length, this.validity?.take(rows) ?? null, taken);
            },
        };
    }
    join(others) {
        const all = [this, ...others];
        const bytes = new Uint8Array(all.reduce((sum, { values }) => sum + values.byteLength, 0));
        var at = 0;
        for (const { values } of all) {
            bytes.set(bytesOf(values), at);
            at += values.byteLength;
        }
        const validity = joinValidity(all);
        return this.of(all.reduce((sum, { length }) => sum + length, 0), validity, bytes);
    }
    /** @internal */
    writeValues(out) {
        out.buffers.push(bytesOf(this.values));
    }
}
/** Columns of more rows have a `get` of their own, which is twice as fast and costs as much as a few calls to make. */
export const SHORT = 16;
/** `get` of a column, whose parts are at hand without looking them up. */
export function getterOf(column, values) {
    const outside = (row) => {
        throw new RangeError(`row ${row} of a column of ${column.length}`);
    };
    if (column.validity === null) {
        return (row) => {
            var value = values[row];
            return value === undefined ? outside(row) : value;
        };
    }
    const { bytes, offset } = column.validity;
    return (row) => {
        var value = values[row], at = offset + row;
        return value === undefined ? outside(row) : (bytes[at >> 3] >> (at & 7)) & 1 ? value : null;
    };
}
/** `where` of columns whose typed arrays compare as their values do. */
export function whereTyped(column, how, other, among) {
    const isColumn = other instanceof FixedColumn;
    if (isColumn && other.length !== column.length) {
        throw new Failure(`a column of ${other.length} rows compared with one of ${column.length}`);
    }
    if (among !== undefined) {
        const rows = checkedRows(among, column.length);
        const right = isColumn ? other.take(rows) : other;
        return rowsAt(rows, whereTyped(column.take(rows), how, right, undefined));
    }
    const validity = isColumn ? [column.validity, other.validity] : [column.validity];
    return rowsWhere(column.values, how, isColumn ? other.values : other, isColumn, validity);
}
