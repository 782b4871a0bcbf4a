import { joinValidity } from "./bits.js";
import { Column } from "./column.js";
import { FixedColumn } from "./fixed.js";
import { fromZero, joinOffsets, takenOffsets } from "./offsets.js";
import { encodeText, isAscii, latin1, textOfUtf8 } from "./text.js";
import { bytesOf, checkedRows, isRising, rising } from "./take.js";
/** The bytes below a column, shared by its slices. */
export class Bytes {
    all;
    #latin;
    #isAscii = true;
    constructor(all) {
        this.all = all;
    }
    /** As text; all of it becomes a string once, which is cheaper than row by row. */
    text(from, to) {
        if (this.#latin === undefined) {
            this.#latin = latin1(this.all);
            this.#isAscii = isAscii(this.all);
        }
        const latin = this.#latin.substring(from, to);
        return this.#isAscii ? latin : textOfUtf8(latin);
    }
}
/** A column of bytes of any length, or of text in UTF-8. */
class OffsetColumn extends Column {
    /** Where each row's bytes start; one more than rows. */
    offsets;
    /** The bytes, of this column and of what it is a slice of. */
    bytes;
    constructor(field, length, validity, offsets, bytes) {
        super(field, length, validity);
        this.offsets = offsets;
        this.bytes = bytes;
    }
    slice(from, length) {
        const offsets = this.offsets.subarray(from, from + length + 1);
        return this.with(length, this.validity?.slice(from, length) ?? null, offsets, this.bytes);
    }
    take(rows) {
        const checked = checkedRows(rows, this.length), isKept = isRising(checked, this.length);
        if (isKept && checked.length === this.length)
            return this;
        const offsets = takenOffsets(this.offsets, checked);
        const bytes = isKept ? this.#kept(checked, offsets) : this.#taken(checked, offsets);
        return this.with(checked.length, this.validity?.take(checked) ?? null, offsets, new Bytes(bytes));
    }
    /** Rows that rise: a copy of all bytes is moved together, as many rows at once as there are side by side. */
    #kept(rows, offsets) {
        const from = this.offsets, n = rows.length, first = from[0];
        if (n === 0)
            return new Uint8Array(0);
        const bytes = this.bytes.all.slice(first, from[this.length]);
        var at = 0, start = from[rows[0]], end = from[rows[0] + 1];
        for (var j = 1; j < n; j++) {
            var row = rows[j], next = from[row];
            if (next !== end) {
                bytes.copyWithin(at, start - first, end - first);
                at += end - start;
                start = next;
            }
            end = from[row + 1];
        }
        bytes.copyWithin(at, start - first, end - first);
        return bytes.subarray(0, offsets[n]);
    }
    #taken(rows, offsets) {
        const from = this.offsets, all = this.bytes.all, bytes = new Uint8Array(offsets[rows.length]);
        for (var j = 0, at = 0, n = rows.length; j < n; j++) {
            var start = from[rows[j]], end = from[rows[j] + 1];
            if (end - start > 8) {
                bytes.set(all.subarray(start, end), at);
                at += end - start;
            }
            else {
                while (start < end)
                    bytes[at++] = all[start++];
            }
        }
        return bytes;
    }
    join(others) {
        const all = [this, ...others];
        const offsets = joinOffsets(all.map((part) => part.offsets));
        const bytes = new Uint8Array(offsets[offsets.length - 1]);
        var at = 0;
        for (const { offsets: from, bytes: { all: part }, length } of all) {
            bytes.set(part.subarray(from[0], from[length]), at);
            at += from[length] - from[0];
        }
        const validity = joinValidity(all);
        return this.with(offsets.length - 1, validity, offsets, new Bytes(bytes));
    }
    /** @internal */
    writeValues(out) {
        const { offsets, length } = this;
        out.buffers.push(bytesOf(fromZero(offsets)), this.bytes.all.subarray(offsets[0], offsets[length]));
    }
}
/** A column of text. */
export class TextColumn extends OffsetColumn {
    get(row) {
        const end = this.offsets[row + 1];
        if (end === undefined || row < 0)
            this.outside(row);
        return (this.validity === null || this.validity.get(row) ? this.bytes.text(this.offsets[row], end) : null);
    }
    with(length, validity, offsets, bytes) {
        return new TextColumn(this.field, length, validity, offsets, bytes);
    }
    where(how, other, among) {
        return how === "==" && typeof other === "string" && among === undefined ? this.#equalTo(other) : super.where(how, other, among);
    }
    /** By bytes: no text is made. */
    #equalTo(text) {
        const wanted = encodeText(text), size = wanted.length, { offsets, length, validity } = this, all = this.bytes.all;
        const rows = new Uint32Array(length);
        var k = 0;
        for (var row = 0; row < length; row++) {
            var start = offsets[row];
            if (offsets[row + 1] - start !== size)
                continue;
            for (var i = 0; i < size && all[start + i] === wanted[i];)
                i++;
            if (i === size && (validity === null || validity.get(row)))
                rows[k++] = row;
        }
        return rising(rows.subarray(0, k), length);
    }
}
/** A column of bytes. */
export class BinaryColumn extends OffsetColumn {
    /** A view of the column's bytes. */
    get(row) {
        const end = this.offsets[row + 1];
        if (end === undefined || row < 0)
            this.outside(row);
        return (this.isNull(row) ? null : this.bytes.all.subarray(this.offsets[row], end));
    }
    with(length, validity, offsets, bytes) {
        return new BinaryColumn(this.field, length, validity, offsets, bytes);
    }
}
/** A column of bytes of one length. */
export class FixedBinaryColumn extends FixedColumn {
    get stride() {
        return this.field.kind.val;
    }
    /** A view of the column's bytes. */
    get(row) {
        if (!(row >= 0 && row < this.length))
            this.outside(row);
        const { stride } = this;
        return (this.isNull(row) ? null : this.values.subarray(row * stride, (row + 1) * stride));
    }
    with(length, validity, values) {
        return new FixedBinaryColumn(this.field, length, validity, values);
    }
}
