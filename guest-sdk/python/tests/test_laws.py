"""Bulk operations equal naive ones, by random data of every kind."""

import math
import operator
import random
import struct

import pytest
from reference import FLOATS, KINDS, masks, value, values

from sandglass_guest import Batch, boolean, date32, duration, float32, float64, int8, int16, int32, int64, timestamp, uint8
from sandglass_guest import uint16, uint32, uint64, utf8
from sandglass_guest.batch import concatenate
from sandglass_guest.buffers import LETTERS
from sandglass_guest.encode import decode, encode
from sandglass_guest.errors import InternalError

ROWS = (0, 1, 2, 7, 8, 9, 63, 64, 65, 300)
EACH_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)


def same(column, expected):
    """Equal values, to the sign of zero."""
    assert repr(column.to_list()) == repr(expected)
    assert len(column) == len(expected)


@EACH_KIND
@pytest.mark.parametrize("rows", ROWS)
def test_what_is_built_reads_back(kind, rows):
    for nulls in (0, 0.2, 1.0):
        given = values(kind, rows, rows, nulls)
        column = kind.column(given)
        same(column, given)
        assert column.null_count == given.count(None)
        assert column.is_null().to_list() == [one is None for one in given]
        assert [column[row] for row in range(rows)] == given
        if rows:
            assert column[-1] == given[-1]
        with pytest.raises(IndexError):
            column[rows]


@EACH_KIND
@pytest.mark.parametrize("rows", ROWS)
def test_filter_equals_a_comprehension(kind, rows):
    given = values(kind, rows, rows + 1)
    for mask in masks(rows, rows):
        expected = [one for one, kept in zip(given, mask) if kept]
        same(kind.column(given).filter(boolean.column(mask)), expected)
        dense = values(kind, rows, rows + 2, 0)
        same(kind.column(dense).filter(boolean.column(mask)), [one for one, kept in zip(dense, mask) if kept])


