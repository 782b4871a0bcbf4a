import type { Column } from "./column.js";
/** What one node of a schema holds, as the contract writes it. */
export type Kind = {
    readonly tag: PlainTag;
} | {
    readonly tag: "decimal128";
    readonly val: readonly [precision: number, scale: number];
} | {
    readonly tag: "fixed-size-binary" | "fixed-size-list-of";
    readonly val: number;
};
type PlainTag = "boolean" | "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64" | "float32" | "float64" | "utf8" | "binary" | "date32" | "timestamp" | "duration" | "list-of" | "struct-of" | "map-of";
/**
 * A column of an input or an output: a name and a kind. `V` is what its values are read as, `W` what they may be written as,
 * `C` the class of the column, `D` its class when it is nullable.
 */
export declare class Field<out N extends string = string, out V = any, out W = any, out C extends Column = Column<any>, out D extends Column = Column<any>> {
    /** For types only. */
    readonly types?: {
        value: V;
        written: W;
        column: C;
        nullable: D;
    };
    readonly name: N;
    readonly kind: Kind;
    readonly isNullable: boolean;
    readonly children: readonly Field[];
    constructor(name: N, kind: Kind, isNullable?: boolean, children?: readonly Field[]);
    /** The column may hold nulls. */
    nullable(): Field<N, V | null, W | null, D, D>;
    /** The same under another name. */
    named<const M extends string>(name: M): Field<M, V, W, C, D>;
}
/** Columns in order. */
export type Fields = readonly Field[];
type Name<F> = F extends Field<infer N, any, any, any, any> ? N : never;
/** What a field's values are read as. */
export type ValueOf<F> = F extends Field<any, infer V, any, any, any> ? V : never;
/** What a field's values may be written as. */
export type WrittenOf<F> = F extends Field<any, any, infer W, any, any> ? W : never;
/** The class of a field's columns. */
export type ColumnOf<F> = F extends Field<any, any, any, infer C, any> ? C : never;
/** Columns by their names. */
export type ColumnsOf<F extends Fields> = {
    readonly [X in F[number] as Name<X>]: ColumnOf<X>;
};
/** A row as an object. */
export type RowOf<F extends Fields> = {
    [X in F[number] as Name<X>]: ValueOf<X>;
};
/** A row as it is written by name; what is nullable may be left out. */
export type RecordOf<F extends Fields> = {
    readonly [X in F[number] as null extends WrittenOf<X> ? never : Name<X>]: WrittenOf<X>;
} & {
    readonly [X in F[number] as null extends WrittenOf<X> ? Name<X> : never]?: WrittenOf<X> | undefined;
};
/** A row as it is written by place: a value for each column, in order. */
export type CellsOf<F extends Fields> = {
    -readonly [I in keyof F]: WrittenOf<F[I]>;
};
export {};
