import type { Column } from "./column.js";
import type { ColumnsOf, Fields, RowOf } from "./field.js";
import { Output } from "./output.js";
/** Rows of an input. Columns are made when they are first asked for, over the bytes that the host handed in. */
export declare class Batch<F extends Fields = Fields> {
    #private;
    readonly fields: F;
    /** How many rows there are. */
    readonly rows: number;
    /** Columns by name; asking for one that is not there is an error that says which there are. */
    get columns(): ColumnsOf<F>;
    /** The column at a place. */
    at(place: number): Column;
    /** The column of a name that is only known when the transformation runs. */
    column(name: string): Column;
    /** A row as an object. */
    row(row: number): RowOf<F>;
    /** All rows as objects: for tests and for few rows. */
    toArray(): RowOf<F>[];
    /** Rows from here on, without copying values. */
    slice(from: number, rows: number): Batch<F>;
    /** These rows in this order; a row may be there several times. */
    take(rows: ArrayLike<number>): Batch<F>;
    /** These rows, which rise, as an output of the row scope that says that they are where its rows came from. */
    keep(rows: ArrayLike<number>): Output;
}