@EACH_KIND
@pytest.mark.parametrize("rows", ROWS)
def test_take_equals_a_comprehension(kind, rows):
    rng = random.Random(rows)
    given = values(kind, rows, rows + 3)
    for count in (0, 1, 2, rows // 3, rows, 2 * rows):
        picked = [rng.randrange(rows) for _ in range(count)] if rows else []
        same(kind.column(given).take(picked), [given[row] for row in picked])


@EACH_KIND
def test_slices_and_parts_put_together(kind):
    given = values(kind, 100, 5)
    whole = kind.column(given)
    for start, stop in ((0, 100), (0, 0), (3, 50), (50, 100), (99, 100), (-10, None), (90, 20)):
        same(whole[start:stop], given[start:stop])
    same(whole[::3], given[::3])
    same(whole[::-1], given[::-1])
    parts = [Batch({"x": whole[start:stop]}) for start, stop in ((0, 7), (7, 7), (7, 64), (64, 100))]
    same(concatenate({"x": kind}, parts).x, given)
    same(concatenate({"x": kind}, []).x, [])


@EACH_KIND
@pytest.mark.parametrize("rows", ROWS)
def test_what_crosses_the_boundary_comes_back(kind, rows):
    for nulls in (0, 0.3):
        given = values(kind, rows, rows + 7, nulls)
        nodes, buffers = encode([kind.nullable], [kind.column(given)])
        assert nodes[0] == (rows, given.count(None))
        assert all(type(buffer) is bytes for buffer in buffers)
        assert len(buffers[0]) == ((rows + 7) // 8 if given.count(None) else 0)
        back = decode({"x": kind.nullable}, rows, nodes, buffers)["x"]
        same(back, given)
        # And out again as it is, and picked from what came in.
        assert encode([kind.nullable], [back]) == (nodes, buffers)
        mask = [row % 3 > 0 for row in range(rows)]
        fresh = decode({"x": kind.nullable}, rows, nodes, buffers)["x"]
        same(fresh.filter(boolean.column(mask)), [one for one, kept in zip(given, mask) if kept])


@pytest.mark.parametrize("rows", ROWS)
def test_batches_pick_all_kinds_at_once(rows):
    rng = random.Random(rows)
    given = {name: values(kind, rows, seed, seed % 2 * 0.3) for seed, (name, kind) in enumerate(KINDS.items())}
    batch = Batch({name: kind.column(given[name]) for name, kind in KINDS.items()}, rows)
    for mask in masks(rows, rows):
        kept = batch.filter(boolean.column(mask))
        for name in KINDS:
            same(kept[name], [one for one, stays in zip(given[name], mask) if stays])
        assert kept.source_rows() == [row for row in range(rows) if mask[row]]
    picked = [rng.randrange(rows) for _ in range(rows)] if rows else []
    taken = batch.take(picked)
    for name in KINDS:
        same(taken[name], [given[name][row] for row in picked])
    assert taken.filter(boolean.column([row % 2 == 0 for row in range(len(picked))])).source_rows() == picked[::2]


COMPARED = {
    "int8": int8, "int16": int16, "int32": int32, "int64": int64, "uint8": uint8, "uint16": uint16, "uint32": uint32,
    "uint64": uint64, "float32": float32, "float64": float64, "date": date32, "timestamp": timestamp, "duration": duration,
}  # fmt: skip


@pytest.mark.parametrize("operation", ["eq", "ne", "lt", "le", "gt", "ge"])
@pytest.mark.parametrize("kind", COMPARED.values(), ids=COMPARED)
def test_comparisons_equal_those_of_values(kind, operation):
    compared = getattr(operator, operation)
    rng = random.Random(1)
    given = [value(kind, rng) for _ in range(200)]
    if "float" in kind.name:
        given += [math.nan, -math.nan, 0.0, -0.0]
        letter, bits = ("d", 0x7FF0000000000001) if kind.name == "float64" else ("f", 0x7F800001)
        size = struct.calcsize(letter)
        given += [struct.unpack(letter, (sign | bits).to_bytes(size, "little"))[0] for sign in (0, 1 << 8 * size - 1)]
    with_nulls = [one if rng.random() < 0.8 else None for one in given]
    numbers = [value(kind, rng) for _ in range(20)] + [0, 1, -1, 0.5, -0.5, 1 << 70, -(1 << 70), *FLOATS, math.nan]
    for number in numbers:
        expected = [compared(one, number) for one in given]
        assert compared(kind.column(given), number).to_list() == expected, number
        expected = [None if one is None else compared(one, number) for one in with_nulls]
        assert compared(kind.column(with_nulls), number).to_list() == expected, number
    others = [value(kind, rng) for _ in given]
    assert compared(kind.column(given), kind.column(others)).to_list() == list(map(compared, given, others))


@pytest.mark.parametrize("kind", [int32, int64, uint64, float32, float64], ids=str)
def test_comparisons_of_neighbours(kind):
    """Numbers that share all bytes but the last, on either side of where bytes carry over."""
    rng, letter = random.Random(2), LETTERS[kind.name]
    size, low = struct.calcsize(letter), 0 if letter.isupper() else -1 << 8 * struct.calcsize(letter) - 1
    edges = [0, 1, 0x100, 0xFF00, 1 << 16, 1 << 31, 1 << 8 * size - 9, 1 << 8 * size - 2, (1 << 8 * size - 1) - 1, low]
    edges += [struct.unpack(letter.translate({100: "q", 102: "i"}), struct.pack(letter, 1.0))[0]] if letter in "df" else []

    def near():
        bits = (rng.choice(edges) + rng.randrange(-2, 3)) * rng.choice((1, 1, -1)) % (1 << 8 * size)
        return struct.unpack("<" + letter, bits.to_bytes(size, "little"))[0]

    for rows in (1, 7, 100, 100, 100):
        given = [near() for _ in range(rows)]
        for number in [near(), near(), *given[:3]]:
            for operation in ("eq", "ne", "lt", "le", "gt", "ge"):
                compared = getattr(operator, operation)
                # What came as bytes is compared as bytes.
                column = decode({"x": kind}, rows, [(rows, 0)], [b"", struct.pack(f"<{rows}{letter}", *given)])["x"]
                assert compared(column, number).to_list() == [compared(one, number) for one in given], (operation, number)


@pytest.mark.parametrize("rows", [1, 8, 13, 64, 300])
def test_rows_that_rise_are_taken_like_any_others(rows):
    rng = random.Random(rows)
    numbers, texts = list(range(100, 100 + rows)), [f"text {row}" * (row % 3) for row in range(rows)]
    batch = Batch({"number": int64.column(numbers), "text": utf8.column(texts), "flag": boolean.column([row % 3 == 0 for row in range(rows)])})
    for dense in (0.0, 0.1, 0.5, 0.9, 1.0):
        risen = [row for row in range(rows) if rng.random() < dense]
        for picked in (risen, risen[::-1], risen + risen, [row for row in risen for _ in (1, 2)], range(0, rows, 2), tuple(risen)):
            taken = batch.take(picked)
            assert taken.number.to_list() == [numbers[row] for row in picked]
            assert taken.text.to_list() == [texts[row] for row in picked]
            assert taken.flag.to_list() == [row % 3 == 0 for row in picked]
            assert taken.source_rows() == list(picked)
            assert taken.take(range(taken.rows)).source_rows() == list(picked)
    for wrong in ([*range(rows), rows], [-1, *range(rows)], [-1], [rows]):
        with pytest.raises(InternalError, match="row"):
            batch.take(wrong)


def test_masks_know_three_values():
    three = [True, False, None]
    left, right = [a for a in three for _ in three], [b for _ in three for b in three]
    a, b = boolean.column(left), boolean.column(right)

    def both(x, y):
        return False if x is False or y is False else None if x is None or y is None else True

    def either(x, y):
        return True if x is True or y is True else None if x is None or y is None else False

    assert (a & b).to_list() == list(map(both, left, right))
    assert (a | b).to_list() == list(map(either, left, right))
    assert (a ^ b).to_list() == [None if x is None or y is None else x != y for x, y in zip(left, right)]
    assert (~a).to_list() == [None if x is None else not x for x in left]
    assert (a & True).to_list() == left
    assert (a | True).to_list() == [True] * 9
    assert a.rows() == [0, 1, 2] and a.true_count() == 3 and a.any() and not a.all()
    assert boolean.column([True, None]).all() and not boolean.column([False, None]).any()


@pytest.mark.parametrize("nulls", [0, 0.3])
def test_arithmetic_equals_that_of_values(nulls):
    rng = random.Random(3)

    def numbers(make):
        return [None if rng.random() < nulls else make() for _ in range(100)]

    wholes, floats = numbers(lambda: rng.randint(1, 99)), numbers(lambda: rng.uniform(0.5, 9))
    for function in (operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod):
        for left, right in ((wholes, wholes[::-1]), (floats, wholes), (wholes, floats), (floats, floats[::-1])):
            columns = [float64.column(side) if side in (floats, floats[::-1]) else int64.column(side) for side in (left, right)]
            expected = [None if a is None or b is None else function(a, b) for a, b in zip(left, right)]
            made = function(*columns)
            assert made.to_list() == expected
            assert made.kind.name == ("float64" if any(isinstance(one, float) for one in expected) else "int64")
        for scalar in (3, 2.5):
            assert function(int64.column(wholes), scalar).to_list() == [None if a is None else function(a, scalar) for a in wholes]
            assert function(scalar, int64.column(wholes)).to_list() == [None if a is None else function(scalar, a) for a in wholes]
    there = [one for one in floats if one is not None]
    total = 0.0
    for one in there:
        total += one
    assert float64.column(floats).sum() == total
    assert float64.column(floats).min() == min(there) and float64.column(floats).max() == max(there)
    assert (-int64.column(wholes)).to_list() == [None if a is None else -a for a in wholes]


@EACH_KIND
def test_grouping_and_mapping(kind):
    if kind.name in ("list", "fixed-size-list", "struct", "map"):
        pytest.skip("a value of this kind is no key of a dictionary")
    given = values(kind, 200, 9)
    column = kind.column(given)
    groups: dict = {}
    for row, one in enumerate(given):
        groups.setdefault(one, []).append(row)
    assert column.groups() == groups
    assert column.unique() == list(groups)
    assert column.counts() == {one: len(rows) for one, rows in groups.items()}
    codes, unique = column.codes()
    assert [unique[code] for code in codes] == given
    some = {one for one in list(groups)[::2] if one is not None}
    assert column.is_in(some).to_list() == [None if one is None else one in some for one in given]
    numbers = {one: place for place, one in enumerate(groups) if one is not None}
    assert column.lookup(numbers, int64).to_list() == [numbers.get(one) for one in given]
    assert column.lookup({}, int64, -1).to_list() == [None if one is None else -1 for one in given]
    assert column.map(numbers.__getitem__, int64).to_list() == [None if one is None else numbers[one] for one in given]
