import type { Field, Fields, Kind } from "./field.js";
/** One node of a schema as the contract has it. */
export interface WireField {
    name: string;
    kind: Kind;
    nullable: boolean;
    children: number;
}
/** The nodes of a schema, depth first. */
export declare function nodes(fields: Fields): WireField[];
/** How many nodes and buffers a column takes in a batch. */
export declare function span(field: Field): {
    nodes: number;
    buffers: number;
};
/**
 * Whether columns of both have the same layout. Names inside of lists and maps do not matter, those of a struct's fields do;
 * nulls are looked at where the columns are.
 */
export declare function alike(left: Field, right: Field): boolean;
/** A field's kind in words. */
export declare function kindName({ kind, children }: Field): string;
/** Names as messages list them. */
export declare function names(things: Iterable<{
    readonly name: string;
}>): string;
