"""What a transformation declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from . import times
from .errors import quoted
from .kinds import Kind

Scope = Literal["aligned", "row", "keyed", "interval"]

_VALUES: dict[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "int64": (int,),
    "float64": (float, int),
    "utf8": (str,),
    "timestamp": (int,),
    "duration": (int,),
}
_KEYS = ("boolean", "int64", "date32", "timestamp", "utf8")


class Input:
    """What a transformation reads: a name, columns, and for the keyed scope the columns that make the key.

    A view's source goes to the input of its name, or by `input = "…"`.
    """

    def __init__(self, name: str, columns: Mapping[str, Kind[Any]], *, keys: Sequence[str] = ()) -> None:
        self.name = name
        self.columns = dict(columns)
        self.keys = [keys] if isinstance(keys, str) else list(keys)
        _check_columns(f"input `{name}`", self.columns)
        for key in self.keys:
            if key not in self.columns:
                raise ValueError(f"input `{name}` has no column `{key}` for its key; it has {quoted(self.columns)}")
            if self.columns[key].name not in _KEYS:
                raise ValueError(f"input `{name}`: `{key}` is {self.columns[key]}; a key is one of {', '.join(_KEYS)}")

    def __repr__(self) -> str:
        return f"Input({self.name!r}, {self.columns!r}, keys={self.keys!r})"


@dataclass(frozen=True)
class Parameter:
    """A parameter: declared here, given by the feature view. Without a default it must be given.

    Its kind is `boolean`, `int64`, `float64`, `utf8`, `timestamp` or `duration`. Times and lengths of time are microseconds.
    """

    name: str
    kind: Kind[Any]
    default: Any = None
    doc: str = ""

    def __post_init__(self) -> None:
        if self.kind.name not in _VALUES or self.kind.is_nullable:
            nullable = " that may be null" if self.kind.is_nullable else ""
            raise ValueError(f"parameter `{self.name}` is {self.kind}{nullable}; a parameter is one of {', '.join(_VALUES)}")
        if self.default is not None:
            object.__setattr__(self, "default", self.value(self.default))

    def value(self, value: object) -> Any:
        """A value as one of its kind; a `TypeError` if it is none."""
        given = times.plain(self.kind.name, value)
        is_bool = isinstance(given, bool)
        if not isinstance(given, _VALUES[self.kind.name]) or is_bool != (self.kind.name == "boolean"):
            raise TypeError(f"parameter `{self.name}` is {self.kind}, which {given!r} is not")
        if isinstance(given, int) and not is_bool and not -(1 << 63) <= given < 1 << 63:
            raise TypeError(f"parameter `{self.name}`: {given} is beyond 64 bits")
        return float(given) if self.kind.name == "float64" else given  # type: ignore[arg-type]


@dataclass(frozen=True)
class Contract:
    """One transformation as the host sees it."""

    name: str
    doc: str
    inputs: Sequence[Input]
    output: Mapping[str, Kind[Any]]
    scope: Scope
    parameters: Sequence[Parameter] = ()
    properties: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check_columns(f"the output of `{self.name}`", self.output)
        for what, names in (
            ("inputs", [input.name for input in self.inputs]),
            ("parameters", [parameter.name for parameter in self.parameters]),
        ):
            if len(set(names)) < len(names):
                raise ValueError(f"`{self.name}` has two {what} of one name: {quoted(names)}")
        if self.scope != "keyed" and any(input.keys for input in self.inputs):
            raise ValueError(f"`{self.name}` is {self.scope}, so its inputs have no keys")
        if self.scope == "keyed":
            self._check_keys()

    def _check_keys(self) -> None:
        kinds = []
        for input in self.inputs:
            if not input.keys:
                raise ValueError(f"input `{input.name}` of `{self.name}` needs keys=[…]: the columns that make the key")
            kinds.append([input.columns[key].name for key in input.keys])
            if kinds[-1] != kinds[0]:
                raise ValueError(f"the keys of `{self.name}` are {kinds[0]} in one input and {kinds[-1]} in another")


def _check_columns(where: str, columns: Mapping[str, Kind[Any]]) -> None:
    if not columns:
        raise ValueError(f"{where} has no columns")
    for name, kind in columns.items():
        if not isinstance(name, str) or not isinstance(kind, Kind):
            raise TypeError(f"{where}: {name!r} is {kind!r}, which is no kind of column such as `int64`")
