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

/// Functions that are not there yet.
pub(super) const PENDING: &[&str] = &[
    "approx_count_distinct",
    "approx_percentile",
    "unique_count",
    "top_k",
    "bottom_k",
    "histogram",
];

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

/// Functions with a parameter that is as small as it comes in use.
fn functions() -> impl Iterator<Item = String> {
    let there = FUNCTIONS.iter().filter(|(name, _)| !PENDING.contains(name));
    there.map(|(name, parameters)| match *parameters {
        "n" | "k" => format!("{name}(3)"),
        "percentile, precision = 100" => format!("{name}(0.5)"),
        _ => (*name).to_owned(),
    })
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
    let mut again = Vec::new();
    states.encode(0, &mut again);
    assert_eq!(
        hex(&again),
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
    let ties = BinaryArray::from_iter_values([&b"\x01"[..], b"", b"\x02", b"\x02", b"\x03\x00"]);
    let order = Some(Order {
        times: &[1_000_000, 2_000_000, 3_000_000, 3_000_000, 3_000_000],
        ties: &ties,
    });
    let mut states = aggregation.states();
    states.grow(1);
    let values = &*values;
    states.update(&[0; 5], Rows { values, order }).expect("a state");
    let mut state = Vec::new();
    states.encode(0, &mut state);
    format!("{function} {name} {} {}", hex(&state), text(aggregation, &state))
}

#[test]
fn stored_states_are_read() {
    let mut missing = Vec::new();
    for function in functions() {
        for (name, column) in columns() {
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
            assert_eq!(
                line(&aggregation, &function, name, &column),
                format!("{begins}{sample}")
            );
        }
    }
    assert!(missing.is_empty(), "samples.txt lacks\n{}", missing.join("\n"));
}
