"""A column of a batch: values in Arrow's buffers, read where they lie."""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import repeat
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast, overload

from .buffers import both_valid, plane_not, rows_of, unpack_bits
from .errors import InternalError
from .gather import Filter, Plane, Selection, gather, taking
from .kinds import Kind

if TYPE_CHECKING:
    from .boolean import BooleanColumn

T = TypeVar("T")
U = TypeVar("U")
C = TypeVar("C", bound="Column[Any]")


class Column(Sequence["T | None"], Generic[T]):
    """Values of one kind, `None` where they are null. It cannot be changed; what changes rows makes another column.

    It is a sequence: `for value in column`, `zip(a, b)`, `column[3]`, `column[10:20]` work as for a list. Comparisons and
    arithmetic are done value by value and make columns; they are null where an operand is.
    """

    __slots__ = ("kind", "_length", "_bitmap", "_valid", "_list")

    kind: Kind[T]

    def __init__(self, kind: Kind[T], length: int, valid: bytes | None = None, bitmap: bytes | None = None) -> None:
        self.kind = kind
        self._length = length
        self._valid = valid if valid is None or valid.count(0) else None
        #: As the host handed it in, until somebody asks where nulls are.
        self._bitmap = bitmap
        self._list: list[T | None] | None = None

    # What each kind has of its own.

    def _values(self) -> Sequence[T]:
        """All values, whatever there is under nulls."""
        raise NotImplementedError

    def _planes(self) -> list[Plane]:
        """What it has of fixed widths, without nulls."""
        raise NotImplementedError

    def _selected(self, planes: list[bytes], selection: Selection, valid: bytes | None) -> Column[T]:
        """The selected rows, those of its planes at hand."""
        raise NotImplementedError

    def _sliced(self, start: int, stop: int, valid: bytes | None) -> Column[T]:
        raise NotImplementedError

    # Rows and values.

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[T | None]:
        return iter(self.to_list())

    def to_list(self) -> list[T | None]:
        """Its values, `None` for null. The list is kept, so do not change it."""
        if self._list is None:
            values: list[T | None] = list(self._values())
            if self.valid is not None:
                for row in rows_of(plane_not(self.valid)):
                    values[row] = None
            self._list = values
        return self._list

    @overload
    def __getitem__(self, place: int) -> T | None: ...
    @overload
    def __getitem__(self, place: slice) -> Column[T]: ...
    def __getitem__(self, place: int | slice) -> T | None | Column[T]:
        if isinstance(place, slice):
            start, stop, step = place.indices(self._length)
            return self._slice(start, max(start, stop)) if step == 1 else self.take(range(start, stop, step))
        row = place + self._length if place < 0 else place
        if not 0 <= row < self._length:
            raise IndexError(f"row {place} of a column of {self._length}")
        if self._list is not None:
            return self._list[row]
        if self.valid is not None and not self.valid[row]:
            return None
        return self._one(row)

    def _one(self, row: int) -> T:
        return self._sliced(row, row + 1, None)._values()[0]

    def _slice(self: C, start: int, stop: int) -> C:
        if start == 0 and stop == self._length:
            return self
        valid = self._valid if self._bitmap is None else self.valid
        part: C = self._sliced(start, stop, None if valid is None else valid[start:stop])  # type: ignore[assignment]
        if self._list is not None:
            part._list = self._list[start:stop]
        return part

    # Nulls.

    @property
    def valid(self) -> bytes | None:
        """One byte for each row, 0 where it is null; none if no row is."""
        if self._bitmap is not None:
            plane = unpack_bits(self._bitmap, self._length)
            self._valid = plane if plane.count(0) else None
            self._bitmap = None
        return self._valid

    @property
    def null_count(self) -> int:
        """How many rows are null."""
        return 0 if self.valid is None else self.valid.count(0)

    def is_null(self) -> BooleanColumn:
        """Where it is null."""
        from .boolean import BooleanColumn

        return BooleanColumn(bytes(self._length) if self.valid is None else plane_not(self.valid))

    def is_valid(self) -> BooleanColumn:
        """Where it is not null."""
        from .boolean import BooleanColumn

        return BooleanColumn(b"\x01" * self._length if self.valid is None else self.valid)

    def fill_null(self, value: T) -> Column[T]:
        """With a value where it is null."""
        if self.valid is None:
            return self
        return self.kind.column([value if other is None else other for other in self.to_list()])

    def drop_nulls(self: C) -> C:
        """Without its nulls, so shorter."""
        return self if self.valid is None else self._select(Filter(self.valid))

    # Picking rows.

    def filter(self: C, mask: BooleanColumn) -> C:
        """The rows where the mask is true; not those where it is null."""
        if len(mask) != self._length:
            raise InternalError(f"a mask of {len(mask)} rows for a column of {self._length}")
        return self._select(Filter(mask.true_plane()))

    def take(self: C, rows: Sequence[int]) -> C:
        """These rows, in this order, any of them as often as it is named."""
        return self._select(taking(rows, self._length))

    def _select(self: C, selection: Selection) -> C:
        return cast(C, select([self], selection)[0])

    # Mapping and grouping.

    def map(self, function: Callable[[T], U | None], kind: Kind[U]) -> Column[U]:
        """What a function makes of each value that is not null; nulls stay nulls."""
        if self.valid is None:
            return kind.column(list(map(function, self._values())))
        return kind.column([None if value is None else function(value) for value in self.to_list()])

    def lookup(self, mapping: Mapping[T, U], kind: Kind[U], default: U | None = None) -> Column[U]:
        """The value that a dictionary has for each value; `default` where it has none, null where this is null."""
        if default is None:
            return kind.column(list(map(mapping.get, cast("Iterable[T]", self))))
        return kind.column([None if value is None else mapping.get(value, default) for value in self.to_list()])

    def is_in(self, values: Iterable[T]) -> BooleanColumn:
        """Whether each value is one of these; null where it is null."""
        from .boolean import BooleanColumn

        among = values if isinstance(values, (set, frozenset, dict)) else set(values)
        return BooleanColumn(bytes(map(among.__contains__, self._values())), self.valid)

    def groups(self) -> dict[T | None, list[int]]:
        """The rows of each value, values in the order in which they come."""
        groups: dict[T | None, list[int]] = {value: [] for value in self}
        for row, value in enumerate(self):
            groups[value].append(row)
        return groups

    def counts(self) -> Counter[T | None]:
        """How often each value is there."""
        return Counter(self)

    def unique(self) -> list[T | None]:
        """Each value once, in the order in which they come."""
        return list(dict.fromkeys(self))

    def codes(self) -> tuple[list[int], list[T | None]]:
        """Each row's place in the list of unique values, and that list."""
        unique = self.unique()
        places = {value: place for place, value in enumerate(unique)}
        return list(map(places.__getitem__, self)), unique

    # Comparing.

    def _compare(self, operation: str, other: object) -> BooleanColumn:
        from .boolean import BooleanColumn

        if other is None:
            raise TypeError("a comparison with None: use is_null() or is_valid()")
        compared = getattr(operator, operation)
        valid = self.valid
        if isinstance(other, Column):
            if len(other) != self._length:
                raise InternalError(f"a column of {len(other)} rows and one of {self._length}")
            valid = both_valid(valid, other.valid)
            return BooleanColumn(bytes(map(compared, self._values(), other._values())), valid)
        plane = self._compare_scalar(operation, other)
        return BooleanColumn(bytes(map(compared, self._values(), repeat(other))) if plane is None else plane, valid)

    def _compare_scalar(self, operation: str, value: object) -> bytes | None:
        """The plane of a comparison with one value, none if there is no faster way than value by value."""
        return None

    def __eq__(self, other: object) -> BooleanColumn:  # type: ignore[override]
        return self._compare("eq", other)

    def __ne__(self, other: object) -> BooleanColumn:  # type: ignore[override]
        return self._compare("ne", other)

    def __lt__(self, other: object) -> BooleanColumn:
        return self._compare("lt", other)

    def __le__(self, other: object) -> BooleanColumn:
        return self._compare("le", other)

    def __gt__(self, other: object) -> BooleanColumn:
        return self._compare("gt", other)

    def __ge__(self, other: object) -> BooleanColumn:
        return self._compare("ge", other)

    __hash__ = None  # type: ignore[assignment]

    def __contains__(self, value: object) -> bool:
        return value in self.to_list()

    def min(self) -> T | None:
        """The least value, null if there is none."""
        return min(cast("Iterable[Any]", self.drop_nulls()._values()), default=None)

    def max(self) -> T | None:
        """The greatest value, null if there is none."""
        return max(cast("Iterable[Any]", self.drop_nulls()._values()), default=None)

    def __repr__(self) -> str:
        shown = ", ".join(map(repr, self[:8]))
        return f"<{self.kind} column of {self._length}: [{shown}{', …' if self._length > 8 else ''}]>"


def select(columns: Sequence[Column[Any]], selection: Selection) -> list[Column[Any]]:
    """The selected rows of columns of one length."""
    planes: list[Plane] = []
    counts = []
    for column in columns:
        own = column._planes()
        if column.valid is not None:
            own = [*own, (column.valid, 1)]
        counts.append(len(own))
        planes += own
    picked = iter(gather(selection, planes))
    out = []
    for column, count in zip(columns, counts):
        own_planes = [next(picked) for _ in range(count)]
        valid = own_planes.pop() if column.valid is not None else None
        out.append(column._selected(own_planes, selection, valid))
    return out
