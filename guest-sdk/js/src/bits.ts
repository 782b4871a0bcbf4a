/**
 * Bits of rows, least significant first as Arrow packs them: the validity of a column, or its truth values.
 * What is beyond the last row is never looked at.
 */
export class Bits {
  constructor(
    /** The bytes that hold them. */
    readonly bytes: Uint8Array,
    /** Where the first row's bit is. */
    readonly offset: number,
    readonly length: number,
  ) {}

  /** As many bits, all set. */
  static ones(length: number): Bits {
    return new Bits(new Uint8Array((length + 7) >> 3).fill(255), 0, length);
  }

  /** As many bits, none set. */
  static zeros(length: number): Bits {
    return new Bits(new Uint8Array((length + 7) >> 3), 0, length);
  }

  get(row: number): boolean {
    const at = this.offset + row;
    return ((this.bytes[at >> 3]! >> (at & 7)) & 1) === 1;
  }

  /** For bits that were just made and nobody else holds. */
  set(row: number, value: boolean): void {
    const at = this.offset + row;
    if (value) this.bytes[at >> 3]! |= 1 << (at & 7);
    else this.bytes[at >> 3]! &= ~(1 << (at & 7));
  }

  slice(from: number, length: number): Bits {
    return new Bits(this.bytes, this.offset + from, length);
  }

  take(rows: Uint32Array): Bits {
    var n = rows.length, from = this.bytes, offset = this.offset, to = new Uint8Array((n + 7) >> 3);
    for (var j = 0, byte = 0, bit = 1, at = 0; j < n; ) {
      at = offset + rows[j++]!;
      if ((from[at >> 3]! >> (at & 7)) & 1) byte |= bit;
      bit <<= 1;
      if (bit === 256) {
        to[(j - 1) >> 3] = byte;
        byte = 0;
        bit = 1;
      }
    }
    if (bit! > 1) to[n >> 3] = byte!;
    return new Bits(to, 0, n);
  }

  /** How many are not set. */
  zeros(): number {
    const bytes = this.toBytes();
    var ones = 0;
    for (var i = 0; i < bytes.length; i++) ones += ONES[bytes[i]!]!;
    return this.length - ones;
  }

  /** Bytes as the contract has them: offset zero, exactly as many as the rows ask, unused bits zero. */
  toBytes(): Uint8Array {
    const size = (this.length + 7) >> 3, shift = this.offset & 7, first = this.offset >> 3;
    var bytes: Uint8Array;
    if (shift === 0) {
      bytes = this.bytes.subarray(first, first + size);
    } else {
      bytes = new Uint8Array(size);
      for (var i = 0; i < size; i++) {
        bytes[i] = (this.bytes[first + i]! >> shift) | ((this.bytes[first + i + 1] ?? 0) << (8 - shift));
      }
    }
    const unused = size * 8 - this.length;
    if (unused > 0 && bytes[size - 1]! >> (8 - unused) !== 0) {
      if (shift === 0) bytes = bytes.slice();
      bytes[size - 1]! &= 255 >> unused;
    }
    return bytes;
  }
}

/** The bits of several, one after another; a missing one has all its bits set. */
export function joinBits(parts: readonly (Bits | null)[], lengths: readonly number[]): Bits {
  const joined = Bits.zeros(lengths.reduce((sum, length) => sum + length, 0));
  var at = 0;
  parts.forEach((part, index) => {
    for (var i = 0; i < lengths[index]!; i++, at++) if (part === null || part.get(i)) joined.set(at, true);
  });
  return joined;
}

/** The validity of several columns, one after another. */
export function joinValidity(columns: readonly { validity: Bits | null; length: number }[]): Bits | null {
  if (columns.every(({ validity }) => validity === null)) return null;
  return joinBits(columns.map(({ validity }) => validity), columns.map(({ length }) => length));
}

/** Rows that are set in both; a missing one has all its bits set. */
export function bothBits(left: Bits | null, right: Bits | null): Bits | null {
  if (left === null || right === null) return left ?? right;
  const one = left.toBytes(), other = right.toBytes();
  return new Bits(one.map((byte, i) => byte & other[i]!), 0, left.length);
}

const ONES = Uint8Array.from({ length: 256 }, (_, byte) => {
  var ones = 0;
  for (; byte > 0; byte >>= 1) ones += byte & 1;
  return ones;
});
