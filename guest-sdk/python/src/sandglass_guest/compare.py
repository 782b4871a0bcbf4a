"""Comparisons of a whole buffer with one number, without a Python object for each row.

Numbers are compared byte by byte, as words are letter by letter: the highest bytes of all rows with the number's highest one, then the
next ones where those were equal, until no row is. Which bytes are above one, or equal to it, a table of 256 says (`bytes.translate`);
what the bytes before it leave open is one large integer with a byte for each row.
"""

from __future__ import annotations

import math
import struct
from .buffers import WIDTHS, plane_not, view

_ONES = b"\x01" * 256
_BYTES = bytes(range(256))
#: Highest bytes of floats among which are NaN and the infinities, and the largest numbers.
_HUGE = (0x7F, 0xFF)

#: Which bytes are above a number's, and which are equal to it.
_Tables = tuple[bytes, bytes]

#: Each in terms of one that is computed, and whether it is the opposite of it.
_TERMS = {"ge": ("ge", False), "lt": ("ge", True), "gt": ("gt", False), "le": ("gt", True), "eq": ("eq", False), "ne": ("eq", True)}


def compare(data: bytes, letter: str, operation: str, value: object) -> bytes | None:
    """The plane of `row <operation> value`, none where bytes cannot tell and the values themselves must."""
    width = WIDTHS[letter]
    rows = len(data) // width
    if rows == 0:
        return b""
    if letter in "fd":
        number = _float(letter, value)
        return None if number is None else _floats(data, letter, rows, operation, number)
    if type(value) is not int:
        return None
    low, high = (0, (1 << 8 * width) - 1) if letter.isupper() else (-1 << 8 * width - 1, (1 << 8 * width - 1) - 1)
    if not low <= value <= high:
        holds = operation == "ne" or (operation in ("lt", "le")) == (value > high) and operation != "eq"
        return (b"\x01" if holds else b"\x00") * rows
    if width == 1:
        return _by_table(data, letter, operation, value)
    parts = struct.pack("<" + letter, value)
    tables = [(_up(part), _equal(part)) for part in parts]
    if letter.islower():
        tables[-1] = (_up_signed(parts[-1]), tables[-1][1])
    return _plane(data, width, rows, operation, tables)


def _by_table(data: bytes, letter: str, operation: str, value: int) -> bytes:
    values = view(_BYTES, letter)
    holds = getattr(int, f"__{operation}__")
    return data.translate(bytes(holds(other, value) for other in values))


# Tables.


def _equal(part: int) -> bytes:
    return bytes(part) + b"\x01" + bytes(255 - part)


def _up(part: int) -> bytes:
    return bytes(part + 1) + _ONES[part + 1 :]


def _down(part: int) -> bytes:
    return _ONES[:part] + bytes(256 - part)


def _up_signed(part: int) -> bytes:
    """Bytes whose top bit is a sign."""
    return _up(part)[:128] + bytes(128) if part < 128 else _ONES[:128] + _up(part)[128:]


# Planes.


def _plane(data: bytes, width: int, rows: int, operation: str, tables: list[_Tables]) -> bytes:
    """Of rows that are all above the number, equal to it, or below it."""
    term, opposite = _TERMS[operation]
    above, equal = _order(data, width, rows, tables)
    holds = equal if term == "eq" else above if term == "gt" else above | equal
    plane = holds.to_bytes(rows, "little")
    return plane_not(plane) if opposite else plane


def _order(data: bytes, width: int, rows: int, tables: list[_Tables]) -> tuple[int, int]:
    """The rows above the number and those equal to it, 1 in a byte for each."""
    above, equal = 0, None
    for place in range(width - 1, -1, -1):
        parts, (ups, equals) = data[place::width], tables[place]
        ties = parts.translate(equals)
        if ties.count(1) == rows:
            continue
        higher, ties_now = int.from_bytes(parts.translate(ups), "little"), int.from_bytes(ties, "little")
        if equal is None:
            above, equal = higher, ties_now
        else:
            above |= equal & higher
            equal &= ties_now
        if equal == 0:
            return above, 0
    return above, _all(rows) if equal is None else equal


def _all(rows: int) -> int:
    return int.from_bytes(b"\x01" * rows, "little")


# Floats.


def _float(letter: str, value: object) -> float | None:
    """A number as a float of that width; none if it is not the same number there."""
    if type(value) is not float and type(value) is not int:
        return None
    try:
        number = float(value)
        same: bool = struct.unpack("<" + letter, struct.pack("<" + letter, number))[0] == value
    except OverflowError:
        return None
    return number if same else None


def _floats(data: bytes, letter: str, rows: int, operation: str, number: float) -> bytes:
    width, (term, opposite) = WIDTHS[letter], _TERMS[operation]
    if number == 0 and term == "ge":
        # Both zeros are, and nothing else lies between.
        term, number = "gt", -_least(letter)
    tables = _float_tables(letter, number)
    if number == 0 and term == "eq":
        tables[-1] = (bytes(256), _marked(0x00, 0x80))
    above, equal = _order(data, width, rows, tables)
    holds = equal if term == "eq" else above if term == "gt" else above | equal
    # NaN is not equal to anything, and neither above nor below.
    nan = 0 if term == "eq" else _nan(data, letter, rows)
    holds = holds | nan if opposite else (holds | nan) ^ nan
    plane = holds.to_bytes(rows, "little")
    return plane_not(plane) if opposite else plane


def _marked(*parts: int) -> bytes:
    return bytes(part in parts for part in range(256))


def _least(letter: str) -> float:
    """The least number above 0."""
    return 5e-324 if letter == "d" else 2.0**-149


def _float_tables(letter: str, number: float) -> list[_Tables]:
    """Floats rise as their bits do; those below 0 have the top bit, and rise as the other bits fall."""
    rises = number >= 0
    # Of the zeros the one without a sign.
    parts = struct.pack("<" + letter, number + 0.0)
    tables = [(_up(part) if rises else _down(part), _equal(part)) for part in parts]
    top = parts[-1]
    tables[-1] = (_up_signed(top) if rises else _ONES[:128] + _down(top)[128:], _equal(top))
    return tables


def _nan(data: bytes, letter: str, rows: int) -> int:
    """Where there is NaN, 1 in a byte for each row."""
    width = WIDTHS[letter]
    tops = data[width - 1 :: width]
    if not any(tops.count(top) for top in _HUGE):
        return 0
    tables = _float_tables(letter, math.inf)
    # Without its sign NaN is above infinity, and nothing else is.
    tables[-1] = (bytes(256), _marked(*_HUGE))
    return _order(data, width, rows, tables)[0]
