"""Transformations in unit tests, without WebAssembly, through the same conversions and checks as in a component."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from . import log
from .batch import Batch, concatenate
from .column import Column
from .context import Context, Interval
from .contract import Input
from .encode import decode, encode
from .errors import InternalError, ParameterError, quoted
from .kinds import Kind
from .output import Output, check
from .run import Driver
from .transformation import Transformation

Columns = Batch | Mapping[str, Column[Any] | Iterable[Any]]

_DAY = Interval(0, 86_400_000_000)


@dataclass
class Outcome:
    """What a run returned."""

    #: All rows.
    batch: Batch
    #: In the row and aligned scopes, the row of the input that each came from.
    source_rows: list[int] | None
    #: Rejected rows of the input and their reasons.
    rejected: list[tuple[int, str]]
    #: What was logged: level and message.
    logs: list[tuple[str, str]]

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """All rows as tuples."""
        return list(self.batch.zip())


@dataclass(frozen=True)
class Test:
    """A run in the making.

    Parameters have their defaults, the interval is the first day of 1970 and the host wants source rows, unless it is said
    otherwise. Every method answers a new one.

        outcome = Test(order_details).parameters(large_from=5.0).run({"customer_id": [1], "amount": [9.5]})
        assert outcome.rows == [(1, 9.5, True)]
    """

    __test__ = False  # Not a test of pytest's.

    transformation: Transformation
    _context: Context = Context("materialize", _DAY, lineage=True)
    _ranges: Sequence[Interval | None] | None = None
    _given: Mapping[str, Any] = field(default_factory=dict)
    _batch_rows: int = 8_192

    def interval(self, start: int, end: int) -> Test:
        """The interval whose rows are made, `[start, end)` in microseconds since 1970; also every input's range."""
        interval = Interval(start, end)
        context = replace(self._context, mode="materialize", _interval=interval, _request_time=None)
        return replace(self, _context=context, _ranges=[interval] * self._count())

    def streaming(self) -> Test:
        """Rows as they arrive, instead of an interval's."""
        return self._unfiltered(replace(self._context, mode="streaming", _interval=None, _request_time=None))

    def request(self, at: int) -> Test:
        """One request at this time, instead of an interval."""
        return self._unfiltered(replace(self._context, mode="request", _interval=None, _request_time=at))

    def range(self, input: int, start: int, end: int) -> Test:
        """The time range that an input was filtered to."""
        ranges = list(self._all_ranges())
        ranges[input] = Interval(start, end)
        return replace(self, _ranges=ranges)

    def unfiltered(self) -> Test:
        """No input was filtered."""
        return self._unfiltered(self._context)

    def lineage(self, wanted: bool) -> Test:
        """Whether the host wants source rows."""
        return replace(self, _context=replace(self._context, lineage=wanted))

    def host_property(self, name: str, value: str) -> Test:
        """What a later host may tell besides."""
        properties = {**self._context.properties, name: value}
        return replace(self, _context=replace(self._context, properties=properties))

    def parameters(self, **values: Any) -> Test:
        """The values of parameters."""
        return replace(self, _given={**self._given, **values})

    def batch_rows(self, rows: int) -> Test:
        """Hands rows in by batches of so many, to test what happens at their edges."""
        return replace(self, _batch_rows=max(rows, 1))

    def run(self, *inputs: Columns) -> Outcome:
        """Runs it over the rows of each input, whose columns are found by name.

        As the host does, it sorts the rows of a keyed transformation by key, then by time: the column `timestamp`, or else
        the first of that kind. What ends the run is raised.
        """
        logs: list[tuple[str, str]] = []
        before = log.redirect(lambda level, message: logs.append((level, message)))
        try:
            return self._run(inputs, logs)
        finally:
            log.redirect(before)

    def _count(self) -> int:
        return len(self.transformation.contract.inputs)

    def _all_ranges(self) -> Sequence[Interval | None]:
        return [_DAY] * self._count() if self._ranges is None else self._ranges

    def _unfiltered(self, context: Context) -> Test:
        return replace(self, _context=context, _ranges=[None] * self._count())

    def _run(self, given: Sequence[Columns], logs: list[tuple[str, str]]) -> Outcome:
        contract = self.transformation.contract
        if len(given) != self._count():
            raise InternalError(f"rows of {len(given)} inputs, there are {self._count()}")
        context = replace(self._context, _ranges=self._all_ranges(), _parameters=self._parameters())
        driver = Driver(self.transformation, context)
        seen = _Seen(contract.output)
        for place, (input, columns) in enumerate(zip(contract.inputs, given)):
            rows = _prepared(input, columns, contract.scope == "keyed")
            kinds = list(input.columns.values())
            for start in range(0, rows.rows, self._batch_rows):
                part = rows.slice(start, min(start + self._batch_rows, rows.rows))
                driver.push(place, part.rows, *encode(kinds, [part[name] for name in input.columns]))
                seen.drain(driver, start)
        if contract.scope == "keyed":
            driver.end_keys()
            seen.drain(driver, 0)
        driver.finish()
        seen.drain(driver, 0)
        return Outcome(concatenate(contract.output, seen.parts), seen.source_rows, seen.rejected, logs)

    def _parameters(self) -> dict[str, tuple[str, Any]]:
        """What the host would hand over: the given ones, and defaults for the rest."""
        declared = {parameter.name: parameter for parameter in self.transformation.contract.parameters}
        for name in self._given:
            if name not in declared:
                raise ParameterError(f"there is no parameter `{name}`; there are {quoted(declared)}")
        values = {}
        for name, parameter in declared.items():
            value = parameter.value(self._given[name]) if name in self._given else parameter.default
            if value is None:
                raise ParameterError(f"parameter `{name}` must be given")
            values[name] = (parameter.kind.name, value)
        return values


def _prepared(input: Input, given: Columns, sort: bool) -> Batch:
    """The rows as the host would hand them in."""
    if not isinstance(given, Batch):
        given = {name: column for name, column in given.items() if name in input.columns}
    try:
        checked = check(Output(given), input.columns)
    except InternalError as error:
        raise InternalError(error.message.replace("output:", f"input `{input.name}`:", 1)) from None
    kinds = list(input.columns.values())
    rows = Batch(decode(input.columns, checked.rows, *encode(kinds, checked.columns)), checked.rows)
    if not sort:
        return rows
    by = [rows[name] for name in [*input.keys, *_time(input.columns)]]
    order = sorted(range(rows.rows), key=list(zip(*by)).__getitem__)
    return rows.take(order)


def _time(columns: Mapping[str, Kind[Any]]) -> list[str]:
    times = [name for name, kind in columns.items() if kind.name == "timestamp"]
    return ["timestamp"] if "timestamp" in times else times[:1]


class _Seen:
    def __init__(self, output: Mapping[str, Kind[Any]]) -> None:
        self._output = output
        self.parts: list[Batch] = []
        self.source_rows: list[int] | None = None
        self.rejected: list[tuple[int, str]] = []

    def drain(self, driver: Driver, start: int) -> None:
        """Takes what is ready; `start` is where the batch last pushed starts in its input."""
        while (checked := driver.next()) is not None:
            nodes, buffers = encode(driver.kinds, checked.columns)
            self.parts.append(Batch(decode(self._output, checked.rows, nodes, buffers), checked.rows))
            if checked.source_rows is not None:
                self.source_rows = [*(self.source_rows or []), *(row + start for row in checked.source_rows)]
            self.rejected += [(row + start, reason) for row, reason in checked.rejected]
        driver.check_aligned()
