"""What the host says about a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .errors import InternalError, ParameterError, quoted

Mode = Literal["materialize", "streaming", "request"]


@dataclass(frozen=True)
class Interval:
    """`[start, end)` in microseconds since 1970, UTC."""

    start: int
    end: int

    def __contains__(self, micros: object) -> bool:
        return isinstance(micros, int) and self.start <= micros < self.end


@dataclass(frozen=True)
class Context:
    """Why a run is made, and its parameters."""

    mode: Mode
    _interval: Interval | None = None
    _request_time: int | None = None
    _ranges: Sequence[Interval | None] = ()
    #: Each with its kind and its value.
    _parameters: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    #: Whether source rows are wanted; giving them when they are not does no harm.
    lineage: bool = False
    #: What a host later than this SDK may tell besides.
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def interval(self) -> Interval:
        """The interval whose rows are to be made; an error unless the mode is `materialize`."""
        if self._interval is None:
            raise InternalError("there is no interval outside of materialization")
        return self._interval

    @property
    def request_time(self) -> int:
        """The time of the request, or of a row of training data, in microseconds; an error unless the mode is `request`."""
        if self._request_time is None:
            raise InternalError("there is no request whose time could be told")
        return self._request_time

    def range(self, input: int = 0) -> Interval | None:
        """The time range that an input's rows were filtered to, none if unfiltered."""
        return self._ranges[input] if input < len(self._ranges) else None

    @property
    def parameters(self) -> dict[str, Any]:
        """The values of all parameters."""
        return {name: value for name, (_, value) in self._parameters.items()}

    def boolean(self, name: str) -> bool:
        """A parameter that is true or false."""
        value: bool = self._value(name, "boolean")
        return value

    def int64(self, name: str) -> int:
        """A parameter that is a whole number."""
        value: int = self._value(name, "int64")
        return value

    def float64(self, name: str) -> float:
        """A parameter that is a number."""
        value: float = self._value(name, "float64")
        return value

    def utf8(self, name: str) -> str:
        """A parameter that is text."""
        value: str = self._value(name, "utf8")
        return value

    def timestamp(self, name: str) -> int:
        """A parameter that is a time, in microseconds since 1970."""
        value: int = self._value(name, "timestamp")
        return value

    def duration(self, name: str) -> int:
        """A parameter that is a length of time, in microseconds."""
        value: int = self._value(name, "duration")
        return value

    def _value(self, name: str, kind: str) -> Any:
        if name not in self._parameters:
            raise ParameterError(f"there is no parameter `{name}`; there are {quoted(self._parameters)}")
        declared, value = self._parameters[name]
        if declared != kind:
            raise ParameterError(f"parameter `{name}` is {declared}, not {kind}")
        return value
