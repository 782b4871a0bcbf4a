"""Comparisons of a whole buffer with one number, without a Python object for each row.

The buffer is one large integer, a lane of it for each row. With the top bit of every lane set, subtracting a number below the
top bit from all lanes at once borrows from no neighbour, and leaves the top bit where the rest was at least that number.
"""

from __future__ import annotations

import math
import struct
from functools import lru_cache

from .buffers import WIDTHS, plane_not, view

_TOP = bytes(128) + b"\x01" * 128
_BYTES = bytes(range(256))

#: Each in terms of one that is computed, and whether it is the opposite of it.
_TERMS = {"ge": ("ge", False), "lt": ("ge", True), "gt": ("gt", False), "le": ("gt", True), "eq": ("eq", False), "ne": ("eq", True)}


@lru_cache(maxsize=8)
def _ones(width: int, rows: int) -> int:
    return int.from_bytes((b"\x01" + bytes(width - 1)) * rows, "little")


def compare(data: bytes, letter: str, operation: str, value: object) -> bytes | None:
    """The plane of `row <operation> value`, none where the lanes cannot tell and the values themselves must."""
    width = WIDTHS[letter]
    rows = len(data) // width
    if rows == 0:
        return b""
    if letter in "fd":
        bits = _float_bits(letter, value)
        return None if bits is None else _floats(data, width, rows, operation, *bits)
    if type(value) is not int:
        return None
    low, high = (0, (1 << 8 * width) - 1) if letter.isupper() else (-1 << 8 * width - 1, (1 << 8 * width - 1) - 1)
    if not low <= value <= high:
        holds = operation == "ne" or (operation in ("lt", "le")) == (value > high) and operation != "eq"
        return (b"\x01" if holds else b"\x00") * rows
    if width == 1:
        return _by_table(data, letter, operation, value)
    return _whole(data, width, rows, operation, value, letter.islower(), high)


def _by_table(data: bytes, letter: str, operation: str, value: int) -> bytes:
    values = view(_BYTES, letter)
    holds = getattr(int, f"__{operation}__")
    return data.translate(bytes(holds(other, value) for other in values))


def _plane(tops: int, width: int, rows: int) -> bytes:
    return tops.to_bytes(width * rows, "little")[width - 1 :: width].translate(_TOP)


def _whole(data: bytes, width: int, rows: int, operation: str, value: int, signed: bool, high: int) -> bytes:
    term, opposite = _TERMS[operation]
    ones, top = _ones(width, rows), 1 << 8 * width - 1
    tops, lanes = ones * top, int.from_bytes(data, "little")
    if term == "eq":
        plane = plane_not(_plane(_differs(lanes, ones, tops, top, value & (2 * top - 1)), width, rows))
        return plane_not(plane) if opposite else plane
    if term == "gt" and value == high:
        return (b"\x01" if opposite else b"\x00") * rows
    least = value + (term == "gt")
    # With the sign's bit turned over, numbers with a sign rise as those without do.
    flipped = least + top if signed else least
    reaches = (lanes | tops) - ones * (flipped & (top - 1))
    upper = ~lanes if signed else lanes
    at_least = (upper & reaches) if flipped & top else (upper | reaches)
    plane = _plane(at_least & tops, width, rows)
    return plane_not(plane) if opposite else plane


def _differs(lanes: int, ones: int, tops: int, top: int, bits: int) -> int:
    """The top bit of every lane that is not `bits`."""
    difference = lanes ^ (ones * bits)
    rest = tops - ones
    return (((difference & rest) + rest) | difference) & tops


def _float_bits(letter: str, value: object) -> tuple[float, int] | None:
    """A number as the lanes have it, and the bits of its magnitude; none if it is not the same number there."""
    if type(value) is not float and type(value) is not int:
        return None
    try:
        number = float(value)
        packed = struct.pack("<" + letter, number)
        magnitude = int.from_bytes(struct.pack("<" + letter, abs(number)), "little")
    except OverflowError:
        return None
    same = struct.unpack("<" + letter, packed)[0] == value
    return (number, magnitude) if same else None


def _floats(data: bytes, width: int, rows: int, operation: str, value: float, magnitude: int) -> bytes:
    term, opposite = _TERMS[operation]
    ones, top = _ones(width, rows), 1 << 8 * width - 1
    tops, lanes = ones * top, int.from_bytes(data, "little")
    if term == "eq":
        # Both zeros are equal.
        bits = 0 if magnitude == 0 else magnitude | (top if value < 0 else 0)
        lanes = lanes & ~tops if magnitude == 0 else lanes
        plane = plane_not(_plane(_differs(lanes, ones, tops, top, bits), width, rows))
        return plane_not(plane) if opposite else plane
    strict = term == "gt"
    infinite = int.from_bytes(struct.pack("<d" if width == 8 else "<f", math.inf), "little")
    high = lanes | tops
    is_nan = high - ones * (infinite + 1)
    if value > 0 or (value == 0 and strict):
        holds = ~lanes & (high - ones * (magnitude + strict)) & ~is_nan
    else:
        beyond = high - ones * (magnitude + (not strict))
        holds = (~lanes & ~is_nan) | (lanes & ~beyond)
    if opposite:
        holds = ~holds & ~is_nan
    return _plane(holds & tops, width, rows)
