/**
 * UTF-8 without `TextEncoder` and `TextDecoder`, which an engine may lack. Bytes and strings of characters below 256 are turned
 * into each other by base64, which runs inside of the engine, where it is there.
 */
/** Each byte as the character of that number. */
export declare function latin1(bytes: Uint8Array): string;
/** Whether all bytes are below 128. */
export declare function isAscii(bytes: Uint8Array): boolean;
/** Characters below 256 that are the bytes of UTF-8, as text. */
export declare function textOfUtf8(latin: string): string;
/** Text without halves of surrogate pairs, which UTF-8 cannot hold. */
export declare function wellFormed(text: string): string;
export declare function encodeText(text: string): Uint8Array;
export declare function decodeText(bytes: Uint8Array): string;
/** Texts one after another in UTF-8, and where each starts; the last offset is the end. Half of a surrogate pair is an error. */
export declare function encodeTexts(texts: readonly string[]): {
    bytes: Uint8Array;
    offsets: Int32Array;
};
/** Compares texts as their UTF-8 bytes do, which is not how `<` does: that puts surrogates before U+E000. */
export declare function compareTexts(left: string, right: string): number;
