//! Parameters and the context.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, DurationMicrosecondArray, Float64Array, Int64Array, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use sandglass_runtime::{Mode, ParameterValue as Value};

use super::super::case::{Case, Given};
use super::super::contracts;

pub(super) fn cases() -> Vec<Case> {
    let mut all = parameters();
    all.extend(contexts());
    all
}

/// Beyond what a double holds, by one.
const BEYOND: i64 = (1 << 53) + 1;

fn ids(transformation: &str) -> RecordBatch {
    let schema = Arc::clone(&contracts::named(transformation).inputs[0].columns);
    let ids: ArrayRef = Arc::new(Int64Array::from(vec![7, -BEYOND]));
    RecordBatch::try_new(schema, vec![ids]).expect("columns of the kit's schema")
}

fn parameters() -> Vec<Case> {
    let case = |name: &str, given: Vec<(&'static str, Value)>| {
        let contract = contracts::named("parameters");
        let value = |name: &str| {
            let declared = contract.parameters.iter().find(|parameter| parameter.name == name);
            let mut given = given.iter();
            let given = given.find(|(other, _)| *other == name).map(|(_, value)| value.clone());
            given.or_else(|| declared.and_then(|parameter| parameter.default.clone()))
        };
        let rows = ids("parameters");
        let count = rows.num_rows();
        let mut columns = vec![Arc::clone(rows.column(0))];
        for parameter in &contract.parameters {
            let column: ArrayRef = match value(&parameter.name).expect("a default or a value") {
                Value::Boolean(value) => Arc::new(BooleanArray::from(vec![value; count])),
                Value::Int64(value) => Arc::new(Int64Array::from(vec![value; count])),
                Value::Float64(value) => Arc::new(Float64Array::from(vec![value; count])),
                Value::Utf8(value) => Arc::new(StringArray::from(vec![value; count])),
                Value::Timestamp(value) => {
                    Arc::new(TimestampMicrosecondArray::from(vec![value; count]).with_timezone("UTC"))
                }
                Value::Duration(value) => Arc::new(DurationMicrosecondArray::from(vec![value; count])),
            };
            columns.push(column);
        }
        let expected = RecordBatch::try_new(contract.output, columns).expect("columns of the kit's schema");
        Case::new("parameters", name)
            .push(rows, Given::rows(expected))
            .with(|case| case.parameters = given)
    };
    let all = |truth: bool, whole: i64, number: f64, text: &str, time: i64, span: i64| {
        vec![
            ("a_boolean", Value::Boolean(truth)),
            ("an_int64", Value::Int64(whole)),
            ("a_float64", Value::Float64(number)),
            ("a_utf8", Value::Utf8(text.to_owned())),
            ("a_timestamp", Value::Timestamp(time)),
            ("a_duration", Value::Duration(span)),
        ]
    };
    vec![
        case("defaults", vec![("an_int64", Value::Int64(BEYOND))]),
        case(
            "the least",
            all(false, i64::MIN, f64::NEG_INFINITY, "", i64::MIN, i64::MIN),
        ),
        case("the most", all(true, i64::MAX, f64::MAX, "😀 日本", i64::MAX, i64::MAX)),
        case("beyond 2^53", all(true, -BEYOND, -0.0, "a\u{0}b", BEYOND, -BEYOND)),
    ]
}

fn contexts() -> Vec<Case> {
    let case = |name: &str, mode: Mode, range: Option<(i64, i64)>, lineage: bool| {
        let rows = ids("context");
        let count = rows.num_rows();
        let (word, interval, at) = match mode {
            Mode::Materialize { start, end } => ("materialize", Some((start, end)), None),
            Mode::Streaming => ("streaming", None, None),
            Mode::Request { at } => ("request", None, Some(at)),
        };
        let time = |value: Option<i64>| {
            let values = std::iter::repeat_n(value, count);
            Arc::new(values.collect::<TimestampMicrosecondArray>().with_timezone("UTC")) as ArrayRef
        };
        let none: StringArray = std::iter::repeat_n(None::<&str>, count).collect();
        let columns: Vec<ArrayRef> = vec![
            Arc::clone(rows.column(0)),
            Arc::new(StringArray::from(vec![word; count])),
            time(interval.map(|(start, _)| start)),
            time(interval.map(|(_, end)| end)),
            time(at),
            time(range.map(|(start, _)| start)),
            time(range.map(|(_, end)| end)),
            Arc::new(BooleanArray::from(vec![lineage; count])),
            Arc::new(none),
        ];
        let output = contracts::named("context").output;
        let expected = RecordBatch::try_new(output, columns).expect("columns of the kit's schema");
        Case::new("context", name)
            .push(rows, Given::rows(expected))
            .with(|case| {
                case.mode = mode;
                case.ranges = vec![range];
                case.lineage = lineage;
            })
    };
    let day = super::super::case::DAY;
    let extremes = Mode::Materialize {
        start: i64::MIN,
        end: i64::MAX,
    };
    vec![
        case("an interval", day, Some((-BEYOND, BEYOND)), false),
        case("an interval, unfiltered", day, None, true),
        case("the longest interval", extremes, Some((i64::MIN, i64::MAX)), false),
        case("a stream", Mode::Streaming, None, true),
        case("a request", Mode::Request { at: BEYOND }, None, false),
        case("a request before 1970", Mode::Request { at: i64::MIN }, None, false),
    ]
}
