/**
 * Values of eight bytes compared with one value by their words of four. An interpreter compares whole numbers of 32 bits in one step, floats in
 * many, and makes a BigInt of each int64 that it reads.
 */
import { bytesOf, view } from "./take.js";
/** Writes the rows whose value compares so, and answers how many; none where words do not tell. */
export function whereWords(values, how, other, rows) {
    const least = values instanceof Float64Array ? floatBits(values, how, other)
        : values instanceof BigInt64Array ? wholeBits(other) : undefined;
    if (least === undefined)
        return undefined;
    const isBelow = how === ">=" || how === "<", bits = isBelow ? least - 1n : least;
    if (bits !== BigInt.asIntN(64, bits))
        return undefined;
    // Whole numbers of 32 bits are what the interpreter keeps as such.
    const upper = Number(bits >> 32n) | 0, lower = (Number(BigInt.asIntN(32, bits)) | 0) ^ (1 << 31);
    return kernels[how](view(Int32Array, bytesOf(values)), upper, lower, rows.length, rows);
}
/**
 * The bits of a number. Floats from 0 on rise as their bits do, and those below have the sign's bit. Zero has two forms, and a number
 * below zero rises as its bits fall.
 */
function floatBits(values, how, other) {
    if (typeof other !== "number" || !(other > 0 || (other === 0 && (how === ">" || how === "<="))))
        return undefined;
    // Adding 0 makes 0 of -0.
    return values.includes(NaN) ? undefined : new BigInt64Array(Float64Array.of(other + 0).buffer)[0];
}
function wholeBits(other) {
    if (typeof other === "number")
        return Number.isSafeInteger(other) ? BigInt(other) : undefined;
    return typeof other === "bigint" && other === BigInt.asIntN(64, other) ? other : undefined;
}
const above = (w, t, l, n, r) => {
    var i = 0, j = 1, k = 0, h, s = 1 << 31, whole = n & ~3;
    while (i < whole) {
        h = w[j];
        if (h >= t && (h > t || (w[j - 1] ^ s) > l))
            r[k++] = i;
        ++i;
        h = w[j + 2];
        if (h >= t && (h > t || (w[j + 1] ^ s) > l))
            r[k++] = i;
        ++i;
        h = w[j + 4];
        if (h >= t && (h > t || (w[j + 3] ^ s) > l))
            r[k++] = i;
        ++i;
        h = w[j + 6];
        if (h >= t && (h > t || (w[j + 5] ^ s) > l))
            r[k++] = i;
        ++i;
        j += 8;
    }
    for (; i < n; ++i, j += 2) {
        h = w[j];
        if (h >= t && (h > t || (w[j - 1] ^ s) > l))
            r[k++] = i;
    }
    return k;
};
const upTo = (w, t, l, n, r) => {
    var i = 0, j = 1, k = 0, h, s = 1 << 31, whole = n & ~3;
    while (i < whole) {
        h = w[j];
        if (h <= t && (h < t || (w[j - 1] ^ s) <= l))
            r[k++] = i;
        ++i;
        h = w[j + 2];
        if (h <= t && (h < t || (w[j + 1] ^ s) <= l))
            r[k++] = i;
        ++i;
        h = w[j + 4];
        if (h <= t && (h < t || (w[j + 3] ^ s) <= l))
            r[k++] = i;
        ++i;
        h = w[j + 6];
        if (h <= t && (h < t || (w[j + 5] ^ s) <= l))
            r[k++] = i;
        ++i;
        j += 8;
    }
    for (; i < n; ++i, j += 2) {
        h = w[j];
        if (h <= t && (h < t || (w[j - 1] ^ s) <= l))
            r[k++] = i;
    }
    return k;
};
const same = (w, t, l, n, r) => {
    var i = 0, j = 1, k = 0, low = l ^ (1 << 31);
    for (; i < n; ++i, j += 2)
        if (w[j] === t && w[j - 1] === low)
            r[k++] = i;
    return k;
};
const different = (w, t, l, n, r) => {
    var i = 0, j = 1, k = 0, low = l ^ (1 << 31);
    for (; i < n; ++i, j += 2)
        if (w[j] !== t || w[j - 1] !== low)
            r[k++] = i;
    return k;
};
const kernels = {
    ">": above,
    ">=": above,
    "<": upTo,
    "<=": upTo,
    "==": same,
    "!=": different,
};
