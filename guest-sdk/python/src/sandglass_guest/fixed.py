"""Columns of numbers, times and dates: one buffer of values of a fixed width."""

from __future__ import annotations

import operator
import struct
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any, TypeVar, cast

from .buffers import LETTERS, WIDTHS, both_valid, view
from .boolean import BooleanColumn
from .column import Column
from .errors import InternalError
from .gather import Plane, Selection
from .kinds import Kind, duration, float64, int64, timestamp
from .compare import compare
from .times import plain

N = TypeVar("N", bound=float)

_TEMPORAL = ("timestamp", "duration", "date32")


class FixedColumn(Column[N]):
    """Numbers. `+`, `-`, `*`, `/`, `//` and `%` take a number or a column; what is not a float makes int64 or, of times, times.

    They are Python's own: dividing by zero and leaving the range of int64 are errors.
    """

    __slots__ = ("_data", "_letter")

    def __init__(self, kind: Kind[N], data: bytes, valid: bytes | None = None, bitmap: bytes | None = None) -> None:
        self._letter = LETTERS[kind.name]
        super().__init__(kind, len(data) // WIDTHS[self._letter], valid, bitmap)
        self._data = data

    @property
    def data(self) -> bytes:
        """The buffer, little endian."""
        return self._data

    def _values(self) -> Sequence[N]:
        if self._list is not None and self.valid is None:
            return self._list  # type: ignore[return-value]
        return view(self._data, self._letter)  # type: ignore[no-any-return]

    def __iter__(self) -> Iterator[N | None]:
        # Values that come and go one by one cost less than a list of them.
        return iter(self._values()) if self.valid is None else iter(self.to_list())

    def _one(self, row: int) -> N:
        width = WIDTHS[self._letter]
        return cast(N, struct.unpack_from("<" + self._letter, self._data, row * width)[0])

    def _planes(self) -> list[Plane]:
        return [(self._data, WIDTHS[self._letter])]

    def _selected(self, planes: list[bytes], selection: Selection, valid: bytes | None) -> FixedColumn[N]:
        return FixedColumn(self.kind, planes[0], valid)

    def _sliced(self, start: int, stop: int, valid: bytes | None) -> FixedColumn[N]:
        # Without the constructor: a key of a keyed transformation has few rows, and cuts every column that it reads.
        part: FixedColumn[N] = FixedColumn.__new__(FixedColumn)
        width = WIDTHS[self._letter]
        part.kind, part._letter, part._data = self.kind, self._letter, self._data[start * width : stop * width]
        part._length, part._valid, part._bitmap, part._list = stop - start, valid, None, None
        if valid is not None and not valid.count(0):
            part._valid = None
        return part

    def _compare(self, operation: str, other: object) -> BooleanColumn:
        return super()._compare(operation, plain(self.kind.name, other))

    def _compare_scalar(self, operation: str, value: object) -> bytes | None:
        if self._list is not None and self.valid is None and len(self) < 64:
            return None
        return compare(self._data, self._letter, operation, value)

    # Arithmetic.

    def _calculate(self, function: Callable[[Any, Any], Any], other: object, turned: bool = False) -> FixedColumn[Any]:
        mine = self._values()
        other = plain("duration" if self.kind.name == "timestamp" and not turned else self.kind.name, other)
        if isinstance(other, FixedColumn):
            if len(other) != len(self):
                raise InternalError(f"a column of {len(other)} rows and one of {len(self)}")
            kind = _result(function, self.kind, other.kind)
            valid = both_valid(self.valid, other.valid)
            if valid is None:
                values = list(map(function, mine, other._values()))
            else:
                values = [function(a, b) if ok else 0 for a, b, ok in zip(mine, other._values(), valid)]
            return _made(kind, values, valid)
        if not isinstance(other, (int, float)) or isinstance(other, bool):
            raise TypeError(f"{self.kind} and {other!r}")
        kind = _result(function, self.kind, float64 if isinstance(other, float) else int64)
        valid = self.valid
        if valid is None:
            values = [function(other, value) for value in mine] if turned else [function(value, other) for value in mine]
        else:
            pairs = zip(mine, valid)
            if turned:
                values = [function(other, value) if ok else 0 for value, ok in pairs]
            else:
                values = [function(value, other) if ok else 0 for value, ok in pairs]
        return _made(kind, values, valid)

    def __add__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.add, other)

    def __radd__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.add, other, True)

    def __sub__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.sub, other)

    def __rsub__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.sub, other, True)

    def __mul__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.mul, other)

    def __rmul__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.mul, other, True)

    def __truediv__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.truediv, other)

    def __rtruediv__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.truediv, other, True)

    def __floordiv__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.floordiv, other)

    def __rfloordiv__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.floordiv, other, True)

    def __mod__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.mod, other)

    def __rmod__(self, other: object) -> FixedColumn[Any]:
        return self._calculate(operator.mod, other, True)

    def __neg__(self) -> FixedColumn[Any]:
        return self * -1

    def __abs__(self) -> FixedColumn[Any]:
        return _made(_result(operator.mul, self.kind, int64), list(map(abs, self._values())), self.valid)

    # What a column comes to.

    def sum(self) -> N:
        """The sum of what is not null, added in order of the rows, 0 for no rows.

        The built-in `sum` corrects the rounding of floats from Python 3.12 on; this one is the plain sum in any version, the
        same to the bit as in the SDKs of other languages.
        """
        total: Any = 0.0 if self._letter in "fd" else 0
        if self.valid is None:
            for value in self._values():
                total += value
        else:
            for value, ok in zip(self._values(), self.valid):
                if ok:
                    total += value
        return total  # type: ignore[no-any-return]

    def mean(self) -> float | None:
        """The sum by the number of what is not null; null if there is none."""
        count = len(self) - self.null_count
        return self.sum() / count if count else None

    def cumulative_sum(self) -> FixedColumn[Any]:
        """The sum up to and with each row; null where this is null."""
        kind: Kind[Any] = self.kind if self.kind.name == "duration" else float64 if self._letter in "fd" else int64
        if self.valid is None:
            return _made(kind, list(accumulate(self._values())), None)
        return _made(kind, list(accumulate(value if ok else 0 for value, ok in zip(self._values(), self.valid))), self.valid)


def _result(function: Callable[[Any, Any], Any], left: Kind[Any], right: Kind[Any]) -> Kind[Any]:
    if function is operator.truediv or "float" in left.name or "float" in right.name:
        return float64
    names = {left.name, right.name} & set(_TEMPORAL)
    if not names or function not in (operator.add, operator.sub, operator.mul):
        return int64
    if left.name == right.name == "timestamp":
        return duration if function is operator.sub else int64
    if function is operator.mul:
        return duration if names == {"duration"} else int64
    return timestamp if "timestamp" in names else duration if "duration" in names else left


def _made(kind: Kind[Any], values: list[Any], valid: bytes | None) -> FixedColumn[Any]:
    """A column of values that are numbers, 0 where it is null."""
    letter = LETTERS[kind.name]
    try:
        return FixedColumn(kind, struct.pack(f"<{len(values)}{letter}", *values), valid)
    except struct.error:
        wrong = next(value for value in values if not _fits(letter, value))
        raise OverflowError(f"{wrong} is beyond {kind}") from None


def _fits(letter: str, value: object) -> bool:
    try:
        struct.pack("<" + letter, value)
    except struct.error:
        return False
    return True
