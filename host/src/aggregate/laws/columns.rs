//! Columns of every class, with nulls and with values at the edges.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int32Array,
    Int64Array, ListArray, StringArray, StructArray, TimestampMicrosecondArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{Field, Int64Type};
use proptest::prelude::*;

/// Rows of a column, at most.
pub(super) const ROWS: usize = 40;

pub(in super::super) type Columns = BoxedStrategy<ArrayRef>;

/// Columns of up to [`ROWS`] such values and nulls; now and then, of nulls alone.
fn columns<T, A>(value: impl Strategy<Value = T> + 'static) -> Columns
where
    T: Clone + std::fmt::Debug + 'static,
    A: From<Vec<Option<T>>> + arrow::array::Array + 'static,
{
    let value = prop_oneof![1 => Just(None), 6 => value.prop_map(Some)];
    let some = prop::collection::vec(value, 0..=ROWS);
    let nulls = (0..ROWS).prop_map(|rows| vec![None; rows]);
    prop_oneof![19 => some, 1 => nulls]
        .prop_map(|values| Arc::new(A::from(values)) as ArrayRef)
        .boxed()
}

fn int() -> impl Strategy<Value = i64> {
    prop_oneof![
        4 => -3..4_i64,
        2 => any::<i64>(),
        1 => Just(i64::MAX),
        1 => Just(i64::MIN),
        1 => (0..63, any::<bool>()).prop_map(|(bit, down)| (1_i64 << bit) - i64::from(down)),
    ]
}

pub(in super::super) fn ints() -> Columns {
    columns::<_, Int64Array>(int())
}

pub(in super::super) fn small_ints() -> Columns {
    columns::<_, Int32Array>(prop_oneof![-3..4_i32, any::<i32>()])
}

pub(in super::super) fn booleans() -> Columns {
    columns::<_, BooleanArray>(any::<bool>())
}

pub(in super::super) fn dates() -> Columns {
    columns::<_, Date32Array>(prop_oneof![0..3_i32, any::<i32>()])
}

pub(in super::super) fn timestamps() -> Columns {
    columns::<_, TimestampMicrosecondArray>(int())
}

/// Any finite float64: subnormal, whole, like a price, tiny and huge.
fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![
        3 => (-100_000..100_000).prop_map(|cents| f64::from(cents) / 100.0),
        2 => (-3..4).prop_map(f64::from),
        2 => any::<u64>().prop_map(f64::from_bits).prop_map(|value| if value.is_finite() { value } else { 1.5 }),
        1 => (1..4_u64).prop_map(f64::from_bits),
        1 => (-1074..1024).prop_map(|exponent| 2_f64.powi(exponent / 2) * 2_f64.powi(exponent - exponent / 2)),
        1 => prop::sample::select(vec![0.0, -0.0, f64::MAX, f64::MIN, f64::MIN_POSITIVE, -5e-324, 1e16, -1e16, 1e-16]),
    ]
}

/// Of finite values, and one in three with values that are not.
pub(in super::super) fn floats() -> Columns {
    let special = vec![f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let special = prop_oneof![
        4 => prop::sample::select(special),
        1 => any::<u64>().prop_map(|bits| f64::from_bits(bits | 0x7ff << 52)),
    ];
    prop_oneof![
        2 => columns::<_, Float64Array>(finite()),
        1 => columns::<_, Float64Array>(prop_oneof![9 => finite(), 1 => special]),
    ]
    .boxed()
}

pub(in super::super) fn small_floats() -> Columns {
    let value = prop_oneof![
        8 => (-1000..1000_i16).prop_map(|value| f32::from(value) / 8.0),
        4 => any::<f32>(),
        1 => Just(f32::INFINITY),
    ];
    columns::<_, Float32Array>(value.prop_map(|value| if value.is_nan() { f32::NAN } else { value }))
}

fn decimals_of(precision: u8, scale: i8) -> Columns {
    let most = 10_i128.pow(u32::from(precision)) - 1;
    let digits = prop_oneof![
        4 => -300..300_i128,
        2 => -most..=most,
        1 => Just(most),
        1 => Just(-most),
    ];
    columns::<_, Decimal128Array>(digits)
        .prop_map(move |column| {
            let column = arrow::array::AsArray::as_primitive::<arrow::datatypes::Decimal128Type>(&column).clone();
            let column = column.with_precision_and_scale(precision, scale);
            Arc::new(column.expect("so many digits")) as ArrayRef
        })
        .boxed()
}

/// Of the most digits, four of them behind the point.
pub(in super::super) fn decimals() -> Columns {
    decimals_of(38, 4)
}

/// Decimals whose last digit is one of hundreds.
pub(in super::super) fn hundreds() -> Columns {
    decimals_of(9, -2)
}

pub(in super::super) fn texts() -> Columns {
    let text = prop::sample::select(vec!["", "a", "b", "ab", "a\0", "é", "the quick brown fox"]);
    columns::<_, StringArray>(text)
}

pub(in super::super) fn binaries() -> Columns {
    let bytes = prop::sample::select(vec![&b""[..], b"\0", b"\xff", b"\0\0", b"ab"]);
    columns::<_, BinaryArray>(bytes)
}

/// Lists of ints, with nulls inside.
pub(in super::super) fn lists() -> Columns {
    let list = prop::collection::vec(prop_oneof![Just(None), (0..3_i64).prop_map(Some)], 0..3);
    prop::collection::vec(prop_oneof![1 => Just(None), 6 => list.prop_map(Some)], 0..=ROWS)
        .prop_map(|lists| Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists)) as ArrayRef)
        .boxed()
}

/// Structs of a text, a boolean, a decimal and a list, whole and as slices of longer ones.
pub(in super::super) fn structs() -> Columns {
    let slice = |(column, from): (ArrayRef, usize)| {
        let from = from.min(column.len());
        column.slice(from, column.len() - from)
    };
    let parts = (
        texts(),
        booleans(),
        decimals(),
        lists(),
        prop::collection::vec(any::<bool>(), ROWS),
    );
    let whole = parts.prop_map(|(texts, booleans, decimals, lists, valid)| {
        let columns = [texts, booleans, decimals, lists];
        let rows = columns.iter().map(|column| column.len()).min().unwrap_or(0);
        let columns: Vec<ArrayRef> = columns.iter().map(|column| column.slice(0, rows)).collect();
        let fields = columns.iter().zip(["t", "b", "d", "l"]);
        let fields: Vec<Field> = fields
            .map(|(column, name)| Field::new(name, column.data_type().clone(), true))
            .collect();
        let nulls = NullBuffer::from(&valid[..rows]);
        Arc::new(StructArray::new(fields.into(), columns, Some(nulls))) as ArrayRef
    });
    (whole, 0..3_usize).prop_map(slice).boxed()
}
