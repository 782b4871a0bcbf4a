"""What columns do at their edges, and what they say of what they cannot do."""

import datetime
from decimal import Decimal

import pytest

from sandglass_guest import (
    Batch,
    InternalError,
    UnknownColumn,
    binary,
    boolean,
    date32,
    decimal128,
    duration,
    fixed_size_binary,
    fixed_size_list_of,
    float32,
    float64,
    from_datetime,
    int8,
    int64,
    list_of,
    map_of,
    struct_of,
    timestamp,
    to_date,
    to_datetime,
    utf8,
)
from sandglass_guest.encode import decode, encode

UTC = datetime.timezone.utc


def test_bits_beyond_the_rows_do_not_matter():
    kinds = {"x": boolean.nullable}
    column = decode(kinds, 3, [(3, 1)], [b"\xfd", b"\xff"])["x"]
    assert column.to_list() == [True, None, True]
    assert encode([boolean.nullable], [column])[1] == [b"\x05", b"\x07"]


def test_bytes_are_zero_under_nulls():
    for kind, value, width in ((int64, 7, 8), (float64, 1.5, 8), (fixed_size_binary(3), b"abc", 3), (decimal128(9, 2), Decimal("1.5"), 16)):
        _, buffers = encode([kind.nullable], [kind.column([value, None])])
        assert buffers[1][width:] == bytes(width)
    nodes, buffers = encode(
        [struct_of({"a": int64.nullable, "b": int64}).nullable],
        [struct_of({"a": int64.nullable, "b": int64}).column([None, {"a": 1, "b": 2}])],
    )
    assert nodes == [(2, 1), (2, 1), (2, 0)]
    assert buffers[-1] == bytes(8) + b"\x02" + bytes(7)


def test_zero_rows_have_all_buffers():
    kind = struct_of({"texts": list_of(utf8.nullable), "map": map_of(utf8, int64)})
    nodes, buffers = encode([kind], [kind.column([])])
    assert nodes == [(0, 0)] * 6
    assert buffers == [b"", b"", bytes(4), b"", bytes(4), b"", b"", bytes(4), b"", bytes(4), b"", b"", b""]


def test_times():
    moment = datetime.datetime(2024, 2, 29, 12, 0, 0, 1, tzinfo=UTC)
    micros = from_datetime(moment)
    assert to_datetime(micros) == moment
    assert timestamp.column([moment, micros, None]).to_list() == [micros, micros, None]
    assert date32.column([datetime.date(1970, 1, 2), 5]).to_list() == [1, 5]
    assert to_date(-1) == datetime.date(1969, 12, 31)
    assert duration.column([datetime.timedelta(seconds=1)]).to_list() == [1_000_000]
    column = timestamp.column([0, micros])
    assert (column < moment).to_list() == [True, False]
    assert (column - datetime.timedelta(seconds=1)).to_list() == [-1_000_000, micros - 1_000_000]
    assert (column - column).kind is duration and (column + 1).kind is timestamp and (column - column * 2).kind is timestamp
    with pytest.raises(InternalError, match="has no zone"):
        timestamp.column([datetime.datetime(2024, 1, 1)])
    with pytest.raises(InternalError, match="timestamp cannot hold datetime.date"):
        timestamp.column([datetime.date(2024, 1, 1)])


def test_decimals_are_exact():
    kind = decimal128(38, 10)
    most = Decimal("9" * 28 + "." + "9" * 10)
    column = kind.column([most, most.copy_negate(), Decimal("0.1"), 3, None])
    assert column.to_list() == [most, most.copy_negate(), Decimal("0.1"), 3, None]
    assert column.unscaled() == [10**38 - 1, 1 - 10**38, 10**9, 3 * 10**10, None]
    assert column.sum() == Decimal("3.1")
    assert decimal128(5, -2).column([Decimal(12300)]).unscaled() == [123]
    for wrong, why in ((Decimal("1e-11"), "more than 10 digits"), (Decimal(10**28), "more than 38 digits"), (Decimal("NaN"), "cannot hold"), (1.5, "cannot hold")):
        with pytest.raises(InternalError, match=why):
            kind.column([wrong])


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        (int64, [1, "x"], r"int64 cannot hold 'x' \(value 1\)"),
        (int64, [None, 1.5], r"int64 cannot hold 1.5 \(value 1\)"),
        (int8, [128], r"int8 cannot hold 128"),
        (float32, [1e39], r"float32 cannot hold 1e\+39"),
        (boolean, [1], r"boolean cannot hold 1"),
        (utf8, [b"x"], r"utf8 cannot hold b'x'"),
        (utf8, ["\ud800"], r"half a surrogate pair"),
        (binary, ["x"], r"binary cannot hold 'x'"),
        (fixed_size_binary(2), [b"abc"], r"fixed-size-binary\(2\) cannot hold b'abc'"),
        (list_of(int64), ["ab"], r"list of int64 cannot hold 'ab'"),
        (list_of(int64), [[1], ["x"]], r"int64 cannot hold 'x'"),
        (fixed_size_list_of(int64, 2), [[1]], r"list of 2 int64 cannot hold \[1\]"),
        (struct_of({"a": int64}), [{"b": 1}], r"struct of `a` cannot hold"),
        (map_of(utf8, int64), [[1]], r"map of utf8 to int64 cannot hold"),
    ],
)
def test_what_a_kind_cannot_hold_is_named(kind, values, message):
    with pytest.raises(InternalError, match=message):
        kind.column(values)


