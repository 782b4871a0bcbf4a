var _a;
import { joinValidity } from "./bits.js";
import { Column } from "./column.js";
import { checkedRows } from "./take.js";
/** A column of structs, which are read as objects. */
export class StructColumn extends Column {
    /** The fields in order. */
    parts;
    constructor(field, length, validity, parts) {
        super(field, length, validity);
        this.parts = parts;
    }
    /** The fields by name. */
    get fields() {
        return Object.fromEntries(this.field.children.map(({ name }, place) => [name, this.parts[place]]));
    }
    get(row) {
        if (!(row >= 0 && row < this.length))
            this.outside(row);
        if (this.isNull(row))
            return null;
        const value = {};
        this.field.children.forEach(({ name }, place) => {
            value[name] = this.parts[place].get(row);
        });
        return value;
    }
    #with(length, validity, parts) {
        return new _a(this.field, length, validity, parts);
    }
    slice(from, length) {
        return this.#with(length, this.validity?.slice(from, length) ?? null, this.parts.map((part) => part.slice(from, length)));
    }
    take(rows) {
        const checked = checkedRows(rows, this.length);
        return this.#with(checked.length, this.validity?.take(checked) ?? null, this.parts.map((part) => part.take(checked)));
    }
    join(others) {
        const all = [this, ...others];
        const validity = joinValidity(all);
        const parts = this.parts.map((part, place) => part.join(others.map((other) => other.parts[place])));
        return this.#with(all.reduce((sum, { length }) => sum + length, 0), validity, parts);
    }
    /** @internal */
    writeValues(out, contract) {
        this.parts.forEach((part, place) => part.write(out, contract.children[place]));
    }
}
_a = StructColumn;
