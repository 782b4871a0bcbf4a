"""From Python values to columns. Bytes are zero under nulls, and what lies below a null struct is null."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import chain
from typing import Any

from .boolean import BooleanColumn
from .buffers import LETTERS, offsets_of
from .column import Column
from .errors import InternalError
from .fixed import FixedColumn
from .kinds import Kind
from .nested import FixedListColumn, ListColumn, MapColumn, StructColumn
from .text import BytesColumn
from .times import plain
from .wide import EXACT, DecimalColumn, FixedBinaryColumn


def build(kind: Kind[Any], values: Iterable[Any]) -> Column[Any]:
    """A column of these values; an error names the first that is none of the kind."""
    if isinstance(values, Column) and kind.is_like(values.kind):
        return values
    given = values if isinstance(values, (list, tuple, memoryview)) else list(values)
    make = _MAKERS.get(kind.name, _fixed)
    return make(kind, given)


def _misfit(kind: Kind[Any], row: int, value: object, why: str = "") -> InternalError:
    shown = repr(value)
    shown = shown if len(shown) <= 60 else shown[:59] + "…"
    return InternalError(f"{kind} cannot hold {shown} (value {row}){': ' + why if why else ''}")


def _parted(values: Sequence[Any], zero: Any) -> tuple[Sequence[Any], bytes | None]:
    """The values with `zero` for nulls, and where they are valid."""
    if isinstance(values, memoryview) or None not in values:
        return values, None
    return [zero if value is None else value for value in values], bytes([value is not None for value in values])


def _fixed(kind: Kind[Any], given: Sequence[Any]) -> Column[Any]:
    letter = LETTERS[kind.name]
    values, valid = _parted(given, 0)
    layout = f"<{len(values)}{letter}"
    try:
        return FixedColumn(kind, struct.pack(layout, *values), valid)
    except (struct.error, OverflowError):
        pass
    numbers = []
    for row, value in enumerate(values):
        try:
            number = plain(kind.name, value)
            struct.pack("<" + letter, number)
        except (struct.error, OverflowError, ValueError) as error:
            raise _misfit(kind, row, value, str(error) if isinstance(error, ValueError) else "") from None
        numbers.append(number)
    return FixedColumn(kind, struct.pack(layout, *numbers), valid)


def _booleans(kind: Kind[Any], given: Sequence[Any]) -> Column[Any]:
    values, valid = _parted(given, False)
    for row, value in enumerate(values):
        if value is not True and value is not False:
            raise _misfit(kind, row, value)
    return BooleanColumn(bytes(values), valid, kind=kind)


def _texts(kind: Kind[Any], given: Sequence[Any]) -> Column[Any]:
    values, valid = _parted(given, "")
    try:
        text = "".join(values)
        data = text.encode("utf-8")
        lengths = list(map(len, values if len(data) == len(text) else [value.encode("utf-8") for value in values]))
        return BytesColumn(kind, offsets_of(_packed(lengths)), data, valid)
    except (TypeError, UnicodeEncodeError):
        for row, value in enumerate(values):
            if not isinstance(value, str):
                raise _misfit(kind, row, value) from None
            if any("\ud800" <= letter <= "\udfff" for letter in value):
                raise _misfit(kind, row, value, "it has half a surrogate pair") from None
        raise


def _binaries(kind: Kind[Any], given: Sequence[Any]) -> Column[Any]:
    values, valid = _parted(given, b"")
    for row, value in enumerate(values):
        if not isinstance(value, (bytes, bytearray)):
            raise _misfit(kind, row, value)
    return BytesColumn(kind, offsets_of(_packed(list(map(len, values)))), b"".join(values), valid)


def _fixed_binaries(kind: Kind[Any], given: Sequence[Any]) -> Column[Any]:
    (width,) = kind.argument
    values, valid = _parted(given, bytes(width))
    for row, value in enumerate(values):
        if not isinstance(value, (bytes, bytearray)) or len(value) != width:
            raise _misfit(kind, row, value)
    return FixedBinaryColumn(kind, b"".join(values), len(values), valid)


def _decimals(kind: Kind[Any], given: Sequence[Any]) -> Column[Any]:
    precision, scale = kind.argument
    values, valid = _parted(given, 0)
    data, limit = bytearray(), 10**precision
    for row, value in enumerate(values):
        if type(value) is int:
            value = Decimal(value)
        if not isinstance(value, Decimal) or not value.is_finite():
            raise _misfit(kind, row, value)
        moved = EXACT.scaleb(value, scale)
        number = int(moved)
        if number != moved:
            raise _misfit(kind, row, value, f"it has more than {scale} digits behind the point")
        if not -limit < number < limit:
            raise _misfit(kind, row, value, f"it has more than {precision} digits")
        data += number.to_bytes(16, "little", signed=True)
    return DecimalColumn(kind, bytes(data), len(values), valid)


def _lists(kind: Kind[Any], given: Sequence[Any]) -> Column[Any]:
    values, valid = _parted(given, ())
    for row, value in enumerate(values):
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence):
            raise _misfit(kind, row, value)
    items = build(kind.children[0].kind, list(chain.from_iterable(values)))
    return ListColumn(kind, offsets_of(_packed(list(map(len, values)))), [items], valid)


def _fixed_lists(kind: Kind[Any], given: Sequence[Any]) -> Column[Any]:
    (size,) = kind.argument
    values, valid = _parted(given, [None] * size)
    for row, value in enumerate(values):
        if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Sequence) or len(value) != size:
            raise _misfit(kind, row, value)
    items = build(kind.children[0].kind, list(chain.from_iterable(values)))
    return FixedListColumn(kind, items, len(values), valid)


def _structs(kind: Kind[Any], given: Sequence[Any]) -> Column[Any]:
    names = [field.name for field in kind.children]
    nothing = dict.fromkeys(names)
    values, valid = _parted(given, nothing)
    for row, value in enumerate(values):
        if not isinstance(value, Mapping) or value.keys() != nothing.keys():
            raise _misfit(kind, row, value)
    fields = [build(field.kind, [value[field.name] for value in values]) for field in kind.children]
    return StructColumn(kind, fields, len(values), valid)


def _maps(kind: Kind[Any], given: Sequence[Any]) -> Column[Any]:
    values, valid = _parted(given, ())
    pairs: list[list[tuple[Any, Any]]] = []
    for row, value in enumerate(values):
        try:
            pairs.append([(key, entry) for key, entry in (value.items() if isinstance(value, Mapping) else value)])
        except (TypeError, ValueError):
            raise _misfit(kind, row, value) from None
    keys, entries = (field.kind for field in kind.children)
    together = list(chain.from_iterable(pairs))
    columns = [build(keys, [key for key, _ in together]), build(entries, [entry for _, entry in together])]
    return MapColumn(kind, offsets_of(_packed(list(map(len, pairs)))), columns, valid)


def _packed(lengths: list[int]) -> bytes:
    return struct.pack(f"<{len(lengths)}i", *lengths)


_MAKERS = {
    "boolean": _booleans,
    "utf8": _texts,
    "binary": _binaries,
    "fixed-size-binary": _fixed_binaries,
    "decimal128": _decimals,
    "list": _lists,
    "fixed-size-list": _fixed_lists,
    "struct": _structs,
    "map": _maps,
}
