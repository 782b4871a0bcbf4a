//! What the guest computes, natively: the numbers that the boundary is measured against.
#![expect(
    unsafe_code,
    reason = "a native kernel as fast as one can be, or the guest would look good beside it"
)]

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::filter_record_batch;
use arrow::compute::kernels::cmp::gt;
use arrow::datatypes::{Float64Type, Int64Type};

use super::kernels::{fifty_flops, is_dear, polynomial};

fn batch(like: &RecordBatch, columns: Vec<ArrayRef>) -> RecordBatch {
    RecordBatch::try_new(like.schema(), columns).unwrap()
}

/// The guest's kernel, out of place: no branch on the data, eight rows an iteration.
pub fn filter(rows: &RecordBatch, limit: f64) -> RecordBatch {
    let ids = rows.column(0).as_primitive::<Int64Type>().values();
    let amounts = rows.column(1).as_primitive::<Float64Type>().values();
    let count = ids.len().min(amounts.len());
    let (mut kept_ids, mut kept_amounts) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let (to_ids, to_amounts) = (kept_ids.spare_capacity_mut(), kept_amounts.spare_capacity_mut());
    let mut place = 0;
    let mut row = |row: usize| {
        // SAFETY: `place` is at most `row`, which is below `count`, the room that there is.
        unsafe {
            let (id, amount) = (*ids.get_unchecked(row), *amounts.get_unchecked(row));
            to_ids.get_unchecked_mut(place).write(id);
            to_amounts.get_unchecked_mut(place).write(amount);
            place += usize::from(is_dear(amount, limit));
        }
    };
    let whole = count & !7;
    for first in (0..whole).step_by(8) {
        row(first);
        row(first + 1);
        row(first + 2);
        row(first + 3);
        row(first + 4);
        row(first + 5);
        row(first + 6);
        row(first + 7);
    }
    (whole..count).for_each(row);
    // SAFETY: each place below was written before the place moved on.
    unsafe {
        kept_ids.set_len(place);
        kept_amounts.set_len(place);
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from(kept_ids)),
        Arc::new(Float64Array::from(kept_amounts)),
    ];
    batch(rows, columns)
}

/// What a DataFusion user runs.
pub fn filter_by_arrow(rows: &RecordBatch, limit: f64) -> RecordBatch {
    let dear = gt(rows.column(1), &Float64Array::new_scalar(limit)).unwrap();
    filter_record_batch(rows, &dear).unwrap()
}

/// The guest's other kernel.
pub fn flops(rows: &RecordBatch) -> RecordBatch {
    let amounts = rows.column(0).as_primitive::<Float64Type>().values();
    let scores: Vec<f64> = amounts.iter().map(|x| fifty_flops(*x)).collect();
    RecordBatch::try_from_iter([("score", Arc::new(Float64Array::from(scores)) as ArrayRef)]).unwrap()
}

/// And the one with more constants.
pub fn polynomials(rows: &RecordBatch) -> RecordBatch {
    let amounts = rows.column(0).as_primitive::<Float64Type>().values();
    let scores: Vec<f64> = amounts.iter().map(|x| polynomial(*x)).collect();
    RecordBatch::try_from_iter([("score", Arc::new(Float64Array::from(scores)) as ArrayRef)]).unwrap()
}

/// A copy of the buffers.
pub fn copy_numbers(rows: &RecordBatch) -> RecordBatch {
    let ids = rows.column(0).as_primitive::<Int64Type>().values().to_vec();
    let amounts = rows.column(1).as_primitive::<Float64Type>().values().to_vec();
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(ids)), Arc::new(Float64Array::from(amounts))];
    batch(rows, columns)
}

/// A copy of the buffers, which are not looked at.
pub fn copy_texts(rows: &RecordBatch) -> RecordBatch {
    let texts = rows.column(0).as_string::<i32>();
    let (offsets, values) = (texts.value_offsets().to_vec(), texts.values().to_vec());
    // SAFETY: the buffers of a valid array.
    let texts = unsafe {
        let offsets = OffsetBuffer::new_unchecked(ScalarBuffer::from(offsets));
        StringArray::new_unchecked(offsets, values.into(), None)
    };
    batch(rows, vec![Arc::new(texts)])
}