def test_maps_keep_equal_keys_as_pairs():
    pairs = [[("a", 1), ("a", 2)], None, []]
    column = map_of(utf8, int64.nullable).column(pairs)
    assert column.pairs() == pairs
    assert column.to_list() == [{"a": 2}, None, {}]


def test_a_column_is_no_truth_value():
    with pytest.raises(TypeError, match="combine masks with `&`"):
        bool(int64.column([1]) > 0)
    with pytest.raises(TypeError, match="each in parentheses"):
        (int64.column([1]) > 0) & 1
    with pytest.raises(TypeError, match="is_null"):
        _ = int64.column([1]) == None  # noqa: E711


def test_errors_of_arithmetic():
    with pytest.raises(OverflowError, match="beyond int64"):
        int64.column([1 << 62]) * 2
    with pytest.raises(ZeroDivisionError):
        int64.column([1]) / 0
    # What lies under nulls is not divided by.
    assert (int64.column([6, 1]) / int64.column([3, None])).to_list() == [2.0, None]


def test_batches_name_what_is_not_there():
    batch = Batch({"a": int64.column([1]), "b": utf8.column(["x"])})
    with pytest.raises(UnknownColumn, match="there is no column `c`; there are `a`, `b`"):
        _ = batch.c
    assert not hasattr(batch, "c") and "a" in batch and batch.names == ["a", "b"]
    with pytest.raises(InternalError, match="column `a` is int64, not utf8"):
        batch.column("a", utf8)
    with pytest.raises(InternalError, match="row 1 of a batch of 1"):
        batch.take([1])
    with pytest.raises(InternalError, match="row -1 of a batch of 1"):
        batch.take([-1])
    with pytest.raises(InternalError, match="a mask of 2 rows for a batch of 1"):
        batch.filter(boolean.column([True, False]))
    with pytest.raises(InternalError, match="column `b` has 2 rows, the batch has 1"):
        Batch({"a": int64.column([1]), "b": int64.column([1, 2])})


def test_batches_group():
    batch = Batch({"k": utf8.column(["b", "a", "b"]), "v": int64.column([1, 2, 3])})
    assert [(key, part.v.to_list()) for key, part in batch.group_by("k")] == [("b", [1, 3]), ("a", [2])]
    assert [key for key, _ in batch.group_by("k", "v")] == [("b", 1), ("a", 2), ("b", 3)]
    assert batch.select("v").names == ["v"] and batch.to_dict() == {"k": ["b", "a", "b"], "v": [1, 2, 3]}
    assert list(batch.zip("v", "k")) == [(1, "b"), (2, "a"), (3, "b")]


def test_text():
    for words in (["Ab", None, "", "cD"], ["Äb", None, "", "cD"]):
        column = utf8.column(words)
        assert column.lower().to_list() == [word and word.lower() for word in words]
        assert column.upper().to_list() == [word and word.upper() for word in words]
        assert column.starts_with("c").to_list() == [None if word is None else word.startswith("c") for word in words]
        assert column.contains("b").to_list() == [None if word is None else "b" in word for word in words]
        assert column.byte_lengths().to_list() == [None if word is None else len(word.encode()) for word in words]
        assert (column == "cD").to_list() == [None if word is None else word == "cD" for word in words]
        assert (column != "").to_list() == [None if word is None else word != "" for word in words]
        assert (column < "b").to_list() == [None if word is None else word < "b" for word in words]
        assert (column == 5).to_list() == [None if word is None else False for word in words]


def test_choosing_and_filling():
    column = int64.column([1, None, 3])
    assert column.fill_null(0).to_list() == [1, 0, 3] and column.drop_nulls().to_list() == [1, 3]
    assert (column > 1).choose(column, int64.column([7, 8, 9])).to_list() == [7, 8, 3]
    assert column.mean() == 2.0 and column.cumulative_sum().to_list() == [1, None, 4]
    assert int64.column([]).min() is None and int64.column([]).mean() is None
    assert utf8.repeat("x", 3).to_list() == ["x"] * 3 and utf8.repeat(None, 0).to_list() == []


def test_the_hosts_mistakes_are_named():
    for rows, nodes, buffers, message in (
        (1, [(1, 0)], [b""], "a buffer is missing"),
        (1, [], [b""], "a node is missing"),
        (1, [(2, 0)], [b"", bytes(8)], "2 rows of 1"),
        (1, [(1, 0)], [b"", bytes(7)], "7 bytes, there should be 8"),
        (1, [(1, 1)], [b"ab", bytes(8)], "2 bytes of validity"),
        (1, [(1, 0), (1, 0)], [b"", bytes(8)], "more than its schema asks"),
    ):
        with pytest.raises(InternalError, match=message):
            decode({"x": int64}, rows, nodes, buffers)
