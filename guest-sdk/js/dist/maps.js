var _a;
import { joinValidity } from "./bits.js";
import { Column } from "./column.js";
import { fromZero, joinOffsets, takenOffsets, takenPlaces } from "./offsets.js";
import { bytesOf, checkedRows } from "./take.js";
/** A column of maps, which are read as `Map`s: of a key that is there twice the last value. */
export class MapColumn extends Column {
    /** Where each row's entries start; one more than rows. */
    offsets;
    /** The keys of all rows, and of those that this column is a slice of. */
    keys;
    /** The value of each key. */
    values;
    constructor(field, length, validity, offsets, keys, values) {
        super(field, length, validity);
        this.offsets = offsets;
        this.keys = keys;
        this.values = values;
    }
    get(row) {
        const end = this.offsets[row + 1];
        if (end === undefined || row < 0)
            this.outside(row);
        if (this.isNull(row))
            return null;
        const entries = new Map();
        for (var at = this.offsets[row]; at < end; at++)
            entries.set(this.keys.get(at), this.values.get(at));
        return entries;
    }
    #with(length, validity, offsets, keys, values) {
        return new _a(this.field, length, validity, offsets, keys, values);
    }
    slice(from, length) {
        const offsets = this.offsets.subarray(from, from + length + 1);
        return this.#with(length, this.validity?.slice(from, length) ?? null, offsets, this.keys, this.values);
    }
    take(rows) {
        const checked = checkedRows(rows, this.length), offsets = takenOffsets(this.offsets, checked);
        const places = takenPlaces(this.offsets, checked, offsets);
        const validity = this.validity?.take(checked) ?? null;
        return this.#with(checked.length, validity, offsets, this.keys.take(places), this.values.take(places));
    }
    join(others) {
        const all = [this, ...others];
        const validity = joinValidity(all);
        const offsets = joinOffsets(all.map((part) => part.offsets));
        const [keys, ...moreKeys] = all.map((part) => part.#own(part.keys));
        const [values, ...moreValues] = all.map((part) => part.#own(part.values));
        return this.#with(offsets.length - 1, validity, offsets, keys.join(moreKeys), values.join(moreValues));
    }
    /** What is below this column's rows. */
    #own(below) {
        const first = this.offsets[0], last = this.offsets[this.length];
        return first === 0 && last === below.length ? below : below.slice(first, last - first);
    }
    /** @internal */
    writeValues(out, contract) {
        out.buffers.push(bytesOf(fromZero(this.offsets)));
        this.#own(this.keys).write(out, contract.children[0]);
        this.#own(this.values).write(out, contract.children[1]);
    }
}
_a = MapColumn;
