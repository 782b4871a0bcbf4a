"""What a column holds: the kinds of the contract."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from .errors import quoted

if TYPE_CHECKING:
    from .column import Column

T = TypeVar("T")


@dataclass(frozen=True)
class Field:
    """A name and what it holds."""

    name: str
    kind: Kind[Any]


@dataclass(frozen=True)
class Kind(Generic[T]):
    """What a column holds. `T` is the Python type of its values, which are `None` where they are null."""

    name: str
    is_nullable: bool = False
    children: tuple[Field, ...] = ()
    #: Precision and scale of a decimal, the bytes of a fixed-size binary, the length of a fixed-size list.
    argument: tuple[int, ...] = ()

    @property
    def nullable(self) -> Kind[T]:
        """The same kind, with nulls."""
        return replace(self, is_nullable=True)

    def column(self, values: Iterable[T | None]) -> Column[T]:
        """A column of these values, `None` for null."""
        from .builders import build

        return build(self, values)

    def repeat(self, value: T | None, rows: int) -> Column[T]:
        """A column of one value over and over."""
        return self.column([value]).take([0] * rows)

    def is_like(self, other: Kind[Any]) -> bool:
        """Whether columns of both have the same layout.

        The names inside of lists and maps do not matter, those of a struct's fields do. Nulls are no part of it.
        """
        return (
            (self.name, self.argument, len(self.children)) == (other.name, other.argument, len(other.children))
            and (self.name != "struct" or [f.name for f in self.children] == [f.name for f in other.children])
            and all(mine.kind.is_like(its.kind) for mine, its in zip(self.children, other.children))
        )

    def __str__(self) -> str:
        match self.name, self.argument, self.children:
            case "list", _, (item,):
                return f"list of {item.kind}"
            case "fixed-size-list", (size,), (item,):
                return f"list of {size} {item.kind}"
            case "struct", _, fields:
                return "struct of " + quoted(field.name for field in fields)
            case "map", _, (keys, values):
                return f"map of {keys.kind} to {values.kind}"
            case name, (), _:
                return name
            case name, argument, _:
                return f"{name}({', '.join(map(str, argument))})"
        raise AssertionError("every kind has a name")


boolean: Kind[bool] = Kind("boolean")
int8: Kind[int] = Kind("int8")
int16: Kind[int] = Kind("int16")
int32: Kind[int] = Kind("int32")
int64: Kind[int] = Kind("int64")
uint8: Kind[int] = Kind("uint8")
uint16: Kind[int] = Kind("uint16")
uint32: Kind[int] = Kind("uint32")
uint64: Kind[int] = Kind("uint64")
float32: Kind[float] = Kind("float32")
float64: Kind[float] = Kind("float64")
utf8: Kind[str] = Kind("utf8")
binary: Kind[bytes] = Kind("binary")
#: Days since 1970-01-01; columns also take `datetime.date`.
date32: Kind[int] = Kind("date32")
#: Microseconds since 1970 in UTC; columns also take `datetime.datetime` with a zone.
timestamp: Kind[int] = Kind("timestamp")
#: Microseconds; columns also take `datetime.timedelta`.
duration: Kind[int] = Kind("duration")

#: What a nullable time may be given as, for type checkers.
Moment = int | datetime.datetime


def decimal128(precision: int, scale: int) -> Kind[decimal.Decimal]:
    """Decimals of up to `precision` digits, `scale` of them behind the point."""
    if not 1 <= precision <= 38 or not -128 <= scale <= 127:
        raise ValueError(f"decimal128({precision}, {scale}): 1 to 38 digits, a scale of -128 to 127")
    return Kind("decimal128", argument=(precision, scale))


def fixed_size_binary(width: int) -> Kind[bytes]:
    """`bytes` of one length."""
    if width < 0:
        raise ValueError(f"fixed_size_binary({width}): a width is not negative")
    return Kind("fixed-size-binary", argument=(width,))


def list_of(item: Kind[T], name: str = "item") -> Kind[list[T | None]]:
    """Lists of `item`."""
    return Kind("list", children=(Field(name, item),))


def fixed_size_list_of(item: Kind[T], size: int, name: str = "item") -> Kind[list[T | None]]:
    """Lists of `item`, each of `size`."""
    if size < 0:
        raise ValueError(f"fixed_size_list_of({size}): a size is not negative")
    return Kind("fixed-size-list", children=(Field(name, item),), argument=(size,))


def struct_of(fields: Mapping[str, Kind[Any]]) -> Kind[dict[str, Any]]:
    """Structs, in Python a `dict` of all fields."""
    return Kind("struct", children=tuple(Field(name, kind) for name, kind in fields.items()))


def map_of(keys: Kind[Any], values: Kind[Any]) -> Kind[dict[Any, Any]]:
    """Maps, in Python a `dict`; columns also take pairs. Keys are never null."""
    fields = (Field("keys", replace(keys, is_nullable=False)), Field("values", values))
    return Kind("map", children=fields)
