var _a, _b;
import { joinValidity } from "./bits.js";
import { Column } from "./column.js";
import { fromZero, joinOffsets, takenOffsets, takenPlaces } from "./offsets.js";
import { bytesOf, checkedRows } from "./take.js";
/** A column of lists, which are read as arrays. */
export class ListColumn extends Column {
    /** Where each row's elements start; one more than rows. */
    offsets;
    /** The elements of all rows, and of those that this column is a slice of. */
    elements;
    constructor(field, length, validity, offsets, elements) {
        super(field, length, validity);
        this.offsets = offsets;
        this.elements = elements;
    }
    get(row) {
        const end = this.offsets[row + 1];
        if (end === undefined || row < 0)
            this.outside(row);
        if (this.isNull(row))
            return null;
        const list = [];
        for (var at = this.offsets[row]; at < end; at++)
            list.push(this.elements.get(at));
        return list;
    }
    #with(length, validity, offsets, elements) {
        return new _a(this.field, length, validity, offsets, elements);
    }
    slice(from, length) {
        const offsets = this.offsets.subarray(from, from + length + 1);
        return this.#with(length, this.validity?.slice(from, length) ?? null, offsets, this.elements);
    }
    take(rows) {
        const checked = checkedRows(rows, this.length), offsets = takenOffsets(this.offsets, checked);
        const elements = this.elements.take(takenPlaces(this.offsets, checked, offsets));
        return this.#with(checked.length, this.validity?.take(checked) ?? null, offsets, elements);
    }
    join(others) {
        const all = [this, ...others];
        const [first, ...rest] = all.map((part) => part.#own());
        const validity = joinValidity(all);
        const offsets = joinOffsets(all.map((part) => part.offsets));
        return this.#with(offsets.length - 1, validity, offsets, first.join(rest));
    }
    /** The elements of this column's rows. */
    #own() {
        const first = this.offsets[0], last = this.offsets[this.length];
        return first === 0 && last === this.elements.length ? this.elements : this.elements.slice(first, last - first);
    }
    /** @internal */
    writeValues(out, contract) {
        out.buffers.push(bytesOf(fromZero(this.offsets)));
        this.#own().write(out, contract.children[0]);
    }
}
_a = ListColumn;
/** A column of lists of one length, which are read as arrays. */
export class FixedListColumn extends Column {
    /** The elements of all rows, those of rows that are null too. */
    elements;
    constructor(field, length, validity, elements) {
        super(field, length, validity);
        this.elements = elements;
    }
    /** Elements of a row. */
    get size() {
        return this.field.kind.val;
    }
    get(row) {
        if (!(row >= 0 && row < this.length))
            this.outside(row);
        if (this.isNull(row))
            return null;
        const { size } = this;
        return Array.from({ length: size }, (_, place) => this.elements.get(row * size + place));
    }
    #with(length, validity, elements) {
        return new _b(this.field, length, validity, elements);
    }
    slice(from, length) {
        const elements = this.elements.slice(from * this.size, length * this.size);
        return this.#with(length, this.validity?.slice(from, length) ?? null, elements);
    }
    take(rows) {
        const checked = checkedRows(rows, this.length), { size } = this, places = new Uint32Array(checked.length * size);
        for (var j = 0, at = 0; j < checked.length; j++) {
            for (var place = 0; place < size; place++)
                places[at++] = checked[j] * size + place;
        }
        return this.#with(checked.length, this.validity?.take(checked) ?? null, this.elements.take(places));
    }
    join(others) {
        const all = [this, ...others];
        const validity = joinValidity(all);
        const elements = this.elements.join(others.map((part) => part.elements));
        return this.#with(all.reduce((sum, { length }) => sum + length, 0), validity, elements);
    }
    /** @internal */
    writeValues(out, contract) {
        this.elements.write(out, contract.children[0]);
    }
}
_b = FixedListColumn;
