"""Rows of an input, column by column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from .boolean import BooleanColumn
from .column import Column, select
from .concatenate import join
from .errors import InternalError, UnknownColumn, quoted
from .gather import Filter, Selection, Take, taking
from .kinds import Kind

T = TypeVar("T")


class Batch:
    """Columns of one length. `batch.amount` and `batch["amount"]` are a column; the second works for every name.

    What picks rows remembers where they came from, so that it may be returned from a `row` transformation as it is.
    """

    __slots__ = ("_columns", "rows", "_origin", "_picked")

    def __init__(self, columns: Mapping[str, Column[Any]], rows: int | None = None) -> None:
        self._columns = dict(columns)
        lengths = {name: len(column) for name, column in self._columns.items()}
        #: How many rows it has.
        self.rows: int = next(iter(lengths.values()), 0) if rows is None else rows
        for name, length in lengths.items():
            if length != self.rows:
                raise InternalError(f"column `{name}` has {length} rows, the batch has {self.rows}")
        #: The batch that its rows were picked from, and which.
        self._origin: Batch | None = None
        self._picked: Selection | None = None

    def __len__(self) -> int:
        return self.rows

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def _all(self) -> Mapping[str, Column[Any]]:
        return self._columns

    @property
    def names(self) -> list[str]:
        """The names of its columns."""
        return list(self._columns)

    def __getitem__(self, name: str) -> Column[Any]:
        column = self._columns.get(name)
        if column is None:
            raise UnknownColumn(f"there is no column `{name}`; there are {quoted(self._columns)}")
        return column

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self[name]

    def column(self, name: str, kind: Kind[T]) -> Column[T]:
        """The column of that name, which must be of that kind."""
        column = self[name]
        if not kind.is_like(column.kind):
            raise InternalError(f"column `{name}` is {column.kind}, not {kind}")
        return column

    def zip(self, *names: str) -> Iterator[tuple[Any, ...]]:
        """Its rows as tuples of these columns' values; of all columns if none are named."""
        return zip(*(self[name] for name in names or self.names))

    # Picking rows.

    def filter(self, mask: BooleanColumn) -> Batch:
        """The rows where the mask is true; not those where it is null."""
        if len(mask) != self.rows:
            raise InternalError(f"a mask of {len(mask)} rows for a batch of {self.rows}")
        return self._select(Filter(mask.true_plane()))

    def take(self, rows: Sequence[int]) -> Batch:
        """These rows, in this order, any of them as often as it is named."""
        return self._select(taking(rows, self.rows))

    def slice(self, start: int, stop: int) -> Batch:
        """The rows from `start` up to `stop`."""
        if start == 0 and stop == self.rows:
            return self
        columns = {name: column[start:stop] for name, column in self._all().items()}
        return self._derived(columns, stop - start, Take(range(start, stop), self.rows))

    def _select(self, selection: Selection) -> Batch:
        columns = self._all()
        picked = select(list(columns.values()), selection)
        return self._derived(dict(zip(columns, picked)), selection.count, selection)

    def _derived(self, columns: Mapping[str, Column[Any]], rows: int, picked: Selection | None) -> Batch:
        batch = Batch(columns, rows)
        batch._origin, batch._picked = self, picked
        return batch

    def source_rows(self) -> list[int]:
        """For each row the row of the batch that the host handed in."""
        batch, chain = self, []
        while batch._origin is not None:
            if batch._picked is not None:
                chain.append(batch._picked.indices())
            batch = batch._origin
        rows: Sequence[int] = range(batch.rows)
        for picked in reversed(chain):
            rows = [rows[row] for row in picked]
        return list(rows)

    @property
    def is_picked(self) -> bool:
        """Whether its rows were picked from a batch of the host's."""
        return self._origin is not None

    # Columns.

    def select(self, *names: str) -> Batch:
        """With these columns only."""
        return self._derived({name: self[name] for name in names}, self.rows, None)

    def with_columns(self, **columns: Column[Any]) -> Batch:
        """With these columns added, or in place of those that have their names."""
        return self._derived({**self._all(), **columns}, self.rows, None)

    def group_by(self, *names: str) -> Iterator[tuple[Any, Batch]]:
        """Each value of a column with its rows, in the order in which the values come; of several columns a tuple of values."""
        if len(names) == 1:
            groups: Mapping[Any, list[int]] = self[names[0]].groups()
        else:
            several: dict[Any, list[int]] = {}
            for row, key in enumerate(self.zip(*names)):
                several.setdefault(key, []).append(row)
            groups = several
        for key, rows in groups.items():
            yield key, self.take(rows)

    def to_dict(self) -> dict[str, list[Any]]:
        """Its columns as lists of Python values."""
        return {name: list(column) for name, column in self._all().items()}

    def __repr__(self) -> str:
        return f"<batch of {self.rows} rows: {quoted(self.names)}>"


def concatenate(kinds: Mapping[str, Kind[Any]], batches: Sequence[Batch]) -> Batch:
    """The rows of batches of the same columns, one after another."""
    if len(batches) == 1:
        return batches[0]
    columns = {name: join(kind, [batch[name] for batch in batches]) for name, kind in kinds.items()}
    return Batch(columns, sum(batch.rows for batch in batches))
