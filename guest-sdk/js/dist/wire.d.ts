/** Between the contract's records, as engines hand them over, and this SDK's. */
import { Context } from "./context.js";
import { Failure } from "./failure.js";
import { type ParameterKind } from "./parameter.js";
import { type WireField } from "./schema.js";
import type { AnyTransformation } from "./transformation.js";
/** A 64-bit number as the engine has it: a BigInt, or 16 hexadecimal digits where it would make a lossy number of it. */
export type WireInt = bigint | string;
export interface WireValue {
    tag: string;
    val: boolean | number | string | WireInt;
}
export interface WireInterval {
    start: WireInt;
    end: WireInt;
}
export interface WireContext {
    mode: {
        tag: "materialize";
        val: WireInterval;
    } | {
        tag: "streaming";
    } | {
        tag: "request";
        val: WireInt;
    };
    ranges: (WireInterval | null | undefined)[];
    parameters: [name: string, value: WireValue][];
    lineage: boolean;
    properties: [name: string, value: string][];
}
export interface WireContract {
    name: string;
    doc: string;
    inputs: {
        name: string;
        columns: WireField[];
        keys: readonly string[];
    }[];
    output: WireField[];
    scope: string;
    parameters: {
        name: string;
        kind: ParameterKind;
        default: WireValue | undefined;
        doc: string;
    }[];
    properties: [name: string, value: string][];
}
export interface WireFailure {
    kind: string;
    message: string;
    input: number | undefined;
    row: number | undefined;
}
/** How an engine takes 64-bit numbers. */
export type WriteInt = (value: bigint) => WireInt;
export declare const asDigits: WriteInt;
export declare const asBigInt: WriteInt;
export declare function readInt(value: WireInt): bigint;
export declare function contractOf(transformation: AnyTransformation, writeInt: WriteInt): WireContract;
export declare function wireValue(kind: ParameterKind, value: unknown, writeInt: WriteInt): WireValue;
export declare function contextOf(transformation: AnyTransformation, wire: WireContext): Context;
/** What ended a run, for the host; inputs by number. */
export declare function failureOf(failure: Failure, inputs: readonly {
    readonly name: string;
}[]): WireFailure;
