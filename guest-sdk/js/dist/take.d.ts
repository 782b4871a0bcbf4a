/**
 * Rows of columns. An interpreter runs these loops: they are written for few steps a row, with `var`, whose places need no check
 * that they have been initialized, and four rows a turn.
 */
export type Rows = Uint32Array;
/** A typed array of a value a row, and where its taken rows go. */
export interface Lane {
    from: Indexed;
    to: Indexed;
}
interface Indexed {
    readonly length: number;
    [row: number]: any;
}
export declare function rising<R extends Rows>(rows: R, of: number): R;
export declare function neverFalling<R extends Rows>(rows: R, of: number): R;
/** Rows as an array of this type, looked at if they are not known to lie below `of`. */
export declare function checkedRows(rows: ArrayLike<number>, of: number, what?: string): Rows;
/** Whether they are known to rise strictly. */
export declare function isRising(rows: Rows, of: number): boolean;
/** Whether they are known not to fall. */
export declare function isNeverFalling(rows: Rows, of: number): boolean;
/** Fills lanes, two at a time. */
export declare function takeLanes(lanes: Lane[], rows: Rows): void;
/** Bytes as an array of another type; copied where they do not start at a multiple of its width. */
export declare function view<A>(type: {
    new (buffer: ArrayBufferLike, at: number, length: number): A;
    new (length: number): A;
    readonly BYTES_PER_ELEMENT: number;
}, bytes: Uint8Array): A;
/** The bytes of a typed array. */
export declare function bytesOf(values: ArrayBufferView): Uint8Array;
/**
 * The lane for values of a width, over the bytes of the column. Eight bytes move as floats, which is one step for each and keeps
 * their bits unless they are those of a NaN; then they move as words.
 */
export declare function laneOf(bytes: Uint8Array, width: number, rows: Rows): {
    lanes: Lane[];
    taken: Uint8Array;
    words: boolean;
};
/** Values of any width, as words of four bytes or byte by byte. */
export declare function takeWide(bytes: Uint8Array, width: number, rows: Rows, taken: Uint8Array): void;
export {};
