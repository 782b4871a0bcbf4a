/** Where lines of the bundle came from: files, and runs of lines that came from lines of a file, one after another. */
export interface Lines {
    readonly files: readonly string[];
    /** First line of the bundle, file (-1 is none), first line of the file; lines count from 1. */
    readonly runs: readonly (readonly [bundled: number, file: number, line: number])[];
}
/** A stack whose places are those in the author's files. */
export declare function mapped(stack: string): string;
/** An error in its language's words, with where it came from and what caused it. */
export declare function traceback(error: unknown): string;
/** `TypeError: what is wrong`. */
export declare function wordsOf(error: unknown): string;
