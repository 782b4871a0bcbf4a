"""What componentize-py makes of an author's module: the contract's exports.

Only inside of a component can this module be imported. The build's own module is two lines::

    from sandglass_guest.component import load
    Transformation = load("orders")
"""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable
from typing import Any, TypeVar

from componentize_py_types import Err
from wit_world.imports import log as host_log
from wit_world.imports import types as wit

from . import log
from .context import Context, Interval
from .contract import Contract, Parameter
from .encode import encode
from .errors import Failure, InternalError
from .guest import clock, closed, imports, locks, state, streams, trace
from .kinds import Kind
from .output import Checked
from .run import Driver
from .transformation import check_names, find, registered

T = TypeVar("T")

_U32 = 1 << 32
_LEVELS = {"debug": host_log.Level.DEBUG, "info": host_log.Level.INFO, "warn": host_log.Level.WARN, "error": host_log.Level.ERROR}
_FAILURES = {"input": wit.FailureKind.INPUT, "parameter": wit.FailureKind.PARAMETER, "internal": wit.FailureKind.INTERNAL}
_VALUES = {
    "boolean": wit.Value_Boolean,
    "int64": wit.Value_Int64,
    "float64": wit.Value_Float64,
    "utf8": wit.Value_Utf8,
    "timestamp": wit.Value_Timestamp,
    "duration": wit.Value_Duration,
}
_VALUE_NAMES = {value: name for name, value in _VALUES.items()}


#: Between them the build finds what the author should see.
_ERROR_BEGINS, _ERROR_ENDS = "--- sandglass: error", "--- sandglass: end"
_ERROR_MAX = 4_000


def load(module: str) -> type[Transformation]:
    """Imports the author's module, while the component is built."""
    building = sys.stderr
    try:
        return _load(module)
    except BaseException as error:
        said = error.message if isinstance(error, Failure) else trace.formatted(error, mounted=True)
        said = said if len(said) <= _ERROR_MAX else "…\n" + said[-_ERROR_MAX:]
        building.write(f"{_ERROR_BEGINS}\n{log.clean(said)}\n{_ERROR_ENDS}\n")
        building.flush()
        raise SystemExit(1) from None


def _load(module: str) -> type[Transformation]:
    streams.install()
    clock.install()
    locks.install()
    closed.install()
    state.sweep()
    importlib.import_module(module)
    if not registered:
        raise InternalError(f"module `{module}` has no transformations: decorate a function with @row, @aligned, @keyed or @interval")
    check_names(registered)
    for transformation in registered:
        _contract(transformation.contract)
    imports.import_standard()
    imports.import_late(module)
    closed.install_late()
    state.sweep()
    trace.keep_sources()
    trace.warm_up()
    log.redirect(lambda level, message: host_log.log(_LEVELS[level], message))
    gc.collect()
    # What is there now stays; the collector need not look at it again.
    gc.freeze()
    # Rows of a batch are many small objects, none of them garbage in a circle.
    gc.set_threshold(100_000, 20, 100)
    return Transformation


class Transformation:
    """The interface `transformation`."""

    def describe(self) -> list[Any]:
        return _guarded(lambda: [_contract(transformation.contract) for transformation in registered])

    def open(self, name: str, context: Any) -> ComponentRun:
        return _guarded(lambda: ComponentRun(_open(name, context)))


