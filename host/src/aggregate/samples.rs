//! A stored state of every kind and class that must still be read, and come to the same.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryArray, Date32Array, Decimal128Array, Float64Array, Int64Array, ListArray, StringArray,
};
use arrow::datatypes::Int64Type;
use arrow::util::display::array_value_to_string;

use super::function::FUNCTIONS;
use super::{Aggregation, Order, Rows};

/// Each line: function, type, the state's bytes, what it comes to.
const SAMPLES: &str = include_str!("samples.txt");

/// A column of each class, and of what is beside it.
fn columns() -> Vec<(&'static str, ArrayRef)> {
    let decimals = Decimal128Array::from(vec![Some(1050), None, Some(-250), Some(99_999), Some(1050)]);
    let decimals = decimals.with_precision_and_scale(12, 2).expect("digits");
    let floats = vec![Some(0.1), None, Some(-2.5), Some(1e300), Some(0.1)];
    let not_finite = vec![Some(0.1), None, Some(-2.5), Some(f64::NEG_INFINITY), Some(0.1)];
    let ints = vec![Some(3), None, Some(-1), Some(i64::MAX), Some(3)];
    let dates = vec![Some(9000), None, Some(-1), Some(20_000), Some(9000)];
    let lists = vec![
        Some(vec![Some(1), None]),
        None,
        Some(vec![]),
        Some(vec![Some(2)]),
        Some(vec![]),
    ];
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(lists);
    let texts = vec![Some("a"), None, Some("é"), Some("zz"), Some("a")];
    vec![
        ("ints", Arc::new(Int64Array::from(ints))),
        ("floats", Arc::new(Float64Array::from(floats))),
        ("not_finite", Arc::new(Float64Array::from(not_finite))),
        ("decimals", Arc::new(decimals)),
        ("dates", Arc::new(Date32Array::from(dates))),
        ("texts", Arc::new(StringArray::from(texts))),
        ("lists", Arc::new(lists)),
        ("nulls", Arc::new(Int64Array::new_null(5))),
    ]
}

/// Every function, with a parameter that is as small as it comes in use, over every column; then states of other forms and sizes.
fn cases() -> Vec<(String, &'static str, ArrayRef)> {
    let mut cases = Vec::new();
    for (name, parameters) in FUNCTIONS {
        let function = match parameters {
            "n" | "k" => format!("{name}(3)"),
            "percentile, precision = 100" => format!("{name}(0.5)"),
            _ => name.to_owned(),
        };
        cases.extend(
            columns()
                .into_iter()
                .map(|(name, column)| (function.clone(), name, column)),
        );
    }
    let ints = |values: std::ops::Range<i64>| Arc::new(Int64Array::from_iter_values(values)) as ArrayRef;
    let floats = |values: &[f64]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let texts = |values: &[&str]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let prices = |values: &[i128]| {
        let array = Decimal128Array::from(values.to_vec()).with_precision_and_scale(10, 2);
        Arc::new(array.expect("digits")) as ArrayRef
    };
    let more = [
        ("approx_count_distinct(8)", "few", ints(0..5)),
        ("approx_count_distinct(4)", "many", ints(0..50)),
        ("approx_count_distinct(12)", "words", texts(&["a", "b", "a", ""])),
        (
            "approx_percentile(0.5, 100)",
            "wide",
            floats(&[-2.5, 0.0, 1.0, 1.001, 1e300, f64::INFINITY]),
        ),
        (
            "approx_percentile(0.75, 20)",
            "prices",
            prices(&[110, 250, 1_000, 99_999]),
        ),
        ("unique_count", "zeros", floats(&[0.0, -0.0, f64::NAN, 3.5])),
        ("unique_count", "words", texts(&["b", "a", "b", "ä"])),
        ("unique_count", "too_many", ints(0..100_001)),
        ("top_k(3)", "zeros", floats(&[1.5, -0.0, 7.0, 7.0, f64::NAN])),
        ("top_k(2)", "prices", prices(&[110, 99_999, -5])),
        ("bottom_k(300)", "few", ints(-2..2)),
        ("bottom_k(2)", "words", texts(&["b", "a", "ä"])),
        ("histogram(2)", "words", texts(&["b", "a", "b", "ä", "ä", "b"])),
    ];
    cases.extend(more.map(|(function, name, column)| (function.to_owned(), name, column)));
    cases
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(digits).collect()
}

fn text(aggregation: &Aggregation, state: &[u8]) -> String {
    let mut states = aggregation.states();
    states.grow(1);
    let stored = BinaryArray::from_iter_values([state]);
    states.merge_encoded(&[0], &stored, 0).expect("a stored state");
    let again = states.encode().expect("a state that fits");
    assert_eq!(
        hex(again.value(0)),
        hex(state),
        "{} is written as it was",
        aggregation.function()
    );
    let value = aggregation.finalize(&*states).expect("a value").values;
    match value.is_null(0) {
        true => "null".to_owned(),
        false => array_value_to_string(&value, 0).expect("a text"),
    }
}

/// The line that a function and a column have today.
fn line(aggregation: &Aggregation, function: &str, name: &str, column: &ArrayRef) -> String {
    let values = aggregation.prepare(column).expect("a prepared column");
    let ties = [&b"\x01"[..], b"", b"\x02", b"\x02", b"\x03\x00"];
    let ties: BinaryArray = ties.into_iter().cycle().take(column.len()).map(Some).collect();
    let times = [1_000_000, 2_000_000, 3_000_000, 3_000_000, 3_000_000];
    let times: Vec<i64> = times.into_iter().cycle().take(column.len()).collect();
    let order = Some(Order {
        times: &times,
        ties: &ties,
    });
    let mut states = aggregation.states();
    states.grow(1);
    let values = &*values;
    states
        .update(&vec![0; column.len()], Rows { values, order })
        .expect("a state");
    let encoded = states.encode().expect("a state that fits");
    let state = encoded.value(0);
    format!("{function} {name} {} {}", hex(state), text(aggregation, state))
}

#[test]
fn stored_states_are_read() {
    let mut missing = Vec::new();
    for (function, name, column) in cases() {
        let Ok(aggregation) = Aggregation::new(function.parse().expect("a function"), column.data_type()) else {
            continue;
        };
        let begins = format!("{function} {name} ");
        let Some(sample) = SAMPLES.lines().find_map(|sample| sample.strip_prefix(&begins)) else {
            missing.push(line(&aggregation, &function, name, &column));
            continue;
        };
        let (state, value) = sample.split_once(' ').expect("bytes and a value");
        assert_eq!(text(&aggregation, &bytes(state)), value, "{begins}");
        let today = line(&aggregation, &function, name, &column);
        assert_eq!(today, format!("{begins}{sample}"));
    }
    assert!(missing.is_empty(), "samples.txt lacks\n{}", missing.join("\n"));
}
