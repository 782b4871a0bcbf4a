/**
 * A column of an input or an output: a name and a kind. `V` is what its values are read as, `W` what they may be written as,
 * `C` the class of the column, `D` its class when it is nullable.
 */
export class Field {
    name;
    kind;
    isNullable;
    children;
    constructor(name, kind, isNullable = false, children = []) {
        this.name = name;
        this.kind = kind;
        this.isNullable = isNullable;
        this.children = children;
    }
    /** The column may hold nulls. */
    nullable() {
        return new Field(this.name, this.kind, true, this.children);
    }
    /** The same under another name. */
    named(name) {
        return new Field(name, this.kind, this.isNullable, this.children);
    }
}
