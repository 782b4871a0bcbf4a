"""The runs behind simple functions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from .batch import Batch
from .context import Context
from .contract import Contract, Input
from .errors import InternalError
from .group import Inputs, each_group
from .kinds import Kind
from .output import Output
from .rows import Emitter, Rows


class PerBatch:
    """One call for each batch, which returns columns."""

    def __init__(self, function: Callable[..., Any], context: Context) -> None:
        self._function = function
        self._context = context

    def push(self, input: int, batch: Batch) -> Any:
        returned = self._function(self._context, batch)
        return (returned,)


class EmitRows:
    """One call for each batch, which emits rows."""

    def __init__(self, function: Callable[..., Any], context: Context, output: Mapping[str, Kind[Any]]) -> None:
        self._function = function
        self._context = context
        self._output = output

    def push(self, input: int, batch: Batch) -> Iterator[Output]:
        emitter = Emitter(self._output, batch.rows)
        _nothing(self._function(self._context, batch, emitter))
        return emitter._outputs()


class EmitKeys:
    """One call for each key of a range that has ended."""

    def __init__(self, function: Callable[..., Any], context: Context, contract: Contract) -> None:
        self._function = function
        self._context = context
        self._inputs: Sequence[Input] = contract.inputs
        self._rows = Rows(contract.output)
        self._range: list[list[Batch]] = [[] for _ in contract.inputs]

    def push(self, input: int, batch: Batch) -> None:
        if batch.rows:
            self._range[input].append(batch)

    def end_keys(self) -> Iterator[Output]:
        ended, self._range = self._range, [[] for _ in self._inputs]
        for group in each_group(self._inputs, ended):
            _nothing(self._function(self._context, group, self._rows))
            yield from self._rows._outputs()
        self._rows._flush()
        yield from self._rows._outputs()

    def finish(self) -> None:
        if any(self._range):
            raise InternalError("the run ends inside of a range of keys")


class EmitWhole:
    """One call for a whole interval."""

    def __init__(self, function: Callable[..., Any], context: Context, contract: Contract) -> None:
        self._function = function
        self._context = context
        self._inputs = Inputs(contract.inputs)
        self._rows = Rows(contract.output)

    def push(self, input: int, batch: Batch) -> None:
        self._inputs._push(input, batch)

    def finish(self) -> Iterator[Output]:
        _nothing(self._function(self._context, self._inputs, self._rows))
        self._rows._flush()
        return self._rows._outputs()


def _nothing(returned: object) -> None:
    if returned is not None:
        raise InternalError(
            f"a function that is given `out` emits rows and returns nothing, this one returned {type(returned).__name__}"
        )
