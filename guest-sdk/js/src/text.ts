/**
 * UTF-8 without `TextEncoder` and `TextDecoder`, which an engine may lack. Bytes and strings of characters below 256 are turned
 * into each other by base64, which runs inside of the engine, where it is there.
 */

interface Base64Bytes {
  toBase64?(): string;
}
interface Base64Constructor {
  fromBase64?(text: string): Uint8Array;
}

declare function atob(text: string): string;
declare function btoa(text: string): string;

/** Each byte as the character of that number. */
export function latin1(bytes: Uint8Array): string {
  if (typeof (bytes as Base64Bytes).toBase64 === "function" && typeof atob === "function") {
    return atob((bytes as Base64Bytes).toBase64!());
  }
  var text = "";
  for (var from = 0; from < bytes.length; from += 8192) {
    text += String.fromCharCode.apply(null, bytes.subarray(from, from + 8192) as unknown as number[]);
  }
  return text;
}

/** Each character, which is below 256, as the byte of that number. */
function bytesOfLatin1(text: string): Uint8Array {
  const { fromBase64 } = Uint8Array as Base64Constructor;
  if (typeof fromBase64 === "function" && typeof btoa === "function") {
    return fromBase64.call(Uint8Array, btoa(text));
  }
  const bytes = new Uint8Array(text.length);
  for (var i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** Whether all bytes are below 128. */
export function isAscii(bytes: Uint8Array): boolean {
  var all = 0, i = 0, n = bytes.length;
  if ((bytes.byteOffset & 3) === 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, n >> 2), whole = words.length & ~3;
    var w = 0;
    while (w < whole) all |= words[w++]! | words[w++]! | words[w++]! | words[w++]!;
    for (; w < words.length; w++) all |= words[w]!;
    i = words.length * 4;
  }
  for (; i < n; i++) all |= bytes[i]! & 128 ? 0x80808080 : 0;
  return (all & 0x80808080) === 0;
}

/** Characters below 256 that are the bytes of UTF-8, as text. */
export function textOfUtf8(latin: string): string {
  return decodeURIComponent(escape(latin));
}

/** The bytes of text in UTF-8, as characters below 256. What is no character, half of a surrogate pair, becomes U+FFFD. */
function utf8OfText(text: string): string {
  return unescape(encodeURIComponent(wellFormed(text)));
}

/** As `utf8OfText`, for a column: two texts that differ must not become one. */
function utf8OfCell(text: string): string {
  if (!text.isWellFormed()) {
    throw new Error("a text with half of a surrogate pair, which UTF-8 cannot hold; `text.toWellFormed()` makes U+FFFD of it");
  }
  return unescape(encodeURIComponent(text));
}

/** Text without halves of surrogate pairs, which UTF-8 cannot hold. */
export function wellFormed(text: string): string {
  return text.toWellFormed();
}

export function encodeText(text: string): Uint8Array {
  return bytesOfLatin1(utf8OfText(text));
}

export function decodeText(bytes: Uint8Array): string {
  const latin = latin1(bytes);
  return isAscii(bytes) ? latin : textOfUtf8(latin);
}

/** Texts one after another in UTF-8, and where each starts; the last offset is the end. Half of a surrogate pair is an error. */
export function encodeTexts(texts: readonly string[]): { bytes: Uint8Array; offsets: Int32Array } {
  var bytes = bytesOfAscii(texts.join("")), parts = texts;
  if (bytes === null) {
    parts = texts.map(utf8OfCell);
    bytes = bytesOfLatin1(parts.join(""));
  }
  const offsets = new Int32Array(parts.length + 1);
  for (var i = 0, at = 0; i < parts.length; ) {
    at += parts[i]!.length;
    offsets[++i] = at;
  }
  return { bytes, offsets };
}

function bytesOfAscii(text: string): Uint8Array | null {
  if (typeof (Uint8Array as Base64Constructor).fromBase64 !== "function" || typeof btoa !== "function") {
    return /^[\x00-\x7f]*$/.test(text) ? bytesOfLatin1(text) : null;
  }
  try {
    const bytes = bytesOfLatin1(text);
    return isAscii(bytes) ? bytes : null;
  } catch {
    return null; // `btoa` takes no characters from 256 on
  }
}

/** Compares texts as their UTF-8 bytes do, which is not how `<` does: that puts surrogates before U+E000. */
export function compareTexts(left: string, right: string): number {
  const n = Math.min(left.length, right.length);
  for (var i = 0; i < n; i++) {
    const a = left.charCodeAt(i), b = right.charCodeAt(i);
    if (a !== b) return rank(a) - rank(b);
  }
  return left.length - right.length;
}

/** Surrogates stand for what is beyond U+FFFF. */
function rank(unit: number): number {
  return unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
