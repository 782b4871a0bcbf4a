/** Offsets that start at zero, of the same lengths. */
export function fromZero(offsets) {
    const first = offsets[0];
    return first === 0 ? offsets : offsets.map((offset) => offset - first);
}
/** Offsets of rows that are taken. */
export function takenOffsets(offsets, rows) {
    var n = rows.length, taken = new Int32Array(n + 1), at = 0;
    for (var j = 0; j < n;) {
        var row = rows[j];
        at += offsets[row + 1] - offsets[row];
        taken[++j] = at;
    }
    return taken;
}
/** The places below of rows that are taken. */
export function takenPlaces(offsets, rows, taken) {
    const places = new Uint32Array(taken[rows.length]);
    for (var j = 0, at = 0, n = rows.length; j < n; j++) {
        for (var place = offsets[rows[j]], end = offsets[rows[j] + 1]; place < end;)
            places[at++] = place++;
    }
    return places;
}
/** The offsets of several columns whose values are put one after another. */
export function joinOffsets(parts) {
    const joined = new Int32Array(parts.reduce((sum, part) => sum + part.length - 1, 1));
    var at = 0, end = 0;
    for (const part of parts) {
        const first = part[0];
        for (var i = 1; i < part.length; i++)
            joined[++at] = part[i] - first + end;
        end = joined[at];
    }
    return joined;
}
