"""Between columns and the contract's batches: a list of nodes and a list of buffers, depth first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .boolean import BooleanColumn
from .buffers import LETTERS, WIDTHS, clear_unused_bits, pack_bits
from .column import Column
from .errors import InternalError
from .fixed import FixedColumn
from .kinds import Kind
from .nested import FixedListColumn, ListColumn, MapColumn, OffsetsColumn, StructColumn
from .text import BytesColumn
from .wide import DecimalColumn, FixedBinaryColumn, WideColumn

#: Length and null count.
Node = tuple[int, int]


def encode(kinds: Sequence[Kind[Any]], columns: Sequence[Column[Any]]) -> tuple[list[Node], list[bytes]]:
    """Nodes and buffers of columns that are like their kinds. What came in as it is goes out without a copy."""
    nodes: list[Node] = []
    buffers: list[bytes] = []
    for kind, column in zip(kinds, columns):
        _encode(kind, column, nodes, buffers)
    return nodes, buffers


def _encode(kind: Kind[Any], column: Column[Any], nodes: list[Node], buffers: list[bytes]) -> None:
    # A field without nulls may have some below a struct that is null: what is there is not looked at.
    nulls = column.null_count if kind.is_nullable else 0
    nodes.append((len(column), nulls))
    buffers.append(pack_bits(column.valid or b"") if nulls else b"")
    children = [child.kind for child in kind.children]
    match column:
        case BooleanColumn():
            buffers.append(clear_unused_bits(column.bits(), len(column)) if len(column) else b"")
        case FixedColumn() | WideColumn():
            buffers.append(column.data)
        case BytesColumn():
            buffers += [column.offsets, column.data]
        case OffsetsColumn():
            buffers.append(column.offsets)
            for child, below in zip(children, column.children):
                _encode(child, below, nodes, buffers)
        case FixedListColumn():
            _encode(children[0], column.items, nodes, buffers)
        case StructColumn():
            for child, below in zip(children, column.fields):
                _encode(child, below, nodes, buffers)
        case _:
            raise AssertionError(f"a column of {column.kind}")


def decode(fields: Mapping[str, Kind[Any]], rows: int, nodes: Sequence[Node], buffers: Sequence[bytes]) -> dict[str, Column[Any]]:
    """The columns of a batch of the host's."""
    parts = _Parts(iter(nodes), iter(buffers))
    columns = {}
    for name, kind in fields.items():
        try:
            columns[name] = parts.column(kind, rows)
        except InternalError as error:
            raise InternalError(f"the host's column `{name}`: {error.message}") from None
    if next(parts.nodes, None) is not None or next(parts.buffers, None) is not None:
        raise InternalError("the host's batch has more than its schema asks")
    return columns


class _Parts:
    def __init__(self, nodes: Iterator[Node], buffers: Iterator[bytes]) -> None:
        self.nodes = nodes
        self.buffers = buffers

    def _buffer(self, size: int | None = None) -> bytes:
        buffer = next(self.buffers, None)
        if buffer is None:
            raise InternalError("a buffer is missing")
        if size is not None and len(buffer) != size:
            raise InternalError(f"{len(buffer)} bytes, there should be {size}")
        return buffer

    def _offsets(self, length: int) -> tuple[bytes, int]:
        offsets = self._buffer(4 * length + 4)
        return offsets, int.from_bytes(offsets[-4:], "little")

    def column(self, kind: Kind[Any], length: int) -> Column[Any]:
        node = next(self.nodes, None)
        if node is None:
            raise InternalError("a node is missing")
        if node[0] != length:
            raise InternalError(f"{node[0]} rows of {length}")
        bitmap: bytes | None = self._buffer()
        if not bitmap:
            bitmap = None
        elif len(bitmap) != (length + 7) // 8:
            raise InternalError(f"{len(bitmap)} bytes of validity")
        children = [child.kind for child in kind.children]
        if kind.name in LETTERS:
            data = self._buffer(length * WIDTHS[LETTERS[kind.name]])
            return FixedColumn(kind, data, bitmap=bitmap)
        match kind.name:
            case "boolean":
                bits = self._buffer((length + 7) // 8)
                return BooleanColumn(None, kind=kind, length=length, bits=bits, bitmap=bitmap)
            case "utf8" | "binary":
                offsets, end = self._offsets(length)
                return BytesColumn(kind, offsets, self._buffer(end), bitmap=bitmap)
            case "decimal128":
                return DecimalColumn(kind, self._buffer(length * 16), length, bitmap=bitmap)
            case "fixed-size-binary":
                return FixedBinaryColumn(kind, self._buffer(length * kind.argument[0]), length, bitmap=bitmap)
            case "list" | "map":
                offsets, end = self._offsets(length)
                below = [self.column(child, end) for child in children]
                make = ListColumn if kind.name == "list" else MapColumn
                return make(kind, offsets, below, bitmap=bitmap)
            case "fixed-size-list":
                items = self.column(children[0], length * kind.argument[0])
                return FixedListColumn(kind, items, length, bitmap=bitmap)
            case "struct":
                return StructColumn(kind, [self.column(child, length) for child in children], length, bitmap=bitmap)
        raise AssertionError(f"a column of {kind}")
