"""Columns of lists, structs and maps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat
from typing import Any

from .buffers import lengths_of, offsets_of, view
from .column import Column
from .gather import Plane, Selection
from .kinds import Kind


class OffsetsColumn(Column[Any]):
    """What has offsets into columns below it."""

    __slots__ = ("_offsets", "children", "_places")

    def __init__(
        self,
        kind: Kind[Any],
        offsets: bytes,
        children: Sequence[Column[Any]],
        valid: bytes | None = None,
        bitmap: bytes | None = None,
    ) -> None:
        super().__init__(kind, len(offsets) // 4 - 1, valid, bitmap)
        self._offsets = offsets
        #: The items of all lists one after another; of a map its keys and its values.
        self.children = tuple(children)
        self._places: Sequence[int] | None = None

    @property
    def offsets(self) -> bytes:
        """32-bit offsets, one more than rows, the first 0."""
        return self._offsets

    def _ends(self) -> Sequence[int]:
        if self._places is None:
            self._places = view(self._offsets, "i").tolist()
        return self._places

    def _planes(self) -> list[Plane]:
        return [(lengths_of(self._offsets), 4)]

    def _selected(self, planes: list[bytes], selection: Selection, valid: bytes | None) -> OffsetsColumn:
        starts, ends = selection.ranges(self._ends())
        rows = list(chain.from_iterable(map(range, starts, ends)))
        children = [child.take(rows) for child in self.children]
        return type(self)(self.kind, offsets_of(planes[0]), children, valid)

    def _sliced(self, start: int, stop: int, valid: bytes | None) -> OffsetsColumn:
        places = self._ends()
        first, last = places[start], places[stop]
        offsets = offsets_of(lengths_of(self._offsets[start * 4 : stop * 4 + 4]))
        return type(self)(self.kind, offsets, [child[first:last] for child in self.children], valid)


class ListColumn(OffsetsColumn):
    """Lists of any length."""

    __slots__ = ()

    @property
    def items(self) -> Column[Any]:
        """The items of all lists, one after another."""
        return self.children[0]

    def _values(self) -> Sequence[list[Any]]:
        items, places = self.items.to_list(), self._ends()
        return [items[start:end] for start, end in zip(places, places[1:])]


class MapColumn(OffsetsColumn):
    """Maps. A `dict` keeps the last of equal keys; `pairs` keeps all."""

    __slots__ = ()

    def pairs(self) -> list[list[tuple[Any, Any]] | None]:
        """The pairs of each map in their order, None where it is null."""
        keys, values = (child.to_list() for child in self.children)
        entries, places = list(zip(keys, values)), self._ends()
        maps: list[list[tuple[Any, Any]] | None] = [entries[start:end] for start, end in zip(places, places[1:])]
        if self.valid is not None:
            maps = [entry if ok else None for entry, ok in zip(maps, self.valid)]
        return maps

    def _values(self) -> Sequence[dict[Any, Any]]:
        return [dict(pairs or ()) for pairs in self.pairs()]


class FixedListColumn(Column[Any]):
    """Lists of one length."""

    __slots__ = ("items", "_size")

    def __init__(
        self, kind: Kind[Any], items: Column[Any], length: int, valid: bytes | None = None, bitmap: bytes | None = None
    ) -> None:
        super().__init__(kind, length, valid, bitmap)
        #: The items of all lists, one after another, those of null lists too.
        self.items = items
        self._size = kind.argument[0]

    def _values(self) -> Sequence[list[Any]]:
        items, size = self.items.to_list(), self._size
        return [items[row * size : row * size + size] for row in range(len(self))]

    def _planes(self) -> list[Plane]:
        return []

    def _selected(self, planes: list[bytes], selection: Selection, valid: bytes | None) -> FixedListColumn:
        size, rows = self._size, selection.indices()
        items = self.items.take([row * size + place for row in rows for place in range(size)])
        return FixedListColumn(self.kind, items, selection.count, valid)

    def _sliced(self, start: int, stop: int, valid: bytes | None) -> FixedListColumn:
        items = self.items[start * self._size : stop * self._size]
        return FixedListColumn(self.kind, items, stop - start, valid)


class StructColumn(Column[Any]):
    """Structs: a column for each field."""

    __slots__ = ("fields",)

    def __init__(
        self,
        kind: Kind[Any],
        fields: Sequence[Column[Any]],
        length: int,
        valid: bytes | None = None,
        bitmap: bytes | None = None,
    ) -> None:
        super().__init__(kind, length, valid, bitmap)
        #: In the order of the kind's. What they hold where the struct is null does not matter.
        self.fields = tuple(fields)

    def field(self, name: str) -> Column[Any]:
        """The column of a field, as it is below structs that are null, too."""
        names = [field.name for field in self.kind.children]
        return self.fields[names.index(name)]

    def _values(self) -> Sequence[dict[str, Any]]:
        names = [field.name for field in self.kind.children]
        if not names:
            return [{} for _ in range(len(self))]
        return [dict(row) for row in map(zip, repeat(names), zip(*self.fields))]

    def _planes(self) -> list[Plane]:
        return []

    def _selected(self, planes: list[bytes], selection: Selection, valid: bytes | None) -> StructColumn:
        fields = [field._select(selection) for field in self.fields]
        return StructColumn(self.kind, fields, selection.count, valid)

    def _sliced(self, start: int, stop: int, valid: bytes | None) -> StructColumn:
        return StructColumn(self.kind, [field[start:stop] for field in self.fields], stop - start, valid)
