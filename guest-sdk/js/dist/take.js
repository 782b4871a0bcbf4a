/**
 * Rows of columns. An interpreter runs these loops: they are written for few steps a row, with `var`, whose places need no check
 * that they have been initialized, and four rows a turn.
 */
import { Failure } from "./failure.js";
/** Rows that this SDK chose, and of how many: they lie below and never fall. Nobody is told to write into them. */
const chosen = new WeakMap();
/** Those of them that rise strictly. */
const risen = new WeakSet();
export function rising(rows, of) {
    risen.add(rows);
    return neverFalling(rows, of);
}
export function neverFalling(rows, of) {
    chosen.set(rows, of);
    return rows;
}
/** Rows as an array of this type, looked at if they are not known to lie below `of`. */
export function checkedRows(rows, of, what = "row") {
    if (rows instanceof Uint32Array) {
        if (chosen.get(rows) === of)
            return rows;
        for (var j = 0, n = rows.length; j < n;) {
            if (rows[j++] >= of)
                throw new Failure(`${what} ${rows[j - 1]} of ${of}`);
        }
        return rows;
    }
    var given = rows, n = given.length, copy = new Uint32Array(n), row;
    for (var j = 0; j < n; ++j) {
        row = given[j];
        // What is no whole number of 32 bits without a sign is not what these bits are.
        if (row >>> 0 !== row || row >= of)
            throw new Failure(`${what} ${row} of ${of}`);
        copy[j] = row;
    }
    return copy;
}
/** Whether they are known to rise strictly. */
export function isRising(rows, of) {
    return risen.has(rows) && chosen.get(rows) === of;
}
/** Whether they are known not to fall. */
export function isNeverFalling(rows, of) {
    return chosen.get(rows) === of;
}
/** Fills lanes, two at a time. */
export function takeLanes(lanes, rows) {
    const n = rows.length;
    var at = 0;
    for (; at + 1 < lanes.length; at += 2) {
        const one = lanes[at], other = lanes[at + 1];
        take2(rows, n, one.from, one.to, other.from, other.to);
    }
    if (at < lanes.length)
        take1(rows, n, lanes[at].from, lanes[at].to);
}
function take1(r, n, x, o) {
    var j = 0, whole = n & ~3;
    while (j < whole) {
        o[j] = x[r[j]];
        ++j;
        o[j] = x[r[j]];
        ++j;
        o[j] = x[r[j]];
        ++j;
        o[j] = x[r[j]];
        ++j;
    }
    for (; j < n; ++j)
        o[j] = x[r[j]];
}
function take2(r, n, x, o, y, p) {
    var j = 0, i, whole = n & ~3;
    while (j < whole) {
        i = r[j];
        o[j] = x[i];
        p[j] = y[i];
        ++j;
        i = r[j];
        o[j] = x[i];
        p[j] = y[i];
        ++j;
        i = r[j];
        o[j] = x[i];
        p[j] = y[i];
        ++j;
        i = r[j];
        o[j] = x[i];
        p[j] = y[i];
        ++j;
    }
    for (; j < n; ++j) {
        i = r[j];
        o[j] = x[i];
        p[j] = y[i];
    }
}
/** Bytes as an array of another type; copied where they do not start at a multiple of its width. */
export function view(type, bytes) {
    const width = type.BYTES_PER_ELEMENT;
    if (bytes.byteOffset % width !== 0)
        bytes = bytes.slice();
    return new type(bytes.buffer, bytes.byteOffset, bytes.length / width);
}
/** The bytes of a typed array. */
export function bytesOf(values) {
    return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
/**
 * The lane for values of a width, over the bytes of the column. Eight bytes move as floats, which is one step for each and keeps
 * their bits unless they are those of a NaN; then they move as words.
 */
export function laneOf(bytes, width, rows) {
    const taken = new Uint8Array(rows.length * width);
    const type = { 1: Uint8Array, 2: Uint16Array, 4: Int32Array, 8: Float64Array }[width];
    if (type === undefined)
        return { lanes: [], taken, words: true };
    const from = view(type, bytes);
    if (width === 8 && from.includes(NaN))
        return { lanes: [], taken, words: true };
    return { lanes: [{ from, to: view(type, taken) }], taken, words: false };
}
/** Values of any width, as words of four bytes or byte by byte. */
export function takeWide(bytes, width, rows, taken) {
    const isWords = width % 4 === 0;
    const from = isWords ? view(Int32Array, bytes) : bytes, to = isWords ? view(Int32Array, taken) : taken;
    const size = isWords ? width / 4 : width;
    for (var j = 0, at = 0, n = rows.length; j < n; j++) {
        for (var place = rows[j] * size, end = place + size; place < end;)
            to[at++] = from[place++];
    }
}
