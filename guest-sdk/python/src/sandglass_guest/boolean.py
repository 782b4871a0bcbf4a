"""Columns of truth values, which are masks, too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .buffers import both_valid, pack_bits, plane_and, plane_not, plane_or, plane_xor, rows_of, unpack_bits
from .column import Column
from .errors import InternalError
from .gather import Plane, Selection
from .kinds import Kind, boolean


class BooleanColumn(Column[bool]):
    """Truth values. `&`, `|`, `^` and `~` combine masks, null as "unknown": `null & False` is false, `null | True` is true."""

    __slots__ = ("_plane", "_bits")

    def __init__(
        self,
        plane: bytes | None,
        valid: bytes | None = None,
        *,
        kind: Kind[bool] = boolean,
        length: int | None = None,
        bits: bytes | None = None,
        bitmap: bytes | None = None,
    ) -> None:
        super().__init__(kind, len(plane) if plane is not None else length or 0, valid, bitmap)
        self._plane = plane
        self._bits = bits

    @property
    def plane(self) -> bytes:
        """One byte for each row, 1 where it is true, anything where it is null."""
        if self._plane is None:
            self._plane = unpack_bits(self._bits or b"", self._length)
        return self._plane

    def true_plane(self) -> bytes:
        """One byte for each row, 1 where it is true, 0 where it is false or null."""
        return self.plane if self.valid is None else plane_and(self.plane, self.valid)

    def bits(self) -> bytes:
        return pack_bits(self.plane) if self._bits is None else self._bits

    def _values(self) -> Sequence[bool]:
        return list(map(bool, self.plane))

    def _planes(self) -> list[Plane]:
        return [(self.plane, 1)]

    def _selected(self, planes: list[bytes], selection: Selection, valid: bytes | None) -> BooleanColumn:
        return BooleanColumn(planes[0], valid, kind=self.kind)

    def _sliced(self, start: int, stop: int, valid: bytes | None) -> BooleanColumn:
        return BooleanColumn(self.plane[start:stop], valid, kind=self.kind)

    def rows(self) -> list[int]:
        """The rows where it is true."""
        return rows_of(self.true_plane())

    def true_count(self) -> int:
        """How many rows are true."""
        return self.true_plane().count(1)

    def any(self) -> bool:
        """Whether a row is true."""
        return self.true_count() > 0

    def all(self) -> bool:
        """Whether no row is false."""
        return self.plane.count(1) == len(self) if self.valid is None else self._false().count(1) == 0

    def _false(self) -> bytes:
        false = plane_not(self.plane)
        return false if self.valid is None else plane_and(false, self.valid)

    def _known(self, true: bytes, false: bytes) -> BooleanColumn:
        return BooleanColumn(true, plane_or(true, false))

    def _other(self, other: object) -> BooleanColumn:
        if isinstance(other, bool):
            return BooleanColumn((b"\x01" if other else b"\x00") * len(self))
        if not isinstance(other, BooleanColumn):
            raise TypeError(f"a mask and {other!r}: both must be columns of truth values, each in parentheses")
        if len(other) != len(self):
            raise InternalError(f"a mask of {len(other)} rows and one of {len(self)}")
        return other

    def __and__(self, other: BooleanColumn | bool) -> BooleanColumn:
        mask = self._other(other)
        if self.valid is None and mask.valid is None:
            return BooleanColumn(plane_and(self.plane, mask.plane))
        return self._known(plane_and(self.true_plane(), mask.true_plane()), plane_or(self._false(), mask._false()))

    def __or__(self, other: BooleanColumn | bool) -> BooleanColumn:
        mask = self._other(other)
        if self.valid is None and mask.valid is None:
            return BooleanColumn(plane_or(self.plane, mask.plane))
        return self._known(plane_or(self.true_plane(), mask.true_plane()), plane_and(self._false(), mask._false()))

    def __xor__(self, other: BooleanColumn | bool) -> BooleanColumn:
        mask = self._other(other)
        return BooleanColumn(plane_xor(self.plane, mask.plane), both_valid(self.valid, mask.valid))

    __rand__ = __and__
    __ror__ = __or__
    __rxor__ = __xor__

    def __invert__(self) -> BooleanColumn:
        return BooleanColumn(plane_not(self.plane), self.valid)

    def __bool__(self) -> bool:
        raise TypeError(
            "a column is neither true nor false: combine masks with `&`, `|` and `~`, or ask .any() or .all(); "
            "`len(column)` tells whether it has rows"
        )

    def choose(self, then: Column[Any], otherwise: Column[Any]) -> Column[Any]:
        """The values of one column where it is true, and of another where it is false or null."""
        if not len(then) == len(otherwise) == len(self):
            raise InternalError(f"columns of {len(then)} and {len(otherwise)} rows for a mask of {len(self)}")
        both = zip(self.true_plane(), then, otherwise)
        return then.kind.column([yes if true else no for true, yes, no in both])

