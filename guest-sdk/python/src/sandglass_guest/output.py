"""Rows that a transformation returns, and their comparison with the contract."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .batch import Batch
from .buffers import plane_and, plane_not
from .column import Column
from .errors import InternalError, quoted
from .kinds import Kind
from .nested import FixedListColumn, OffsetsColumn, StructColumn

#: Rows of one output.
OUTPUT_ROWS = 8_192


class Output:
    """Rows, where they came from, and rows that cannot be used.

    `columns` is a batch, or a dictionary of columns or of lists of Python values, by the names in the contract.
    """

    def __init__(
        self,
        columns: Batch | Mapping[str, Column[Any] | Iterable[Any]] | None = None,
        *,
        source_rows: Sequence[int] | None = None,
        rejected: Iterable[tuple[int, str]] = (),
    ) -> None:
        """`source_rows` are for each row out the row of the batch that it came from, rising.

        Left out, there is one row out for each row in that was not rejected, or they are those that `filter` or `take` picked.
        """
        self.columns = columns
        self.source_rows = source_rows
        self.rejected = list(rejected)

    def reject(self, row: int, reason: str) -> None:
        """A row of the batch that cannot be used, and why; in the row scope only. The run goes on."""
        self.rejected.append((row, reason))


@dataclass
class Checked:
    """Rows as the contract has them."""

    columns: list[Column[Any]]
    rows: int
    source_rows: Sequence[int] | None
    rejected: list[tuple[int, str]]

    def split(self, rows_max: int) -> list[Checked]:
        """Parts of at most so many rows; rejected rows go with the first."""
        if self.rows <= rows_max:
            return [self]
        parts = []
        for start in range(0, self.rows, rows_max):
            stop = min(start + rows_max, self.rows)
            sources = None if self.source_rows is None else self.source_rows[start:stop]
            columns = [column[start:stop] for column in self.columns]
            parts.append(Checked(columns, stop - start, sources, [] if start else self.rejected))
        return parts


Returned = Output | Batch | Mapping[str, Any] | None


def as_output(returned: object) -> Output:
    """What an author's function may return, as an output."""
    if isinstance(returned, Output):
        return returned
    if returned is None or isinstance(returned, (Batch, Mapping)):
        return Output(returned)
    raise InternalError(f"output: {type(returned).__name__} is neither an Output, nor a batch, nor a dictionary of columns")


def check(output: Output, contract: Mapping[str, Kind[Any]]) -> Checked:
    """Compares with the contract, names what differs."""
    given = output.columns
    rejected = sorted(output.rejected, key=lambda rejection: rejection[0])
    if given is None:
        columns = [kind.column([]) for kind in contract.values()]
        return Checked(columns, 0, output.source_rows, rejected)
    there = given.names if isinstance(given, Batch) else list(given)
    if not isinstance(given, Batch) and (unknown := [name for name in there if name not in contract]):
        raise InternalError(f"output: there is no column {quoted(unknown)} in the contract; it has {quoted(contract)}")
    columns = []
    for name, kind in contract.items():
        if name not in given:
            raise InternalError(f"output: column `{name}` is missing; there are {quoted(there)}")
        columns.append(_column(name, kind, given[name]))
    rows = given.rows if isinstance(given, Batch) else len(columns[0])
    for (name, kind), column in zip(contract.items(), columns):
        _conform(name, kind, column, rows)
    return Checked(columns, rows, output.source_rows, rejected)


def _column(name: str, kind: Kind[Any], given: object) -> Column[Any]:
    if isinstance(given, Column):
        return given
    if isinstance(given, (str, bytes)) or not isinstance(given, Iterable):
        raise InternalError(f"output: column `{name}` is {given!r}, which is neither a column nor a list; see Kind.repeat")
    try:
        return kind.column(given)
    except InternalError as error:
        raise InternalError(f"output: column `{name}`: {error.message}") from None


def _conform(name: str, kind: Kind[Any], column: Column[Any], rows: int) -> None:
    if not kind.is_like(column.kind):
        raise InternalError(f"output: column `{name}` is {column.kind}, the contract says {kind}")
    if len(column) != rows:
        raise InternalError(f"output: column `{name}` has {len(column)} rows, the first has {rows}")
    if not kind.is_nullable and (nulls := column.null_count):
        raise InternalError(f"output: column `{name}` has {nulls} nulls, the contract says that it has none")
    if inside := _null_inside(kind, column, None):
        raise InternalError(f"output: column `{name}` has nulls in its `{inside}`, the contract says that it has none")


def _null_inside(kind: Kind[Any], column: Column[Any], seen: bytes | None) -> str | None:
    """A field below that is null where the contract says that it never is, and where `seen` does not hide it."""
    if not kind.children:
        return None
    if column.valid is not None:
        seen = column.valid if seen is None else plane_and(seen, column.valid)
    match column:
        case OffsetsColumn():
            below: Sequence[tuple[Column[Any], bytes | None]] = [(child, None) for child in column.children]
        case FixedListColumn():
            size = kind.argument[0]
            below = [(column.items, None if seen is None else b"".join(bytes([ok]) * size for ok in seen))]
        case StructColumn():
            below = [(child, seen) for child in column.fields]
        case _:
            return None
    for field, (child, visible) in zip(kind.children, below):
        if not field.kind.is_nullable and child.valid is not None:
            nulls = plane_not(child.valid)
            if (nulls if visible is None else plane_and(nulls, visible)).count(1):
                return field.name
        if inside := _null_inside(field.kind, child, visible):
            return inside
    return None
