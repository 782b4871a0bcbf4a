//! What the tests of one aggregation have in common: its laws, on any column and any split of it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Float64Type, Int64Type};
use proptest::prelude::*;

use super::aggregation::Aggregation;
use super::codec;
use super::states::{Finalized, Rows, States};

pub(super) fn aggregation(function: &str, input: &DataType) -> Aggregation {
    Aggregation::new(function.parse().expect("a function"), input).expect("it takes the type")
}

pub(super) fn encoded(states: &dyn States, group: usize) -> Vec<u8> {
    let mut out = Vec::new();
    states.encode(group, &mut out);
    out
}

/// Folds a column's rows into groups.
pub(super) fn fold(aggregation: &Aggregation, column: &ArrayRef, groups: &[usize], into: &mut dyn States) {
    let values = aggregation.prepare(column).expect("it is of the input's type");
    let rows = Rows {
        values: values.as_ref(),
        order: None,
    };
    into.grow(groups.iter().max().map_or(0, |group| group + 1));
    into.update(groups, rows).expect("rows are folded in");
}

/// The state of all rows.
pub(super) fn whole(aggregation: &Aggregation, column: &ArrayRef) -> Box<dyn States> {
    let mut states = aggregation.states();
    states.grow(1);
    fold(aggregation, column, &vec![0; column.len()], states.as_mut());
    states
}

pub(super) fn result(aggregation: &Aggregation, column: &ArrayRef) -> (ArrayRef, u64) {
    let Finalized { values, overflows } = aggregation
        .finalize(whole(aggregation, column).as_ref())
        .expect("finalized");
    assert_eq!(values.data_type(), aggregation.result());
    (values, overflows)
}

pub(super) fn int(aggregation: &Aggregation, column: &ArrayRef) -> Option<i64> {
    let (values, _) = result(aggregation, column);
    values.is_valid(0).then(|| values.as_primitive::<Int64Type>().value(0))
}

pub(super) fn float(aggregation: &Aggregation, column: &ArrayRef) -> Option<f64> {
    let (values, _) = result(aggregation, column);
    values
        .is_valid(0)
        .then(|| values.as_primitive::<Float64Type>().value(0))
}

/// Reads a state into a group of its own.
pub(super) fn decoded(aggregation: &Aggregation, bytes: &[u8]) -> Option<Box<dyn States>> {
    let mut states = aggregation.states();
    states.grow(1);
    let column = BinaryArray::from_iter_values([bytes]);
    states.merge_encoded(&[0], &column, 0).ok().map(|()| states)
}

/// The bytes in memory are those that a recount finds.
pub(super) fn assert_counted(mut states: Box<dyn States>) {
    let groups = states.groups();
    let bytes = states.bytes();
    let first = states.split_first(groups);
    assert_eq!(first.bytes(), bytes, "the heap was not counted right");
    assert_eq!(states.bytes(), 0, "the heap was counted twice");
}

/// How a column's rows are split and put in order.
#[derive(Debug, Clone)]
pub(super) struct Split {
    /// A part for each row.
    parts: Vec<usize>,
    /// What rows are sorted by.
    keys: Vec<u16>,
    /// Rows of a batch.
    batch: usize,
    /// Spans of parts, neither the starts nor the ends going back or at will.
    spans: Vec<(usize, usize)>,
}

const PARTS: usize = 6;

pub(super) fn split(rows: usize) -> impl Strategy<Value = Split> {
    (
        prop::collection::vec(0..PARTS, rows),
        prop::collection::vec(any::<u16>(), rows),
        1_usize..40,
        prop::collection::vec((0..=PARTS, 0..=PARTS), 0..8),
        any::<bool>(),
    )
        .prop_map(|(parts, keys, batch, mut spans, sorted)| {
            if sorted {
                spans.sort_unstable();
                let mut last = 0;
                for span in &mut spans {
                    last = span.1.max(span.0).max(last);
                    span.1 = last;
                }
            }
            Split {
                parts,
                keys,
                batch,
                spans,
            }
        })
}

