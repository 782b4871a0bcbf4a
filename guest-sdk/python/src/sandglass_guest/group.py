"""The rows of a range of keys, handed out key by key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from .batch import Batch, concatenate
from .column import Column
from .contract import Input
from .errors import InputError, InternalError, UnknownColumn, quoted


class Group:
    """All rows of one key. `group.purchases` are those of the input of that name, as `group.rows(0)` are of the first."""

    __slots__ = ("key", "_inputs", "_batches", "_spans", "_made")

    def __init__(
        self, key: tuple[Any, ...], inputs: Sequence[Input], batches: Sequence[Batch], spans: Sequence[tuple[int, int]]
    ) -> None:
        #: The parts of the key, in the order in which inputs name their key columns.
        self.key = key
        self._inputs = inputs
        self._batches = batches
        self._spans = spans
        self._made: dict[int, Batch] = {}

    def rows(self, input: int = 0) -> Batch:
        """The key's rows of an input, sorted by time; without rows if the input has none of this key."""
        made = self._made.get(input)
        if made is None:
            if not 0 <= input < len(self._batches):
                raise InternalError(f"there is no input {input}; there are {len(self._batches)}")
            start, stop = self._spans[input]
            made = self._made[input] = _Span(self._batches[input], start, stop)
        return made

    def __getattr__(self, name: str) -> Batch:
        if name.startswith("__"):
            raise AttributeError(name)
        for place, input in enumerate(self._inputs):
            if input.name == name:
                return self.rows(place)
        raise UnknownColumn(f"there is no input `{name}`; there are {quoted(input.name for input in self._inputs)}")


class _Span(Batch):
    """Some rows of a batch; columns are cut when they are asked for."""

    __slots__ = ("_whole", "_start", "_stop")

    def __init__(self, whole: Batch, start: int, stop: int) -> None:
        self._columns = {}
        self.rows = stop - start
        self._origin = self._picked = None
        self._whole, self._start, self._stop = whole, start, stop

    def __getitem__(self, name: str) -> Any:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = self._whole[name][self._start : self._stop]
        return column

    def __contains__(self, name: object) -> bool:
        return name in self._whole

    @property
    def names(self) -> list[str]:
        return self._whole.names

    def _all(self) -> Mapping[str, Column[Any]]:
        return {name: self[name] for name in self.names}


def each_group(inputs: Sequence[Input], batches: Sequence[Sequence[Batch]]) -> Iterator[Group]:
    """A group for every key of the range, keys rising. Batches are sorted by key."""
    ranges = [concatenate(input.columns, parts) for input, parts in zip(inputs, batches)]
    lanes = [_Lane(input, batch) for input, batch in zip(inputs, ranges)]
    while keys := [lane.key for lane in lanes if lane.key is not None]:
        key = min(keys)
        spans = [lane.take(key) for lane in lanes]
        yield Group(key, inputs, ranges, spans)


class _Lane:
    """Where one input stands."""

    def __init__(self, input: Input, batch: Batch) -> None:
        for name in input.keys:
            if batch[name].null_count:
                raise InputError(f"key `{name}` of input `{input.name}` is null")
        self._runs = groupby(batch.zip(*input.keys))
        self._at = 0
        self.key: tuple[Any, ...] | None = None
        self._length = 0
        self._next()

    def _next(self) -> None:
        key, run = next(self._runs, (None, ()))
        self.key = key
        self._length = len(list(run))

    def take(self, key: tuple[Any, ...]) -> tuple[int, int]:
        """Where the rows of this key start and end, and moves past them."""
        start = self._at
        if self.key == key:
            self._at += self._length
            self._next()
        return start, self._at


class Inputs:
    """All rows of an interval. `inputs.facts` are those of the input of that name, as `inputs.rows(0)` are of the first."""

    def __init__(self, inputs: Sequence[Input]) -> None:
        self._inputs = inputs
        self._batches: list[list[Batch]] = [[] for _ in inputs]

    def _push(self, input: int, batch: Batch) -> None:
        self._batches[input].append(batch)

    def batches(self, input: int = 0) -> Sequence[Batch]:
        """The rows of an input as they came."""
        return self._batches[input]

    def rows(self, input: int = 0) -> Batch:
        """The rows of an input in one batch; copies if there are several."""
        joined = concatenate(self._inputs[input].columns, self._batches[input])
        self._batches[input] = [joined]
        return joined

    def __getattr__(self, name: str) -> Batch:
        if name.startswith("_"):
            raise AttributeError(name)
        for place, input in enumerate(self._inputs):
            if input.name == name:
                return self.rows(place)
        raise UnknownColumn(f"there is no input `{name}`; there are {quoted(input.name for input in self._inputs)}")
