//! What collections of values come to, by sorting and counting all of them.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, MapArray, StringArray, StructArray};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::DataType;

use super::order::{answer, canonical, comparable, comparator, distinct, list, most};
use super::{Aggregation, Answer, Function, Group};

pub(super) fn top(aggregation: &Aggregation, rows: &Group) -> Answer {
    let compare = comparator(&rows.column);
    let mut sorted = comparable(&rows.column);
    sorted.sort_by(|a, b| compare(*a, *b));
    if matches!(aggregation.function(), Function::TopK(_)) {
        sorted.reverse();
    }
    sorted.truncate(most(aggregation));
    list(aggregation, &rows.column, &sorted)
}

pub(super) fn unique_count(_: &Aggregation, rows: &Group) -> Answer {
    let column = canonical(rows).column;
    let valid = (0..column.len()).filter(|row| column.is_valid(*row));
    let count = distinct(&column, valid, usize::MAX).len() as i64;
    answer(Arc::new(Int64Array::from(vec![Some(count).filter(|count| *count > 0)])))
}

pub(super) fn histogram(aggregation: &Aggregation, rows: &Group) -> Answer {
    let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
    for text in rows.column.as_string::<i32>().iter().flatten() {
        *counts.entry(text).or_default() += 1;
    }
    let mut most_frequent: Vec<(&str, i64)> = counts.into_iter().collect();
    most_frequent.sort_by_key(|(text, count)| (Reverse(*count), *text));
    most_frequent.truncate(most(aggregation));
    most_frequent.sort_unstable();
    let DataType::Map(field, _) = aggregation.result() else {
        panic!("{} is no map", aggregation.result());
    };
    let DataType::Struct(fields) = field.data_type() else {
        panic!("{field} is no struct");
    };
    let keys = StringArray::from_iter_values(most_frequent.iter().map(|(text, _)| text));
    let counts = Int64Array::from_iter_values(most_frequent.iter().map(|(_, count)| *count));
    let entries = StructArray::new(fields.clone(), vec![Arc::new(keys), Arc::new(counts)], None);
    let offsets = OffsetBuffer::from_lengths([most_frequent.len()]);
    let nulls = NullBuffer::from(vec![!most_frequent.is_empty()]);
    answer(Arc::new(MapArray::new(
        Arc::clone(field),
        offsets,
        entries,
        Some(nulls),
        true,
    )))
}
