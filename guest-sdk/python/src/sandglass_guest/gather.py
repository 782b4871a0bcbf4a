"""Rows picked out of columns.

Pieces of bytes, not values: a filter has one Python object for a run of rows. Where rows are taken in any order, what has a fixed
width in several columns is laid side by side into records: one object for a row, not one for each of its values.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import compress, groupby, islice
from operator import itemgetter, lt
from struct import Struct

from .buffers import pack_bits, records, rows_of, runs_of, view
from .errors import InternalError

_LANES = {1: "B", 2: "H", 4: "I", 8: "Q"}
#: Planes of more lanes than this are picked for themselves.
_LANES_MAX = 4
#: So many times eight rows that stay, or go, are one piece.
_EIGHTS = 8

#: One row of so many is enough for a filter to be cheaper than its rows.
_DENSE = 4

#: One value of so many bytes for each row.
Plane = tuple[bytes, int]


def _pieces(bits: int, rows: int, width: int) -> str:
    """What `struct` says of records of which those stay whose bit is 1: a piece for each run."""
    stay = groupby(range(rows), lambda row: bits >> row & 1)
    return "".join(f"{len(list(run)) * width}{'s' if kept else 'x'}" for kept, run in stay)


@lru_cache(maxsize=16)
def _pieces_of_eight(width: int) -> list[str]:
    """The pieces of eight records, for each bitmap of theirs."""
    return [_pieces(bits, 8, width) for bits in range(256)]


# Those of usual widths are in a component from its build on.
for _width in (4, 8, 16):
    _pieces_of_eight(_width)


class Filter:
    """The rows where a plane is 1."""

    def __init__(self, plane: bytes, rows: Sequence[int] | None = None) -> None:
        self.plane = plane
        self.count = plane.count(1)
        self._rows = rows
        self._bits = b""
        self._layouts: dict[int, Struct] = {}
        self._runs: tuple[list[int], list[int]] | None = None

    def indices(self) -> list[int]:
        return rows_of(self.plane) if self._rows is None else list(self._rows)

    def records(self, buffer: bytes | bytearray, width: int) -> bytes:
        if self.count == 0 or width == 0:
            return b""
        if self.count == len(self.plane):
            return bytes(buffer)
        if width == 1:
            return bytes(compress(buffer, self.plane))
        return b"".join(self._layout(width).unpack(buffer))

    def _layout(self, width: int) -> Struct:
        """The records of that width that stay, as pieces."""
        layout = self._layouts.get(width)
        if layout is None:
            self._bits = self._bits or pack_bits(self.plane)
            whole, rest = divmod(len(self.plane), 8)
            pieces = "".join(map(_pieces_of_eight(width).__getitem__, self._bits[:whole]))
            for letter in "sx":
                pieces = pieces.replace(f"{8 * width}{letter}" * _EIGHTS, f"{8 * width * _EIGHTS}{letter}")
            if rest:
                pieces += _pieces(self._bits[whole], rest, width)
            layout = self._layouts[width] = Struct(pieces)
        return layout

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


def taking(rows: Sequence[int], of: int) -> Selection:
    """These rows, in this order: as a filter where that is cheaper, for many rows that rise."""
    take = rows if isinstance(rows, (list, tuple, range)) else list(rows)
    if len(take) * _DENSE < of or not all(map(lt, take, islice(take, 1, None))):
        return Take(take, of)
    if take and not 0 <= take[0] <= take[-1] < of:
        return Take(take, of)
    plane = bytearray(of)
    for row in take:
        plane[row] = 1
    return Filter(bytes(plane), take)


def gather(selection: Selection, planes: Sequence[Plane]) -> list[bytes]:
    """The selected rows of every plane."""
    shared = [place for place, (_, width) in enumerate(planes) if 0 < width // _lane(width) <= _LANES_MAX]
    if isinstance(selection, Filter) or len(shared) < 2 or selection.count == 0:
        return [selection.records(data, width) for data, width in planes]
    parts = _side_by_side(selection, [planes[place] for place in shared])
    picked = dict(zip(shared, parts))
    return [
        picked[place] if place in picked else selection.records(data, width) for place, (data, width) in enumerate(planes)
    ]


def _lane(width: int) -> int:
    """The widest lane that divides it."""
    return next(lane for lane in (8, 4, 2, 1) if width % lane == 0)


def _side_by_side(selection: Take, planes: Sequence[Plane]) -> list[bytes]:
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
