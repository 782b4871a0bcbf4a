"""Columns of decimals and of bytes of one length."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from struct import Struct
from typing import Any

from .buffers import records
from .column import Column
from .gather import Plane, Selection
from .kinds import Kind

#: Wide enough for 38 digits, whatever the author's own context says.
EXACT = Context(prec=80, Emax=999_999, Emin=-999_999)
_PAIRS = Struct("<Qq")


class WideColumn(Column[Any]):
    """One buffer of values of `width` bytes."""

    __slots__ = ("_data", "_width")

    def __init__(
        self, kind: Kind[Any], data: bytes, length: int, valid: bytes | None = None, bitmap: bytes | None = None
    ) -> None:
        super().__init__(kind, length, valid, bitmap)
        self._data = data
        self._width = 16 if kind.name == "decimal128" else kind.argument[0]

    @property
    def data(self) -> bytes:
        """The buffer, little endian."""
        return self._data

    def _planes(self) -> list[Plane]:
        return [(self._data, self._width)]

    def _selected(self, planes: list[bytes], selection: Selection, valid: bytes | None) -> WideColumn:
        return type(self)(self.kind, planes[0], selection.count, valid)

    def _sliced(self, start: int, stop: int, valid: bytes | None) -> WideColumn:
        return type(self)(self.kind, self._data[start * self._width : stop * self._width], stop - start, valid)


class FixedBinaryColumn(WideColumn):
    """Bytes of one length."""

    __slots__ = ()

    def _values(self) -> Sequence[bytes]:
        if self._width == 0:
            return [b""] * len(self)
        return records(self._width, len(self)).unpack(self._data)


class DecimalColumn(WideColumn):
    """Decimals. In Python `decimal.Decimal`, exact; `unscaled` are whole numbers, which are faster to reckon with."""

    __slots__ = ()

    def unscaled(self) -> list[int | None]:
        """The values as whole numbers of the last digit: 1.50 of scale 2 is 150."""
        numbers: list[int | None] = [(high << 64) | low for low, high in _PAIRS.iter_unpack(self._data)]
        if self.valid is not None:
            numbers = [number if ok else None for number, ok in zip(numbers, self.valid)]
        return numbers

    def _values(self) -> Sequence[Decimal]:
        scale = -self.kind.argument[1]
        numbers = ((high << 64) | low for low, high in _PAIRS.iter_unpack(self._data))
        return [EXACT.scaleb(Decimal(number), scale) for number in numbers]

    def sum(self) -> Decimal:
        """The exact sum of what is not null."""
        total = sum(number for number in self.unscaled() if number is not None)
        return EXACT.scaleb(Decimal(total), -self.kind.argument[1])
