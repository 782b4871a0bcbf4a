//! What ordered values come to, by sorting all rows.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DynComparator, Int64Array, ListArray, UInt32Array, make_comparator};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::compute::{SortOptions, cast, take};
use arrow::datatypes::{DataType, Float32Type, Float64Type};

use super::{Aggregation, Answer, Function, Group};

pub(super) fn answer(value: ArrayRef) -> Answer {
    Answer { value, overflow: false }
}

pub(super) fn comparator(values: &ArrayRef) -> DynComparator {
    make_comparator(values, values, SortOptions::default()).expect("values can be compared")
}

/// Rows that are not null, by time, tie and value.
fn sorted(aggregation: &Aggregation, rows: &Group) -> Vec<usize> {
    let prepared = aggregation.prepare(&rows.column).expect("a prepared column");
    let by_value = comparator(&prepared);
    let mut sorted: Vec<usize> = (0..prepared.len()).filter(|row| prepared.is_valid(*row)).collect();
    sorted.sort_by(|a, b| {
        let by_order = (rows.times[*a], rows.ties.value(*a)).cmp(&(rows.times[*b], rows.ties.value(*b)));
        by_order.then_with(|| by_value(*a, *b))
    });
    sorted
}

fn rows_of(column: &ArrayRef, rows: &[usize]) -> ArrayRef {
    let indices = UInt32Array::from_iter_values(rows.iter().map(|row| *row as u32));
    take(column, &indices, None).expect("rows")
}

fn one(aggregation: &Aggregation, column: &ArrayRef, row: Option<usize>) -> Answer {
    let index = UInt32Array::from(vec![row.map(|row| row as u32)]);
    let value = take(column, &index, None).expect("a row");
    answer(cast(&value, aggregation.result()).expect("the result's type"))
}

pub(super) fn list(aggregation: &Aggregation, column: &ArrayRef, rows: &[usize]) -> Answer {
    let DataType::List(field) = aggregation.result() else {
        panic!("{} is no list", aggregation.result());
    };
    let offsets = OffsetBuffer::from_lengths([rows.len()]);
    let nulls = NullBuffer::from(vec![!rows.is_empty()]);
    let items = cast(&rows_of(column, rows), field.data_type()).expect("the items' type");
    let list = ListArray::new(Arc::clone(field), offsets, items, Some(nulls));
    answer(Arc::new(list))
}

pub(super) fn count(_: &Aggregation, rows: &Group) -> Answer {
    let count = (rows.column.len() - rows.column.null_count()) as i64;
    answer(Arc::new(Int64Array::from(vec![Some(count).filter(|count| *count > 0)])))
}

/// Rows that are neither null nor NaN.
pub(super) fn comparable(column: &ArrayRef) -> Vec<usize> {
    let nan = |row: usize| match column.data_type() {
        DataType::Float32 => column.as_primitive::<Float32Type>().value(row).is_nan(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).is_nan(),
        _ => false,
    };
    (0..column.len())
        .filter(|row| column.is_valid(*row) && !nan(*row))
        .collect()
}

fn extreme(aggregation: &Aggregation, rows: &Group, greatest: bool) -> Answer {
    let compare = comparator(&rows.column);
    let row = comparable(&rows.column)
        .into_iter()
        .reduce(|best, row| match compare(row, best) {
            Ordering::Less if !greatest => row,
            Ordering::Greater if greatest => row,
            _ => best,
        });
    one(aggregation, &rows.column, row)
}

pub(super) fn min(aggregation: &Aggregation, rows: &Group) -> Answer {
    extreme(aggregation, rows, false)
}

pub(super) fn max(aggregation: &Aggregation, rows: &Group) -> Answer {
    extreme(aggregation, rows, true)
}

pub(super) fn most(aggregation: &Aggregation) -> usize {
    match aggregation.function() {
        Function::FirstN(n) | Function::LastN(n) | Function::FirstDistinct(n) | Function::LastDistinct(n) => {
            *n as usize
        }
        Function::TopK(k) | Function::BottomK(k) | Function::Histogram(k) => *k as usize,
        function => panic!("{function} makes no list"),
    }
}

pub(super) fn last(aggregation: &Aggregation, rows: &Group) -> Answer {
    one(aggregation, &rows.column, sorted(aggregation, rows).last().copied())
}

pub(super) fn last_n(aggregation: &Aggregation, rows: &Group) -> Answer {
    let sorted = sorted(aggregation, rows);
    let from = sorted.len().saturating_sub(most(aggregation));
    list(aggregation, &rows.column, &sorted[from..])
}

pub(super) fn first_n(aggregation: &Aggregation, rows: &Group) -> Answer {
    let sorted = sorted(aggregation, rows);
    let to = sorted.len().min(most(aggregation));
    list(aggregation, &rows.column, &sorted[..to])
}

/// The group with one zero and one NaN.
pub(super) fn canonical(rows: &Group) -> Group {
    let column = match rows.column.as_primitive_opt::<Float64Type>() {
        None => Arc::clone(&rows.column),
        Some(floats) => Arc::new(floats.unary::<_, Float64Type>(|value| match value {
            0.0 => 0.0,
            value if value.is_nan() => f64::NAN,
            value => value,
        })),
    };
    Group {
        column,
        times: rows.times.clone(),
        ties: rows.ties.clone(),
    }
}

/// The rows whose values have not been before.
pub(super) fn distinct(column: &ArrayRef, rows: impl Iterator<Item = usize>, most: usize) -> Vec<usize> {
    let compare = comparator(column);
    let mut seen: Vec<usize> = Vec::new();
    for row in rows {
        if seen.len() < most && seen.iter().all(|other| compare(row, *other).is_ne()) {
            seen.push(row);
        }
    }
    seen
}

pub(super) fn first_distinct(aggregation: &Aggregation, rows: &Group) -> Answer {
    let rows = canonical(rows);
    let sorted = sorted(aggregation, &rows);
    let first = distinct(&rows.column, sorted.into_iter(), most(aggregation));
    list(aggregation, &rows.column, &first)
}

pub(super) fn last_distinct(aggregation: &Aggregation, rows: &Group) -> Answer {
    let rows = canonical(rows);
    let sorted = sorted(aggregation, &rows);
    let mut last = distinct(&rows.column, sorted.into_iter().rev(), most(aggregation));
    last.reverse();
    list(aggregation, &rows.column, &last)
}
