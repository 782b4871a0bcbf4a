/**
 * 64-bit whole numbers compared with one by their words of four bytes: an interpreter makes a BigInt of each that it reads, and compares whole
 * numbers of 32 bits in one step.
 */

import type { Comparison } from "./column.js";
import { bytesOf, view, type Rows } from "./take.js";

/** Words, and rows to write: the interpreter needs no check that they are there. */
interface Indexed {
  [place: number]: any;
}

/** Rows whose upper and lower word compare so with these; the lower one is compared with its top bit turned over, as one without a sign. */
type Kernel = (w: Indexed, t: number, l: number, n: number, r: Indexed) => number;

/** Writes the rows whose value compares so, and answers how many; none where words do not tell. */
export function whereWords(values: unknown, how: Comparison, other: unknown, rows: Rows): number | undefined {
  const number = values instanceof BigInt64Array ? wholeOf(other) : undefined;
  if (number === undefined) return undefined;
  // At least so much is more than one less.
  const bits = how === ">=" || how === "<" ? number - 1n : number;
  if (bits !== BigInt.asIntN(64, bits)) return undefined;
  // `| 0`: what the interpreter keeps as a whole number, and not as a float.
  const upper = Number(bits >> 32n) | 0, lower = (Number(BigInt.asIntN(32, bits)) | 0) ^ (1 << 31);
  return kernels[how](view(Int32Array, bytesOf(values as BigInt64Array)), upper, lower, rows.length, rows);
}

function wholeOf(other: unknown): bigint | undefined {
  if (typeof other === "number") return Number.isSafeInteger(other) ? BigInt(other) : undefined;
  return typeof other === "bigint" && other === BigInt.asIntN(64, other) ? other : undefined;
}

const above: Kernel = (w, t, l, n, r) => {
  var i = 0, j = 1, k = 0, h, s = 1 << 31, whole = n & ~3;
  while (i < whole) {
    h = w[j];
    if (h >= t && (h > t || (w[j - 1] ^ s) > l)) r[k++] = i;
    ++i;
    h = w[j + 2];
    if (h >= t && (h > t || (w[j + 1] ^ s) > l)) r[k++] = i;
    ++i;
    h = w[j + 4];
    if (h >= t && (h > t || (w[j + 3] ^ s) > l)) r[k++] = i;
    ++i;
    h = w[j + 6];
    if (h >= t && (h > t || (w[j + 5] ^ s) > l)) r[k++] = i;
    ++i;
    j += 8;
  }
  for (; i < n; ++i, j += 2) {
    h = w[j];
    if (h >= t && (h > t || (w[j - 1] ^ s) > l)) r[k++] = i;
  }
  return k;
};

const upTo: Kernel = (w, t, l, n, r) => {
  var i = 0, j = 1, k = 0, h, s = 1 << 31, whole = n & ~3;
  while (i < whole) {
    h = w[j];
    if (h <= t && (h < t || (w[j - 1] ^ s) <= l)) r[k++] = i;
    ++i;
    h = w[j + 2];
    if (h <= t && (h < t || (w[j + 1] ^ s) <= l)) r[k++] = i;
    ++i;
    h = w[j + 4];
    if (h <= t && (h < t || (w[j + 3] ^ s) <= l)) r[k++] = i;
    ++i;
    h = w[j + 6];
    if (h <= t && (h < t || (w[j + 5] ^ s) <= l)) r[k++] = i;
    ++i;
    j += 8;
  }
  for (; i < n; ++i, j += 2) {
    h = w[j];
    if (h <= t && (h < t || (w[j - 1] ^ s) <= l)) r[k++] = i;
  }
  return k;
};

const same: Kernel = (w, t, l, n, r) => {
  var i = 0, j = 1, k = 0, low = l ^ (1 << 31);
  for (; i < n; ++i, j += 2) if (w[j] === t && w[j - 1] === low) r[k++] = i;
  return k;
};

const different: Kernel = (w, t, l, n, r) => {
  var i = 0, j = 1, k = 0, low = l ^ (1 << 31);
  for (; i < n; ++i, j += 2) if (w[j] !== t || w[j - 1] !== low) r[k++] = i;
  return k;
};

const kernels: { readonly [how in Comparison]: Kernel } = {
  ">": above,
  ">=": above,
  "<": upTo,
  "<=": upTo,
  "==": same,
  "!=": different,
};
