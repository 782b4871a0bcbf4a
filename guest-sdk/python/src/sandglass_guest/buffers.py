"""Bits and bytes at C speed: what columns are made of.

A plane is `bytes` with one byte a row, 0 or 1. Buffers are little endian.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate, compress
from struct import Struct, pack
from typing import Any

#: Of fixed widths by their kind: the letter that `struct`, `array` and `memoryview` have for it.
LETTERS = {
    "int8": "b", "int16": "h", "int32": "i", "int64": "q",
    "uint8": "B", "uint16": "H", "uint32": "I", "uint64": "Q",
    "float32": "f", "float64": "d", "date32": "i", "timestamp": "q", "duration": "q",
}  # fmt: skip
WIDTHS = {"b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "f": 4, "q": 8, "Q": 8, "d": 8}

def view(data: bytes | bytearray | memoryview, letter: str) -> Any:
    """The bytes as values of that letter, without a copy."""
    return memoryview(data).cast(letter)  # type: ignore[call-overload]


_TO_DIGITS = b"01" + bytes(254)
_FROM_DIGITS = bytes(ord("1")) + b"\x01" + bytes(206)
_NOT = b"\x01" + bytes(255)


def unpack_bits(bits: bytes, rows: int) -> bytes:
    """The plane of a bitmap; bits beyond the rows do not matter."""
    if rows == 0:
        return b""
    number = int.from_bytes(bits, "little") & ((1 << rows) - 1)
    return format(number, f"0{rows}b").encode("ascii")[::-1].translate(_FROM_DIGITS)


def pack_bits(plane: bytes) -> bytes:
    """The bitmap of a plane, unused bits zero."""
    if not plane:
        return b""
    return int(plane[::-1].translate(_TO_DIGITS), 2).to_bytes((len(plane) + 7) // 8, "little")


def clear_unused_bits(bits: bytes, rows: int) -> bytes:
    """The bitmap with the bits beyond its rows zero."""
    if rows % 8 == 0 or bits[-1] >> (rows % 8) == 0:
        return bits
    return bits[:-1] + bytes([bits[-1] & ((1 << rows % 8) - 1)])


def plane_and(left: bytes, right: bytes) -> bytes:
    """1 where both are."""
    both = int.from_bytes(left, "little") & int.from_bytes(right, "little")
    return both.to_bytes(len(left), "little")


def plane_or(left: bytes, right: bytes) -> bytes:
    """1 where one is."""
    either = int.from_bytes(left, "little") | int.from_bytes(right, "little")
    return either.to_bytes(len(left), "little")


def plane_xor(left: bytes, right: bytes) -> bytes:
    """1 where just one is."""
    one = int.from_bytes(left, "little") ^ int.from_bytes(right, "little")
    return one.to_bytes(len(left), "little")


def plane_not(plane: bytes) -> bytes:
    """1 where it is 0."""
    return plane.translate(_NOT)


def both_valid(left: bytes | None, right: bytes | None) -> bytes | None:
    """Where neither is null; none for no nulls."""
    if left is None or right is None:
        return right if left is None else left
    return plane_and(left, right)


def rows_of(plane: bytes) -> list[int]:
    """The rows where it is 1."""
    return list(compress(range(len(plane)), plane))


def runs_of(plane: bytes) -> tuple[list[int], list[int]]:
    """Where runs of 1 start, and where they end."""
    number = int.from_bytes(plane, "little")
    edges = (number ^ (number << 8)).to_bytes(len(plane) + 1, "little")
    places = list(compress(range(len(plane) + 1), edges))
    return places[0::2], places[1::2]


def lengths_of(offsets: bytes) -> bytes:
    """32-bit lengths of what offsets delimit; offsets never fall, so no lane borrows from the next."""
    lengths = int.from_bytes(offsets[4:], "little") - int.from_bytes(offsets[:-4], "little")
    return lengths.to_bytes(len(offsets) - 4, "little")


def offsets_of(lengths: bytes) -> bytes:
    """32-bit offsets of what has these 32-bit lengths: sums over 1, 2, 4, … rows, all at once."""
    count = len(lengths) // 4
    if count < 64:
        return pack(f"<{count + 1}i", *accumulate(view(lengths, "i"), initial=0))
    sums, step, size = int.from_bytes(lengths, "little"), 32, 32 * count
    while step < size:
        sums += sums << step
        step *= 2
    offsets = (sums & ((1 << size) - 1)).to_bytes(size // 8, "little")
    if offsets[-1] & 0x80:
        raise OverflowError("a column of more than 2 GiB")
    return bytes(4) + offsets


@lru_cache(maxsize=16)
def records(width: int, count: int) -> Struct:
    """Of `count` records of `width` bytes."""
    return Struct(f"{width}s" * count)
