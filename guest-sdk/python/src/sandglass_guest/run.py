"""Drives a run, the same in a component and in a test, and holds its outputs to the contract."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from .batch import Batch
from .column import Column
from .context import Context
from .contract import Contract
from .encode import Node, decode
from .errors import InternalError
from .output import OUTPUT_ROWS, Checked, Output, as_output, check

if TYPE_CHECKING:
    from .transformation import Transformation

Outputs = Iterable[Any] | Batch | Output | None


class Run(Protocol):
    """One run with a state of its own: a class whose object is made with the context, and gets every call of the host.

    Each method returns nothing, one output (a batch, a dictionary of columns or an `Output`), or an iterable of them; it may
    be a generator. `end_keys` and `finish` may be left out.
    """

    def push(self, input: int, batch: Batch) -> Any:
        """Rows of an input, by its number."""


class Driver:
    """A run and what came out of it since the last call."""

    def __init__(self, transformation: Transformation, context: Context) -> None:
        self._contract: Contract = transformation.contract
        self._kinds = list(self._contract.output.values())
        self._lineage = context.lineage and self._contract.scope in ("aligned", "row")
        #: Rows of the batch last pushed, none after the other calls.
        self._rows_in: int | None = None
        self.rows_out = 0
        self._coming: Iterator[Any] = iter(())
        self._ready: deque[Checked] = deque()
        self._run = transformation.open(context)

    @property
    def kinds(self) -> Sequence[Any]:
        """The kinds of the output's columns."""
        return self._kinds

    def push(self, input: int, rows: int, nodes: Sequence[Node], buffers: Sequence[bytes]) -> None:
        inputs = self._contract.inputs
        if not 0 <= input < len(inputs):
            raise InternalError(f"there is no input {input}; there are {len(inputs)}")
        batch = Batch(decode(inputs[input].columns, rows, nodes, buffers), rows)
        self._rows_in, self.rows_out = rows, 0
        self._coming = _each(self._run.push(input, batch))

    def end_keys(self) -> None:
        if self._contract.scope != "keyed":
            raise InternalError("end-keys outside of the keyed scope")
        self._rows_in = None
        end_keys = getattr(self._run, "end_keys", None)
        self._coming = _each(end_keys() if end_keys is not None else None)

    def finish(self) -> None:
        self._rows_in = None
        finish = getattr(self._run, "finish", None)
        self._coming = _each(finish() if finish is not None else None)

    def next(self) -> Checked | None:
        while not self._ready:
            try:
                returned = next(self._coming)
            except StopIteration:
                return None
            self._give(as_output(returned))
        return self._ready.popleft()

    def check_aligned(self) -> None:
        """What the host says of an aligned run that has been drained after a push: tests have no host."""
        if self._contract.scope == "aligned" and self._rows_in not in (None, self.rows_out):
            raise InternalError(
                f"{self.rows_out} rows out for {self._rows_in} rows in; the aligned scope has one for each"
            )

    def _give(self, output: Output) -> None:
        checked = check(output, self._contract.output)
        self._check_rejected(checked.rejected)
        checked.source_rows = self._source_rows(output, checked) if self._lineage else None
        self.rows_out += checked.rows
        if self._contract.scope == "aligned" and self._rows_in is not None and self.rows_out > self._rows_in:
            self.check_aligned()
        if checked.rows or checked.rejected:
            # The host takes an aligned batch of any length.
            self._ready += checked.split(OUTPUT_ROWS)

    def _check_rejected(self, rejected: Sequence[tuple[int, str]]) -> None:
        if not rejected:
            return
        if self._contract.scope != "row":
            raise InternalError("only the row scope can reject rows: leave them out, or raise InputError")
        rows_in = self._rows_in or 0
        for row, _ in (rejected[0], rejected[-1]):
            if not 0 <= row < rows_in:
                raise InternalError(f"rejected row {row} of a batch of {rows_in}")

    def _source_rows(self, output: Output, checked: Checked) -> Sequence[int]:
        """As given or picked, or implied by one row out for each row in that was not rejected."""
        rows_in, rows = self._rows_in or 0, checked.rows
        if self._contract.scope == "aligned":
            return range(self.rows_out, self.rows_out + rows)
        given = checked.source_rows
        if given is None and isinstance(output.columns, Batch) and output.columns.is_picked:
            given = output.columns.source_rows()
        if given is None:
            rejected = {row for row, _ in checked.rejected}
            given = [row for row in range(rows_in) if row not in rejected]
            if rows and (len(given) != rows or self.rows_out):
                raise InternalError(
                    f"{rows} rows out for {len(given)} rows in: say which row each came from with Output(source_rows=…)"
                )
            return given[:rows]
        given = list(given)
        if len(given) != rows:
            raise InternalError(f"{len(given)} source rows for {rows} rows")
        if given != sorted(given):
            raise InternalError("source rows that fall")
        if given and not (given[0] >= 0 and given[-1] < rows_in):
            wrong = given[0] if given[0] < 0 else given[-1]
            raise InternalError(f"source row {wrong} of {rows_in}")
        return given


def _each(returned: Any) -> Iterator[Any]:
    if returned is None:
        return iter(())
    if isinstance(returned, (Output, Batch, dict, Column)) or not isinstance(returned, Iterable):
        return iter((returned,))
    return iter(returned)
