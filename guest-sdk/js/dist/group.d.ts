/** The rows of a range of keys, handed out key by key. */
import { Batch } from "./batch.js";
import type { Column } from "./column.js";
import type { Input } from "./input.js";
/** A part of a key: a boolean, a BigInt (int64, timestamp), a number (date32) or text. */
export type Key = boolean | bigint | number | string;
/** Batches by the names of inputs. */
export type BatchesOf<I extends readonly Input[]> = {
    readonly [X in I[number] as X["name"]]: X extends Input<string, infer F> ? Batch<F> : never;
};
/** All rows of one key, of every input. */
export declare class Group<I extends readonly Input[] = readonly Input[]> {
    /** The key's parts, in the order in which inputs name their key columns. */
    readonly key: readonly any[];
    /** The key's rows of each input, sorted by time; without rows if the input has none of this key. */
    readonly rows: BatchesOf<I>;
}
/** Calls `each` for every key of the range, keys rising. Batches have rows, and are sorted by key. */
export declare function eachKey<I extends readonly Input[]>(inputs: I, batches: readonly (readonly Batch[])[], each: (group: Group<I>) => void): void;
/** Compares keys as the host sorts them: text by bytes, false before true. */
export declare function compareKeys(left: readonly Key[], right: readonly Key[]): number;
/** A column that may be a key. */
export declare function keyColumn(name: string, column: Column): Column;