class ComponentRun:
    """The resource `run`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def push(self, input: int, batch: Any) -> None:
        nodes = [(node.length, node.null_count) for node in batch.nodes]
        _guarded(lambda: self._driver.push(input, batch.rows, nodes, batch.buffers))

    def end_keys(self) -> None:
        _guarded(self._driver.end_keys)

    def finish(self) -> None:
        _guarded(self._driver.finish)

    def next(self) -> Any:
        return _guarded(self._next)

    def _next(self) -> Any:
        checked = self._driver.next()
        return None if checked is None else _output(self._driver, checked)


def _open(name: str, given: Any) -> Driver:
    transformation = find(registered, name)
    context = _context(given)
    match context.mode:
        case "materialize":
            clock.set_clock(context.interval.end)
        case "request":
            clock.set_clock(context.request_time)
        case _:
            clock.set_clock(0)
    closed.reseed()
    return Driver(transformation, context)


def _guarded(function: Callable[[], T]) -> T:
    """Runs it in the closed world; what it raises becomes a failure."""
    if not state.running:
        closed.enter()
    try:
        return function()
    except BaseException as error:  # SystemExit is none of the host's either.
        failure = _failure(error)
    finally:
        streams.end_lines()
    raise Err(failure)


#: Characters of a failure's message; the host shows fewer.
_MESSAGE_MAX = 4_000


def _failure(error: BaseException) -> Any:
    if isinstance(error, Failure):
        try:
            message = log.clean(str(error.message)[:_MESSAGE_MAX])
            return wit.Failure(_FAILURES[error.kind], message, _place(error.input), _place(error.row))
        except Exception:  # Its attributes are the author's to change.
            log.error("a failure whose message or kind is none")
    try:
        words = trace.said(error)
        log.error(trace.formatted(error))
    except Exception:  # So are those of any other; and what is nested deeply exhausts Python's stack.
        words = f"{type(error).__name__[:_MESSAGE_MAX]}: an error that cannot be shown"
        log.error(words)
    return wit.Failure(wit.FailureKind.INTERNAL, log.clean(words[:_MESSAGE_MAX]), None, None)


def _place(place: object) -> int | None:
    return int(place) if isinstance(place, int) and 0 <= place < _U32 else None


def _context(given: Any) -> Context:
    interval = request_time = None
    match given.mode:
        case wit.Mode_Materialize(value=value):
            mode, interval = "materialize", Interval(value.start, value.end)
        case wit.Mode_Request(value=value):
            mode, request_time = "request", value
        case _:
            mode = "streaming"
    ranges = [None if range is None else Interval(range.start, range.end) for range in given.ranges]
    parameters = {name: (_VALUE_NAMES[type(value)], value.value) for name, value in given.parameters}
    return Context(mode, interval, request_time, ranges, parameters, given.lineage, dict(given.properties))  # type: ignore[arg-type]


def _contract(contract: Contract) -> Any:
    inputs = [wit.Input(_text(input.name), _schema(input.columns), list(map(_text, input.keys))) for input in contract.inputs]
    return wit.Contract(
        _text(contract.name),
        _text(contract.doc),
        inputs,
        _schema(contract.output),
        wit.Scope[contract.scope.upper()],
        [_parameter(parameter) for parameter in contract.parameters],
        [(_text(name), _text(value)) for name, value in contract.properties.items()],
    )


def _text(text: str) -> str:
    return log.clean(text)


def _parameter(parameter: Parameter) -> Any:
    kind = wit.ValueKind[parameter.kind.name.upper()]
    default = parameter.default
    if isinstance(default, str):
        default = _text(default)
    value = None if default is None else _VALUES[parameter.kind.name](default)
    return wit.Parameter(_text(parameter.name), kind, value, _text(parameter.doc))


def _schema(columns: Any) -> list[Any]:
    out: list[Any] = []
    for name, kind in columns.items():
        _fields(name, kind, out)
    return out


def _fields(name: str, kind: Kind[Any], out: list[Any]) -> None:
    made = getattr(wit, "Kind_" + _KIND_NAMES.get(kind.name, "".join(map(str.capitalize, kind.name.split("-")))))
    match kind.name:
        case "decimal128":
            described = made(kind.argument)
        case "fixed-size-binary" | "fixed-size-list":
            described = made(kind.argument[0])
        case _:
            described = made()
    out.append(wit.Field(_text(name), described, kind.is_nullable, len(kind.children)))
    for child in kind.children:
        _fields(child.name, child.kind, out)


_KIND_NAMES = {"list": "ListOf", "fixed-size-list": "FixedSizeListOf", "struct": "StructOf", "map": "MapOf"}


def _output(driver: Driver, checked: Checked) -> Any:
    nodes, buffers = encode(driver.kinds, checked.columns)
    batch = wit.Batch(checked.rows, [wit.Node(length, nulls) for length, nulls in nodes], buffers)
    sources = None if checked.source_rows is None else list(checked.source_rows)
    rejected = [wit.Rejection(row, log.clean(reason)) for row, reason in checked.rejected]
    return wit.Output(batch, sources, rejected)
