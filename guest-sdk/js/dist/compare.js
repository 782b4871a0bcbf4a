/** Rows chosen by typed values, four a turn: see `take.ts` for why these loops look as they do. */
import { rising, takeLanes } from "./take.js";
import { whereWords } from "./words.js";
/** Rows, rising, whose value compares so with `other`, a value or as many values. */
export function rowsWhere(values, how, other, isColumn, validity) {
    const n = values.length, rows = new Uint32Array(n);
    const told = isColumn ? undefined : whereWords(values, how, other, rows);
    var k = told ?? (isColumn ? columns : scalars)[how](values, other, n, rows);
    for (const bits of validity) {
        if (bits === null)
            continue;
        var all = k, { bytes, offset } = bits, row, at;
        k = 0;
        for (var j = 0; j < all; ++j) {
            row = rows[j];
            at = offset + row;
            if ((bytes[at >> 3] >> (at & 7)) & 1)
                rows[k++] = row;
        }
    }
    return rising(rows.subarray(0, k), n);
}
/** Of these rows those at the given places. */
export function rowsAt(rows, places) {
    const chosen = new Uint32Array(places.length);
    takeLanes([{ from: rows, to: chosen }], places);
    return chosen;
}
const scalars = {
    ">"(x, y, n, r) {
        var i = 0, k = 0, whole = n & ~3;
        while (i < whole) {
            if (x[i] > y)
                r[k++] = i;
            ++i;
            if (x[i] > y)
                r[k++] = i;
            ++i;
            if (x[i] > y)
                r[k++] = i;
            ++i;
            if (x[i] > y)
                r[k++] = i;
            ++i;
        }
        for (; i < n; ++i)
            if (x[i] > y)
                r[k++] = i;
        return k;
    },
    ">="(x, y, n, r) {
        var i = 0, k = 0, whole = n & ~3;
        while (i < whole) {
            if (x[i] >= y)
                r[k++] = i;
            ++i;
            if (x[i] >= y)
                r[k++] = i;
            ++i;
            if (x[i] >= y)
                r[k++] = i;
            ++i;
            if (x[i] >= y)
                r[k++] = i;
            ++i;
        }
        for (; i < n; ++i)
            if (x[i] >= y)
                r[k++] = i;
        return k;
    },
    "<"(x, y, n, r) {
        var i = 0, k = 0, whole = n & ~3;
        while (i < whole) {
            if (x[i] < y)
                r[k++] = i;
            ++i;
            if (x[i] < y)
                r[k++] = i;
            ++i;
            if (x[i] < y)
                r[k++] = i;
            ++i;
            if (x[i] < y)
                r[k++] = i;
            ++i;
        }
        for (; i < n; ++i)
            if (x[i] < y)
                r[k++] = i;
        return k;
    },
    "<="(x, y, n, r) {
        var i = 0, k = 0, whole = n & ~3;
        while (i < whole) {
            if (x[i] <= y)
                r[k++] = i;
            ++i;
            if (x[i] <= y)
                r[k++] = i;
            ++i;
            if (x[i] <= y)
                r[k++] = i;
            ++i;
            if (x[i] <= y)
                r[k++] = i;
            ++i;
        }
        for (; i < n; ++i)
            if (x[i] <= y)
                r[k++] = i;
        return k;
    },
    // Loose, as a BigInt may be compared with a number.
    "=="(x, y, n, r) {
        var i = 0, k = 0, whole = n & ~3;
        while (i < whole) {
            if (x[i] == y)
                r[k++] = i;
            ++i;
            if (x[i] == y)
                r[k++] = i;
            ++i;
            if (x[i] == y)
                r[k++] = i;
            ++i;
            if (x[i] == y)
                r[k++] = i;
            ++i;
        }
        for (; i < n; ++i)
            if (x[i] == y)
                r[k++] = i;
        return k;
    },
    "!="(x, y, n, r) {
        var i = 0, k = 0, whole = n & ~3;
        while (i < whole) {
            if (x[i] != y)
                r[k++] = i;
            ++i;
            if (x[i] != y)
                r[k++] = i;
            ++i;
            if (x[i] != y)
                r[k++] = i;
            ++i;
            if (x[i] != y)
                r[k++] = i;
            ++i;
        }
        for (; i < n; ++i)
            if (x[i] != y)
                r[k++] = i;
        return k;
    },
};
const columns = {
    ">"(x, y, n, r) {
        for (var i = 0, k = 0; i < n; ++i)
            if (x[i] > y[i])
                r[k++] = i;
        return k;
    },
    ">="(x, y, n, r) {
        for (var i = 0, k = 0; i < n; ++i)
            if (x[i] >= y[i])
                r[k++] = i;
        return k;
    },
    "<"(x, y, n, r) {
        return columns[">"](y, x, n, r);
    },
    "<="(x, y, n, r) {
        return columns[">="](y, x, n, r);
    },
    "=="(x, y, n, r) {
        for (var i = 0, k = 0; i < n; ++i)
            if (x[i] == y[i])
                r[k++] = i;
        return k;
    },
    "!="(x, y, n, r) {
        for (var i = 0, k = 0; i < n; ++i)
            if (x[i] != y[i])
                r[k++] = i;
        return k;
    },
};
