"""Columns of one kind, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from .boolean import BooleanColumn
from .buffers import lengths_of, offsets_of
from .column import Column
from .fixed import FixedColumn
from .kinds import Kind
from .nested import FixedListColumn, OffsetsColumn, StructColumn
from .text import BytesColumn
from .wide import WideColumn


def join(kind: Kind[Any], parts: Sequence[Column[Any]]) -> Column[Any]:
    """One column of none, one or several."""
    if len(parts) == 1:
        return parts[0]
    if not parts:
        return kind.column([])
    valid = None
    if any(part.valid is not None for part in parts):
        valid = b"".join(b"\x01" * len(part) if part.valid is None else part.valid for part in parts)
    length = sum(map(len, parts))
    first: Any = parts[0]
    several = cast("Sequence[Any]", parts)
    match first:
        case BooleanColumn():
            return BooleanColumn(b"".join(part.plane for part in several), valid, kind=kind)
        case FixedColumn():
            return FixedColumn(kind, b"".join(part.data for part in several), valid)
        case WideColumn():
            return type(first)(kind, b"".join(part.data for part in several), length, valid)
        case BytesColumn():
            offsets = offsets_of(b"".join(lengths_of(part.offsets) for part in several))
            return BytesColumn(kind, offsets, b"".join(part.data for part in several), valid)
        case OffsetsColumn():
            offsets = offsets_of(b"".join(lengths_of(part.offsets) for part in several))
            return type(first)(kind, offsets, _below(kind, [part.children for part in several]), valid)
        case FixedListColumn():
            return FixedListColumn(kind, _below(kind, [[part.items] for part in several])[0], length, valid)
        case StructColumn():
            return StructColumn(kind, _below(kind, [part.fields for part in several]), length, valid)
    raise AssertionError(f"a column of {kind}")


def _below(kind: Kind[Any], parts: Sequence[Sequence[Column[Any]]]) -> list[Column[Any]]:
    return [join(field.kind, columns) for field, columns in zip(kind.children, zip(*parts))]
