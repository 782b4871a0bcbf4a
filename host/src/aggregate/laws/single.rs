//! One aggregation over one group, for the tests of single functions.

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray};
use arrow::datatypes::{DataType, Float64Type, Int64Type};

use super::{Aggregation, Class, Rows, States, codec};
use crate::aggregate::Finalized;

pub(in super::super) fn aggregation(function: &str, input: &DataType) -> Aggregation {
    Aggregation::new(function.parse().expect("a function"), input).expect("it takes the type")
}

/// The state of all rows.
pub(in super::super) fn whole(aggregation: &Aggregation, column: &ArrayRef) -> Box<dyn States> {
    let mut states = aggregation.states();
    states.grow(1);
    let values = aggregation.prepare(column).expect("it is of the input's type");
    let values = values.as_ref();
    let rows = Rows { values, order: None };
    states.update(&vec![0; column.len()], rows).expect("rows are folded in");
    states
}

pub(in super::super) fn encoded(states: &dyn States) -> Vec<u8> {
    super::encoded(states).swap_remove(0)
}

/// Reads a state.
pub(in super::super) fn decoded(aggregation: &Aggregation, bytes: &[u8]) -> Option<Box<dyn States>> {
    let mut states = aggregation.states();
    states.grow(1);
    let column = BinaryArray::from_iter_values([bytes]);
    states.merge_encoded(&[0], &column, 0).ok().map(|()| states)
}

/// What a column comes to, and whether it overflows.
pub(in super::super) fn result(aggregation: &Aggregation, column: &ArrayRef) -> (ArrayRef, u64) {
    let Finalized { values, overflows } = aggregation.finalize(&*whole(aggregation, column)).expect("finalized");
    assert_eq!(values.data_type(), aggregation.result());
    (values, overflows)
}

pub(in super::super) fn int(aggregation: &Aggregation, column: &ArrayRef) -> Option<i64> {
    result(aggregation, column)
        .0
        .as_primitive::<Int64Type>()
        .iter()
        .next()?
}

pub(in super::super) fn float(aggregation: &Aggregation, column: &ArrayRef) -> Option<f64> {
    result(aggregation, column)
        .0
        .as_primitive::<Float64Type>()
        .iter()
        .next()?
}

pub(in super::super) fn assert_counted(mut states: Box<dyn States>) {
    super::counted(&mut states).expect("a right count");
}

/// Of bodies after the right header, the first is a state and the others are none.
pub(in super::super) fn assert_only_first(function: &str, input: &DataType, bodies: &[Vec<u8>]) {
    let aggregation = aggregation(function, input);
    let header = codec::header(aggregation.function().state(), Class::of(input));
    for (at, body) in bodies.iter().enumerate() {
        let bytes = [header.as_slice(), body].concat();
        assert_eq!(
            decoded(&aggregation, &bytes).is_some(),
            at == 0,
            "{function} of {input}, body {at}: {body:?}"
        );
    }
}

/// Values that no column of the type has.
#[test]
fn values_of_other_types_are_refused() {
    let ints = |values: &[i64]| -> Vec<Vec<u8>> {
        let body = |value: &i64| value.to_le_bytes().to_vec();
        values.iter().map(body).collect()
    };
    let decimals = |values: &[i128]| -> Vec<Vec<u8>> {
        let body = |value: &i128| value.to_le_bytes().to_vec();
        values.iter().map(body).collect()
    };
    let floats = |values: &[f64]| -> Vec<Vec<u8>> {
        let body = |value: &f64| value.to_bits().to_le_bytes().to_vec();
        values.iter().map(body).collect()
    };
    let texts = vec![vec![1, b'a'], vec![1, 0xff], vec![2, 0xc3, b'a'], vec![1, 0xc3]];
    let many = |values: &[i64], least: i64| ints(&[&[values[0]], &values[1..], &[least]].concat());
    let bits32 = [i64::from(i32::MAX), i64::from(i32::MAX) + 1, i64::from(i32::MIN) - 1];
    let cases = [
        (DataType::Utf8, texts),
        (
            DataType::Decimal128(5, 2),
            decimals(&[-99_999, 100_000, -100_000, i128::MIN]),
        ),
        (
            DataType::Decimal128(38, 0),
            decimals(&[10_i128.pow(38) - 1, 10_i128.pow(38)]),
        ),
        (DataType::Boolean, many(&[1, 2], -1)),
        (DataType::Int8, many(&[-128, 128], -129)),
        (DataType::Int16, many(&[-32_768, 32_768], -32_769)),
        (DataType::Int32, ints(&bits32)),
        (DataType::Date32, ints(&bits32)),
        (DataType::UInt8, many(&[255, 256], -1)),
        (DataType::UInt16, many(&[65_535, 65_536], -1)),
        (
            DataType::UInt32,
            many(&[i64::from(u32::MAX), i64::from(u32::MAX) + 1], -1),
        ),
        (DataType::Float32, floats(&[0.1_f32.into(), 0.1, 1e300])),
    ];
    let entry =
        |head: &[u8], bodies: &[Vec<u8>]| -> Vec<Vec<u8>> { bodies.iter().map(|body| [head, body].concat()).collect() };
    for (input, values) in cases {
        // One value, with the time and the tie where these are kept.
        let ordered = entry(&[&[1][..], &[0; 8], &[0]].concat(), &values);
        for function in ["first(2)", "last(2)", "last", "first_distinct(2)", "last_distinct(2)"] {
            assert_only_first(function, &input, &ordered);
        }
        assert_only_first("unique_count", &input, &entry(&[2], &values));
        if input != DataType::Boolean {
            assert_only_first("min", &input, &values);
            assert_only_first("max", &input, &values);
            assert_only_first("top_k(2)", &input, &entry(&[1], &values));
        }
        if input == DataType::Utf8 {
            let counts: Vec<Vec<u8>> = values
                .iter()
                .map(|value| [&[2], value.as_slice(), &[7]].concat())
                .collect();
            assert_only_first("histogram", &input, &counts);
        }
    }
}
