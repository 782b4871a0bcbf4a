/**
 * Bits of rows, least significant first as Arrow packs them: the validity of a column, or its truth values.
 * What is beyond the last row is never looked at.
 */
export class Bits {
    bytes;
    offset;
    length;
    constructor(
    /** The bytes that hold them. */
    bytes, 
    /** Where the first row's bit is. */
    offset, length) {
        this.bytes = bytes;
        this.offset = offset;
        this.length = length;
    }
    /** As many bits, all set. */
    static ones(length) {
        return new Bits(new Uint8Array((length + 7) >> 3).fill(255), 0, length);
    }
    /** As many bits, none set. */
    static zeros(length) {
        return new Bits(new Uint8Array((length + 7) >> 3), 0, length);
    }
    get(row) {
        const at = this.offset + row;
        return ((this.bytes[at >> 3] >> (at & 7)) & 1) === 1;
    }
    /** For bits that were just made and nobody else holds. */
    set(row, value) {
        const at = this.offset + row;
        if (value)
            this.bytes[at >> 3] |= 1 << (at & 7);
        else
            this.bytes[at >> 3] &= ~(1 << (at & 7));
    }
    slice(from, length) {
        return new Bits(this.bytes, this.offset + from, length);
    }
    take(rows) {
        var n = rows.length, from = this.bytes, offset = this.offset, to = new Uint8Array((n + 7) >> 3);
        for (var j = 0, byte = 0, bit = 1, at = 0; j < n;) {
            at = offset + rows[j++];
            if ((from[at >> 3] >> (at & 7)) & 1)
                byte |= bit;
            bit <<= 1;
            if (bit === 256) {
                to[(j - 1) >> 3] = byte;
                byte = 0;
                bit = 1;
            }
        }
        if (bit > 1)
            to[n >> 3] = byte;
        return new Bits(to, 0, n);
    }
    /** How many are not set. */
    zeros() {
        const bytes = this.toBytes();
        var ones = 0;
        for (var i = 0; i < bytes.length; i++)
            ones += ONES[bytes[i]];
        return this.length - ones;
    }
    /** Bytes as the contract has them: offset zero, exactly as many as the rows ask, unused bits zero. */
    toBytes() {
        const size = (this.length + 7) >> 3, shift = this.offset & 7, first = this.offset >> 3;
        var bytes;
        if (shift === 0) {
            bytes = this.bytes.subarray(first, first + size);
        }
        else {
            bytes = new Uint8Array(size);
            for (var i = 0; i < size; i++) {
                bytes[i] = (this.bytes[first + i] >> shift) | ((this.bytes[first + i + 1] ?? 0) << (8 - shift));
            }
        }
        const unused = size * 8 - this.length;
        if (unused > 0 && bytes[size - 1] >> (8 - unused) !== 0) {
            if (shift === 0)
                bytes = bytes.slice();
            bytes[size - 1] &= 255 >> unused;
        }
        return bytes;
    }
}
/** The bits of several, one after another; a missing one has all its bits set. */
export function joinBits(parts, lengths) {
    const joined = Bits.zeros(lengths.reduce((sum, length) => sum + length, 0));
    var at = 0;
    parts.forEach((part, index) => {
        for (var i = 0; i < lengths[index]; i++, at++)
            if (part === null || part.get(i))
                joined.set(at, true);
    });
    return joined;
}
/** The validity of several columns, one after another. */
export function joinValidity(columns) {
    if (columns.every(({ validity }) => validity === null))
        return null;
    return joinBits(columns.map(({ validity }) => validity), columns.map(({ length }) => length));
}
/** Rows that are set in both; a missing one has all its bits set. */
export function bothBits(left, right) {
    if (left === null || right === null)
        return left ?? right;
    const one = left.toBytes(), other = right.toBytes();
    return new Bits(one.map((byte, i) => byte & other[i]), 0, left.length);
}
const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
    var ones = 0;
    for (; byte > 0; byte >>= 1)
        ones += byte & 1;
    return ones;
});
