"""Rows emitted one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .column import Column
from .errors import InternalError, quoted
from .kinds import Kind
from .output import OUTPUT_ROWS, Output


class Rows:
    """Where the keyed and interval scopes put their rows."""

    def __init__(self, output: Mapping[str, Kind[Any]]) -> None:
        self._output = output
        self._rows: list[tuple[Any, ...]] = []
        self._ready: list[Output] = []

    def emit(self, *values: Any) -> None:
        """Adds a row: its values in the order of the output's columns, `None` for null."""
        self._rows.append(values)

    def extend(self, columns: Mapping[str, Column[Any] | Iterable[Any]]) -> None:
        """Adds rows as columns, or as lists of Python values, by the names in the contract."""
        self._flush()
        self._ready.append(Output(columns))

    def _flush(self) -> None:
        rows, self._rows = self._rows, []
        for start in range(0, len(rows), OUTPUT_ROWS):
            self._ready.append(Output(_columns(self._output, rows[start : start + OUTPUT_ROWS], 0)))

    def _outputs(self) -> Iterator[Output]:
        """Full outputs; those that are not full when the caller has flushed."""
        if len(self._rows) >= OUTPUT_ROWS:
            self._flush()
        ready, self._ready = self._ready, []
        return iter(ready)


class Emitter:
    """Where the row scope puts its rows: each with the row of the batch that it came from."""

    # Rows are looked at when they become columns, all at once: this is called for each of them.
    def __init__(self, output: Mapping[str, Kind[Any]], rows_in: int) -> None:
        self._output = output
        self._rows_in = rows_in
        self._rows: list[tuple[Any, ...]] = []
        self._rejected: list[tuple[int, str]] = []
        append = self._rows.append

        def emit(*row: Any) -> None:
            append(row)

        if not TYPE_CHECKING:
            self.emit = emit

    if TYPE_CHECKING:

        def emit(self, source: int, *values: Any) -> None:
            """Adds a row that row `source` of the batch gave: its values in the order of the output's columns, `None` for null.

            Sources never fall.
            """

    def reject(self, source: int, reason: str) -> None:
        """A row of the batch that cannot be used, and why. The run goes on."""
        self._rejected.append((source, str(reason)))

    def _outputs(self) -> Iterator[Output]:
        """Outputs with their source rows; rejected rows go with the last."""
        last = -1
        for start in range(0, len(self._rows), OUTPUT_ROWS):
            rows = self._rows[start : start + OUTPUT_ROWS]
            columns = _columns(self._output, rows, 1)
            sources = [row[0] for row in rows]
            self._check(sources, last)
            last = sources[-1]
            rejected = self._rejected if start + OUTPUT_ROWS >= len(self._rows) else ()
            yield Output(columns, source_rows=sources, rejected=rejected)
        if not self._rows and self._rejected:
            yield Output(source_rows=[], rejected=self._rejected)

    def _check(self, sources: list[int], last: int) -> None:
        if set(map(type, sources)) <= {int} and last <= sources[0] and 0 <= sources[0] and sources[-1] < self._rows_in:
            if sources == sorted(sources):
                return
        for source in sources:
            if not isinstance(source, int):
                raise InternalError(f"out.emit({source!r}, …): the first is the row of the batch that it came from")
            if not last <= source < self._rows_in or source < 0:
                beyond = source < 0 or source >= self._rows_in
                raise InternalError(f"row {source} of a batch of {self._rows_in}" if beyond else f"source row {source} after {last}")
            last = source


def _columns(output: Mapping[str, Kind[Any]], rows: list[tuple[Any, ...]], skip: int) -> dict[str, Any]:
    """The rows' values as columns; the first `skip` are none."""
    width = len(output) + skip
    if any([len(row) != width for row in rows]):
        have = next(len(row) for row in rows if len(row) != width) - skip
        said = f"a row of {have} values" if have >= 0 else "a row without its source"
        raise InternalError(f"{said}, the output has {len(output)} columns: {quoted(output)}")
    return {name: [row[place] for row in rows] for place, name in enumerate(output, skip)}
