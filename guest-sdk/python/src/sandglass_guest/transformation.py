"""Decorators that make transformations of functions and classes."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .context import Context
from .contract import Contract, Input, Parameter, Scope
from .errors import InternalError, quoted
from .kinds import Kind
from .runs import EmitKeys, EmitRows, EmitWhole, PerBatch

#: What the forms of a scope are called with.
_FORMS = {
    "aligned": {2: "(context, batch) and returns columns"},
    "row": {2: "(context, batch) and returns columns", 3: "(context, batch, out) and emits rows"},
    "keyed": {3: "(context, group, out) and emits rows"},
    "interval": {3: "(context, inputs, out) and emits rows"},
}

#: The transformations of all modules that were imported, in the order of their definition.
registered: list[Transformation] = []


class Transformation:
    """A transformation: its contract, and the function or class that makes its rows. Calling it calls those."""

    def __init__(self, contract: Contract, author: Callable[..., Any]) -> None:
        self.contract = contract
        self.author = author
        self._arguments = _arguments(contract, author)
        self.__name__ = getattr(author, "__name__", contract.name)
        self.__doc__ = author.__doc__
        self.__module__ = author.__module__

    @property
    def name(self) -> str:
        """Its name in the contract."""
        return self.contract.name

    def __call__(self, *arguments: Any) -> Any:
        return self.author(*arguments)

    def open(self, context: Context) -> Any:
        """Starts a run."""
        if isinstance(self.author, type):
            return self.author(context)
        match self.contract.scope, self._arguments:
            case "row", 3:
                return EmitRows(self.author, context, self.contract.output)
            case "aligned" | "row", _:
                return PerBatch(self.author, context)
            case "keyed", _:
                return EmitKeys(self.author, context, self.contract)
        return EmitWhole(self.author, context, self.contract)

    def __repr__(self) -> str:
        return f"<{self.contract.scope} transformation {self.name}>"


def _arguments(contract: Contract, author: Callable[..., Any]) -> int:
    if isinstance(author, type):
        if not callable(getattr(author, "push", None)):
            raise TypeError(f"class {author.__name__} has no method push(self, input, batch)")
        return 0
    if not inspect.isfunction(author):
        raise TypeError(f"`{contract.name}` decorates {author!r}, which is neither a function nor a class")
    if inspect.isgeneratorfunction(author) or inspect.iscoroutinefunction(author):
        raise TypeError(f"`{contract.name}` decorates a generator or a coroutine: a class may have generators, see Run")
    forms = _FORMS[contract.scope]
    for count in forms:
        try:
            inspect.signature(author).bind(*range(count))
        except TypeError:
            continue
        return count
    said = ", or ".join(forms.values())
    raise TypeError(f"`{author.__name__}` is {contract.scope}, so it takes {said}; or it is a class, see Run")


Decorator = Callable[[Callable[..., Any]], Transformation]


def _decorator(
    scope: Scope,
    name: str,
    inputs: Input | Sequence[Input],
    output: Mapping[str, Kind[Any]],
    parameters: Sequence[Parameter],
    doc: str | None,
    properties: Mapping[str, str] | None,
) -> Decorator:
    if not isinstance(name, str):
        raise TypeError(f'a transformation has a name: @{scope}("…", …)')
    several = [inputs] if isinstance(inputs, Input) else list(inputs)

    def decorate(author: Callable[..., Any]) -> Transformation:
        said = inspect.cleandoc(author.__doc__ or "") if doc is None else doc
        contract = Contract(name, said, several, dict(output), scope, list(parameters), dict(properties or {}))
        transformation = Transformation(contract, author)
        registered.append(transformation)
        return transformation

    return decorate


def aligned(
    name: str,
    *,
    input: Input,
    output: Mapping[str, Kind[Any]],
    parameters: Sequence[Parameter] = (),
    doc: str | None = None,
    properties: Mapping[str, str] | None = None,
) -> Decorator:
    """One row out for each row in, in the same order: `function(context, batch)` returns a batch or columns by name.

    `doc` is the function's docstring if it is not said.
    """
    return _decorator("aligned", name, input, output, parameters, doc, properties)


def row(
    name: str,
    *,
    input: Input,
    output: Mapping[str, Kind[Any]],
    parameters: Sequence[Parameter] = (),
    doc: str | None = None,
    properties: Mapping[str, str] | None = None,
) -> Decorator:
    """Every row by itself, any number of rows out.

    `function(context, batch)` returns a batch, columns by name or an `Output`; `function(context, batch, out)` calls
    `out.emit(row, value, …)` and `out.reject(row, reason)`. `doc` is the function's docstring if it is not said.
    """
    return _decorator("row", name, input, output, parameters, doc, properties)


def keyed(
    name: str,
    *,
    inputs: Input | Sequence[Input],
    output: Mapping[str, Kind[Any]],
    parameters: Sequence[Parameter] = (),
    doc: str | None = None,
    properties: Mapping[str, str] | None = None,
) -> Decorator:
    """All rows of a key together: `function(context, group, out)` is called for each key, keys rise, and calls `out.emit(value, …)`.

    Needs `incremental_backfills` in the view. `doc` is the function's docstring if it is not said.
    """
    return _decorator("keyed", name, inputs, output, parameters, doc, properties)


def interval(
    name: str,
    *,
    inputs: Input | Sequence[Input],
    output: Mapping[str, Kind[Any]],
    parameters: Sequence[Parameter] = (),
    doc: str | None = None,
    properties: Mapping[str, str] | None = None,
) -> Decorator:
    """A whole interval at once: `function(context, inputs, out)` is called once and calls `out.emit(value, …)`.

    Needs `incremental_backfills` in the view. `doc` is the function's docstring if it is not said.
    """
    return _decorator("interval", name, inputs, output, parameters, doc, properties)


def check_names(transformations: Sequence[Transformation]) -> None:
    """One component has each name once."""
    names = [transformation.name for transformation in transformations]
    for name in names:
        if names.count(name) > 1:
            raise InternalError(f"there are two transformations `{name}`")


def find(transformations: Sequence[Transformation], name: str) -> Transformation:
    """The one of that name."""
    for transformation in transformations:
        if transformation.name == name:
            return transformation
    names = quoted(transformation.name for transformation in transformations)
    raise InternalError(f"there is no transformation `{name}`; there are {names}")