/// The laws of the algebra on a column. Every comparison is of bytes.
pub(super) fn assert_laws(aggregation: &Aggregation, column: &ArrayRef, split: &Split) {
    let whole = whole(aggregation, column);
    let all = encoded(whole.as_ref(), 0);
    let mut parts = aggregation.states();
    parts.grow(PARTS);
    let mut order: Vec<usize> = (0..column.len()).collect();
    order.sort_by_key(|row| split.keys[*row]);
    for rows in order.chunks(split.batch) {
        let indices = UInt64Array::from_iter_values(rows.iter().map(|row| *row as u64));
        let batch = take(column, &indices, None).expect("rows are there");
        let groups: Vec<usize> = rows.iter().map(|row| split.parts[*row]).collect();
        fold(aggregation, &batch, &groups, parts.as_mut());
    }
    let before: Vec<Vec<u8>> = (0..PARTS).map(|part| encoded(parts.as_ref(), part)).collect();

    // Forward, backward, in pairs, and from bytes.
    let mut merged = aggregation.states();
    merged.grow(4);
    let merge = |into: &mut dyn States, group: usize, part: usize| {
        into.merge_from(group, parts.as_ref(), part).expect("merged");
    };
    (0..PARTS).for_each(|part| merge(merged.as_mut(), 0, part));
    (0..PARTS).rev().for_each(|part| merge(merged.as_mut(), 1, part));
    for pair in (0..PARTS).step_by(2) {
        let mut two = aggregation.states();
        two.grow(1);
        merge(two.as_mut(), 0, pair + 1);
        merge(two.as_mut(), 0, pair);
        merged.merge_from(2, two.as_ref(), 0).expect("merged");
        assert_counted(two);
    }
    let column = BinaryArray::from_iter_values(&before);
    merged.merge_encoded(&[3; PARTS], &column, 0).expect("read back");
    for group in 0..4 {
        assert_eq!(encoded(merged.as_ref(), group), all, "merged in way {group}");
    }
    for (part, before) in before.iter().enumerate() {
        assert_eq!(
            &encoded(parts.as_ref(), part),
            before,
            "what is merged from is not changed"
        );
        let read = decoded(aggregation, before).expect("read back");
        assert_eq!(&encoded(read.as_ref(), 0), before);
        assert_counted(read);
    }

    let spans: Vec<_> = split.spans.iter().map(|(start, end)| *start..*end.max(start)).collect();
    let mut slid = aggregation.states();
    parts.slide(&spans, slid.as_mut()).expect("slid");
    for (at, span) in spans.iter().enumerate() {
        let mut by_hand = aggregation.states();
        by_hand.grow(1);
        span.clone().for_each(|part| merge(by_hand.as_mut(), 0, part));
        assert_eq!(
            encoded(slid.as_ref(), at),
            encoded(by_hand.as_ref(), 0),
            "span {span:?}"
        );
    }

    for states in [whole, parts, merged, slid] {
        if states.groups() > 0 {
            assert_counted(states);
        }
    }
}

/// Changes to the bytes of a state, each an offset and a byte; then bytes that are added, and a length to cut to.
pub(super) fn damage() -> impl Strategy<Value = (Vec<(usize, u8)>, Vec<u8>, Option<usize>)> {
    (
        prop::collection::vec((any::<usize>(), any::<u8>()), 0..4),
        prop::collection::vec(any::<u8>(), 0..3),
        prop::option::of(any::<usize>()),
    )
}

/// Bytes are either refused or the one form of a state, of which something can be made.
pub(super) fn assert_canonical(aggregation: &Aggregation, bytes: &[u8]) {
    if let Some(read) = decoded(aggregation, bytes) {
        assert_eq!(encoded(read.as_ref(), 0), bytes, "a second form of a state was read");
        aggregation.finalize(read.as_ref()).expect("finalized");
        let mut twice = aggregation.states();
        twice.grow(1);
        for _ in 0..2 {
            twice.merge_from(0, read.as_ref(), 0).expect("merged");
        }
        assert_counted(twice);
        assert_counted(read);
    }
}

/// Of bodies after the right header, the first is a state and the others are none.
pub(super) fn assert_only_first(function: &str, input: &DataType, bodies: &[Vec<u8>]) {
    let aggregation = aggregation(function, input);
    let header = codec::header(aggregation.function().state(), super::Class::of(input));
    for (at, body) in bodies.iter().enumerate() {
        let bytes = [header.as_slice(), body].concat();
        assert_eq!(
            decoded(&aggregation, &bytes).is_some(),
            at == 0,
            "{function}, body {at}: {body:?}"
        );
    }
}

/// Arbitrary bytes after the right header, and a damaged state.
pub(super) fn assert_refused_or_canonical(
    aggregation: &Aggregation,
    column: &ArrayRef,
    arbitrary: &[u8],
    (changes, added, cut): &(Vec<(usize, u8)>, Vec<u8>, Option<usize>),
) {
    let kind = aggregation.function().state();
    let class = super::Class::of(aggregation.input());
    let header = codec::header(kind, class);
    assert_canonical(aggregation, &[header.as_slice(), arbitrary].concat());
    let mut bytes = encoded(whole(aggregation, column).as_ref(), 0);
    assert!(bytes.starts_with(&header));
    for (at, byte) in changes {
        let at = at % bytes.len();
        bytes[at] = *byte;
    }
    bytes.extend(added);
    if let Some(cut) = cut {
        bytes.truncate(cut % (bytes.len() + 1));
    }
    assert_canonical(aggregation, &bytes);
}

