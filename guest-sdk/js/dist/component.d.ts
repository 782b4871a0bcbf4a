/** What the build's entry makes of an author's component: the contract's exports. */
import { type Level } from "./console.js";
import type { WireBatch } from "./decode.js";
export interface WireOutput {
    batch: WireBatch;
    sourceRows: Uint32Array | undefined;
    rejected: {
        row: number;
        message: string;
    }[];
}
export interface Host {
    log(level: Level, message: string): void;
    /** What was logged before there was a host. */
    early?(): [Level, string][];
    /** Whether 64-bit numbers come and go as 16 hexadecimal digits, or as BigInts. */
    int64: "digits" | "bigint";
}
/** The contract's exports for an author's component. */
export declare function bind(author: {
    default?: unknown;
}, host: Host): object;
