"""Rows picked out of columns.

What has a fixed width in several columns is laid side by side into records, and records are picked as pieces of bytes: one
Python object for a row, not one for each of its values, and for a filter one for a run of rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from operator import itemgetter
from struct import Struct

from .buffers import records, rows_of, runs_of, view
from .errors import InternalError

_TO_MARKS = b".k" + bytes(254)
_LANES = {1: "B", 2: "H", 4: "I", 8: "Q"}
#: Planes of more lanes than this are picked for themselves.
_LANES_MAX = 4
#: Rows that stay, or go, as one piece.
_RUNS = (32, 2, 1)

#: One value of so many bytes for each row.
Plane = tuple[bytes, int]


class Filter:
    """The rows where a plane is 1."""

    def __init__(self, plane: bytes) -> None:
        self.plane = plane
        self.count = plane.count(1)
        self._runs: tuple[list[int], list[int]] | None = None

    def indices(self) -> list[int]:
        return rows_of(self.plane)

    def records(self, buffer: bytes | bytearray, width: int) -> bytes:
        if self.count == 0 or width == 0:
            return b""
        if self.count == len(self.plane):
            return bytes(buffer)
        if width == 1:
            return bytes(compress(buffer, self.plane))
        layout = self.plane.translate(_TO_MARKS).decode("ascii")
        for mark, letter in (("k", "s"), (".", "x")):
            for run in _RUNS:
                layout = layout.replace(mark * run, f"{run * width}{letter}")
        return b"".join(Struct(layout).unpack(buffer))

    def ranges(self, offsets: Sequence[int]) -> tuple[list[int], list[int]]:
        """Where pieces that stay start and end in what the offsets delimit."""
        if self._runs is None:
            self._runs = runs_of(self.plane)
        starts, ends = self._runs
        return [offsets[row] for row in starts], [offsets[row] for row in ends]


class Take:
    """These rows, in this order."""

    def __init__(self, rows: Sequence[int], of: int) -> None:
        self.rows = rows if isinstance(rows, (list, tuple, range)) else list(rows)
        self.count = len(self.rows)
        if self.count and not (0 <= min(self.rows) and max(self.rows) < of):
            wrong = next(row for row in self.rows if not 0 <= row < of)
            raise InternalError(f"row {wrong} of a batch of {of}")

    def indices(self) -> list[int]:
        return list(self.rows)

    def records(self, buffer: bytes | bytearray, width: int) -> bytes:
        if self.count == 0 or width == 0:
            return b""
        rows = len(buffer) // width
        if self.count == 1 or self.count * 2 < rows:
            return b"".join([buffer[row * width : row * width + width] for row in self.rows])
        if width == 1:
            return bytes(itemgetter(*self.rows)(buffer))
        return b"".join(itemgetter(*self.rows)(records(width, rows).unpack(buffer)))

    def ranges(self, offsets: Sequence[int]) -> tuple[list[int], list[int]]:
        """Where pieces that are taken start and end in what the offsets delimit."""
        return [offsets[row] for row in self.rows], [offsets[row + 1] for row in self.rows]


Selection = Filter | Take


def gather(selection: Selection, planes: Sequence[Plane]) -> list[bytes]:
    """The selected rows of every plane."""
    shared = [place for place, (_, width) in enumerate(planes) if 0 < width // _lane(width) <= _LANES_MAX]
    if len(shared) < 2 or selection.count == 0:
        return [selection.records(data, width) for data, width in planes]
    parts = _side_by_side(selection, [planes[place] for place in shared])
    picked = dict(zip(shared, parts))
    return [
        picked[place] if place in picked else selection.records(data, width) for place, (data, width) in enumerate(planes)
    ]


def _lane(width: int) -> int:
    """The widest lane that divides it."""
    return next(lane for lane in (8, 4, 2, 1) if width % lane == 0)


def _side_by_side(selection: Selection, planes: Sequence[Plane]) -> list[bytes]:
    # Wide lanes first, so that every lane starts at a multiple of its width.
    lanes = sorted(
        ((_lane(width), plane, lane) for plane, (_, width) in enumerate(planes) for lane in range(width // _lane(width))),
        key=lambda lane: (-lane[0], lane[1], lane[2]),
    )
    widest = lanes[0][0]
    stride = -(-sum(width for width, _, _ in lanes) // widest) * widest
    first, width = planes[0]
    rows = len(first) // width
    table = bytearray(stride * rows)
    places, at = [], 0
    for lane, plane, part in lanes:
        data, width = planes[plane]
        places.append(slice(at // lane, None, stride // lane))
        view(table, _LANES[lane])[places[-1]] = view(data, _LANES[lane])[part :: width // lane]
        at += lane
    picked = selection.records(table, stride)
    out = [bytearray(selection.count * width) for _, width in planes]
    for (lane, plane, part), place in zip(lanes, places):
        parts = planes[plane][1] // lane
        view(out[plane], _LANES[lane])[part::parts] = view(picked, _LANES[lane])[place]
    return [bytes(part) for part in out]
