"""Naive Python that columns are compared with, and random columns of every kind."""

import math
import random
import struct
from decimal import Context, Decimal

from sandglass_guest import (
    binary,
    boolean,
    date32,
    decimal128,
    duration,
    fixed_size_binary,
    fixed_size_list_of,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    list_of,
    map_of,
    struct_of,
    timestamp,
    uint8,
    uint16,
    uint32,
    uint64,
    utf8,
)

KINDS = {
    "boolean": boolean,
    "int8": int8,
    "int16": int16,
    "int32": int32,
    "int64": int64,
    "uint8": uint8,
    "uint16": uint16,
    "uint32": uint32,
    "uint64": uint64,
    "float32": float32,
    "float64": float64,
    "decimal": decimal128(38, 10),
    "utf8": utf8,
    "binary": binary,
    "fixed": fixed_size_binary(3),
    "wide": fixed_size_binary(37),
    "nothing": fixed_size_binary(0),
    "date": date32,
    "timestamp": timestamp,
    "duration": duration,
    "list": list_of(int64.nullable),
    "nested": list_of(list_of(utf8.nullable).nullable),
    "fixed_list": fixed_size_list_of(float32.nullable, 2),
    "struct": struct_of({"whole": int64.nullable, "inner": struct_of({"flag": boolean.nullable}).nullable}),
    "map": map_of(utf8, list_of(int32.nullable).nullable),
}

_WIDE = Context(prec=80)
_BITS = {"int8": 8, "int16": 16, "int32": 32, "int64": 64, "date32": 32, "timestamp": 64, "duration": 64}
_UNSIGNED = {"uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, math.inf, -math.inf, 5e-324, -5e-324, 1.7976931348623157e308, -2.5, 3.25]


def value(kind, rng):
    """A random value of a kind, often one at an edge."""
    name = kind.name
    if name in _BITS:
        low, high = -(1 << _BITS[name] - 1), (1 << _BITS[name] - 1) - 1
        return rng.choice([low, high, 0, -1, 1, rng.randint(low, high), rng.randint(-3, 3)])
    if name in _UNSIGNED:
        high = (1 << _UNSIGNED[name]) - 1
        return rng.choice([0, high, 1, high // 2, high // 2 + 1, rng.randint(0, high), rng.randint(0, 3)])
    if name == "boolean":
        return rng.random() < 0.5
    if name == "float64":
        return rng.choice([*FLOATS, rng.uniform(-2, 2), rng.random()])
    if name == "float32":
        return struct.unpack("<f", struct.pack("<f", rng.choice([0.0, -0.0, 1.5, -1.5, math.inf, -math.inf, rng.random()])))[0]
    if name == "decimal128":
        return Decimal(rng.choice([0, 1, -1, 10**38 - 1, 1 - 10**38, rng.randint(-(10**20), 10**20)])).scaleb(-10, _WIDE)
    if name == "utf8":
        return rng.choice(["", "a", "né", "word", "日本", "x" * rng.randint(0, 40), f"w{rng.randint(0, 5)}"])
    if name == "binary":
        return rng.randbytes(rng.randint(0, 9))
    if name == "fixed-size-binary":
        return rng.randbytes(kind.argument[0])
    if name in ("list", "fixed-size-list"):
        size = kind.argument[0] if kind.argument else rng.randint(0, 4)
        return [maybe(kind.children[0].kind, rng) for _ in range(size)]
    if name == "struct":
        return {field.name: maybe(field.kind, rng) for field in kind.children}
    keys = list(dict.fromkeys(value(kind.children[0].kind, rng) for _ in range(rng.randint(0, 3))))
    return {key: maybe(kind.children[1].kind, rng) for key in keys}


def maybe(kind, rng, nulls=0.2):
    return None if kind.is_nullable and rng.random() < nulls else value(kind, rng)


def values(kind, rows, seed, nulls=0.2):
    """So many random values."""
    rng = random.Random(seed)
    return [maybe(kind.nullable if nulls else kind, rng, nulls) for _ in range(rows)]


def masks(rows, seed):
    """Masks of many shapes, as lists of truth values."""
    rng = random.Random(seed)
    yield [False] * rows
    yield [True] * rows
    yield [row % 2 == 0 for row in range(rows)]
    yield [row % 100 < 60 for row in range(rows)]
    for share in (0.05, 0.5, 0.95):
        yield [rng.random() < share for _ in range(rows)]