/// Columns of every class with few distinct values, nulls, and values that are hard.
pub(super) fn column(data_type: DataType, rows: std::ops::Range<usize>) -> BoxedStrategy<ArrayRef> {
    use arrow::array::{Decimal128Array, Float64Array, Int64Array, StringArray};
    use prop::collection::vec;
    use prop::option::weighted;
    let hard_float = prop::sample::select(vec![
        0.0,
        -0.0,
        f64::NAN,
        -f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MIN_POSITIVE,
        f64::MAX,
        f64::MIN,
        5e-324,
        -5e-324,
        1e-310,
        1.0,
    ]);
    match data_type {
        DataType::Int64 => {
            let value = prop_oneof![-20_i64..20, any::<i64>(), Just(i64::MIN), Just(i64::MAX)];
            vec(weighted(0.9, value), rows)
                .prop_map(|values| Arc::new(Int64Array::from(values)) as ArrayRef)
                .boxed()
        }
        DataType::Float64 => {
            let value = prop_oneof![hard_float, (-20_i32..20).prop_map(f64::from), any::<f64>()];
            vec(weighted(0.9, value), rows)
                .prop_map(|values| Arc::new(Float64Array::from(values)) as ArrayRef)
                .boxed()
        }
        DataType::Decimal128(precision, scale) => {
            let value = prop_oneof![-20_i128..20, (-10_i128.pow(20)..10_i128.pow(20))];
            vec(weighted(0.9, value), rows)
                .prop_map(move |values| {
                    let array = Decimal128Array::from(values).with_precision_and_scale(precision, scale);
                    Arc::new(array.expect("a decimal type")) as ArrayRef
                })
                .boxed()
        }
        _ => vec(weighted(0.9, "[a-c]{0,3}|.{0,6}"), rows)
            .prop_map(|values| Arc::new(StringArray::from(values)) as ArrayRef)
            .boxed(),
    }
}

/// A column of one of the four classes.
pub(super) fn any_column(rows: std::ops::Range<usize>) -> BoxedStrategy<ArrayRef> {
    prop_oneof![
        column(DataType::Int64, rows.clone()),
        column(DataType::Float64, rows.clone()),
        column(DataType::Decimal128(30, 4), rows.clone()),
        column(DataType::Utf8, rows),
    ]
    .boxed()
}

/// A function over values, its state's bytes and what it comes to, as samples-b.txt has it.
fn sample(function: &str, column: ArrayRef) -> String {
    let aggregation = aggregation(function, column.data_type());
    let bytes = encoded(whole(&aggregation, &column).as_ref(), 0);
    let read = decoded(&aggregation, &bytes).expect("a state");
    let Finalized { values, .. } = aggregation.finalize(read.as_ref()).expect("finalized");
    let value = arrow::util::display::array_value_to_string(&values, 0).expect("a value");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{function} {}\t{hex}\t{value}\n", column.data_type())
}

/// Stored states are read for ever: what is in the file does not change.
#[test]
fn samples_are_as_they_were() {
    use arrow::array::{Decimal128Array, Float64Array, Int64Array, StringArray};
    let ints = |values: std::ops::Range<i64>| Arc::new(Int64Array::from_iter_values(values)) as ArrayRef;
    let floats = |values: &[f64]| Arc::new(Float64Array::from(values.to_vec())) as ArrayRef;
    let texts = |values: &[&str]| Arc::new(StringArray::from(values.to_vec())) as ArrayRef;
    let decimals = |values: &[i128]| {
        let array = Decimal128Array::from(values.to_vec()).with_precision_and_scale(10, 2);
        Arc::new(array.expect("a decimal type")) as ArrayRef
    };
    let samples = [
        sample("approx_count_distinct(8)", ints(0..5)),
        sample("approx_count_distinct(4)", ints(0..50)),
        sample("approx_count_distinct(12)", texts(&["a", "b", "a", ""])),
        sample(
            "approx_percentile(0.5, 100)",
            floats(&[-2.5, 0.0, 1.0, 1.001, 1e300, f64::INFINITY]),
        ),
        sample("approx_percentile(0.75, 20)", decimals(&[110, 250, 1_000, 99_999])),
        sample("unique_count", floats(&[0.0, -0.0, f64::NAN, 3.5])),
        sample("unique_count", texts(&["b", "a", "b", "ä"])),
        sample("unique_count", ints(0..100_001)),
        sample("top_k(3)", floats(&[1.5, -0.0, 7.0, 7.0, f64::NAN])),
        sample("top_k(2)", decimals(&[110, 99_999, -5])),
        sample("bottom_k(300)", ints(-2..2)),
        sample("bottom_k(2)", texts(&["b", "a", "ä"])),
        sample("histogram(2)", texts(&["b", "a", "b", "ä", "ä", "b"])),
    ];
    assert_eq!(samples.concat(), include_str!("samples-b.txt"));
}
