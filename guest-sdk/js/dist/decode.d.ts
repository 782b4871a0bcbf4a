import type { Column } from "./column.js";
import type { Field } from "./field.js";
/** Rows as the contract has them. */
export interface WireBatch {
    rows: number;
    nodes: {
        length: number;
        nullCount: number;
    }[];
    buffers: Uint8Array[];
}
/** Makes columns over a batch's buffers, from a node and a buffer on. */
export declare class Decoder {
    #private;
    constructor(batch: WireBatch, node: number, buffer: number);
    column(field: Field, length: number): Column;
}
