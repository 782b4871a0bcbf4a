"""Columns of text and of bytes: offsets, and what lies between them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast

from .boolean import BooleanColumn
from .buffers import lengths_of, offsets_of, plane_not, rows_of, view
from .column import Column
from .fixed import FixedColumn
from .gather import Plane, Selection
from .kinds import Kind, int64
from .compare import compare

S = TypeVar("S", bound="str | bytes")


class BytesColumn(Column[S]):
    """Text, or bytes. Nothing is decoded before somebody asks for values; text that is ASCII is decoded all at once."""

    __slots__ = ("_offsets", "_data", "_places", "_decoded")

    def __init__(
        self, kind: Kind[S], offsets: bytes, data: bytes, valid: bytes | None = None, bitmap: bytes | None = None
    ) -> None:
        super().__init__(kind, len(offsets) // 4 - 1, valid, bitmap)
        self._offsets = offsets
        self._data = data
        self._places: Sequence[int] | None = None
        self._decoded: Sequence[S] | None = None

    @property
    def offsets(self) -> bytes:
        """32-bit offsets, one more than rows, the first 0."""
        return self._offsets

    @property
    def data(self) -> bytes:
        """What lies between offsets; text is UTF-8."""
        return self._data

    def _ends(self) -> Sequence[int]:
        if self._places is None:
            self._places = view(self._offsets, "i").tolist()
        return self._places

    def _values(self) -> Sequence[S]:
        if self._decoded is None:
            self._decoded = self._decode()
        return self._decoded

    def _decode(self) -> Sequence[S]:
        places, data = self._ends(), self._data
        if self.kind.name == "binary":
            return cast("list[S]", [data[start:end] for start, end in zip(places, places[1:])])
        if data.isascii():
            text = data.decode("ascii")
            return cast("list[S]", [text[start:end] for start, end in zip(places, places[1:])])
        return cast("list[S]", [data[start:end].decode("utf-8") for start, end in zip(places, places[1:])])

    def _planes(self) -> list[Plane]:
        return [(lengths_of(self._offsets), 4)]

    def _selected(self, planes: list[bytes], selection: Selection, valid: bytes | None) -> BytesColumn[S]:
        data = self._data
        starts, ends = selection.ranges(self._ends())
        kept = b"".join([data[start:end] for start, end in zip(starts, ends)])
        return BytesColumn(self.kind, offsets_of(planes[0]), kept, valid)

    def _sliced(self, start: int, stop: int, valid: bytes | None) -> BytesColumn[S]:
        places = self._ends()
        first, last = places[start], places[stop]
        offsets = self._offsets[start * 4 : stop * 4 + 4]
        if first:
            offsets = offsets_of(lengths_of(offsets))
        part = BytesColumn(self.kind, offsets, self._data[first:last], valid)
        if self._decoded is not None:
            part._decoded = self._decoded[start:stop]
        return part

    def _one(self, row: int) -> S:
        if self._decoded is not None:
            return self._decoded[row]
        places = self._ends()
        data: Any = self._data[places[row] : places[row + 1]]
        return data if self.kind.name == "binary" else data.decode("utf-8")  # type: ignore[no-any-return]

    def _compare_scalar(self, operation: str, value: object) -> bytes | None:
        if operation not in ("eq", "ne") or self._list is not None:
            return None
        if not isinstance(value, str if self.kind.name == "utf8" else bytes):
            return (b"\x01" if operation == "ne" else b"\x00") * len(self)
        wanted = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
        # Only what has its length can be equal.
        plane = bytearray(compare(lengths_of(self._offsets), "i", "eq", len(wanted)) or b"")
        places, data = self._ends(), self._data
        for row in rows_of(bytes(plane)):
            plane[row] = data.startswith(wanted, places[row])
        return bytes(plane) if operation == "eq" else plane_not(bytes(plane))

    def byte_lengths(self) -> FixedColumn[int]:
        """How many bytes each value has."""
        lengths = view(lengths_of(self._offsets), "i")
        return FixedColumn(int64, array("q", lengths).tobytes(), self.valid)

    def _where(self, test: Callable[[S], object]) -> BooleanColumn:
        return BooleanColumn(bytes(map(bool, map(test, self._values()))), self.valid)

    def starts_with(self, start: S) -> BooleanColumn:
        """Whether each value starts so."""
        return self._where(lambda value: value.startswith(start)  # type: ignore[arg-type]
        )

    def ends_with(self, end: S) -> BooleanColumn:
        """Whether each value ends so."""
        return self._where(lambda value: value.endswith(end)  # type: ignore[arg-type]
        )

    def contains(self, part: S) -> BooleanColumn:
        """Whether each value has this in it."""
        return self._where(lambda value: part in value  # type: ignore[operator]
        )

    def lower(self) -> BytesColumn[S]:
        """In lower case."""
        return self._cased("lower")

    def upper(self) -> BytesColumn[S]:
        """In upper case."""
        return self._cased("upper")

    def _cased(self, method: str) -> BytesColumn[S]:
        if self._data.isascii():
            data = getattr(self._data, method)()
            return BytesColumn(self.kind, self._offsets, data, self.valid)
        change = getattr(str if self.kind.name == "utf8" else bytes, method)
        return cast("BytesColumn[S]", self.map(change, self.kind))


