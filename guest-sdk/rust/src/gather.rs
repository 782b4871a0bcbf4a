//! Rows picked out of a batch, and batches put together.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, make_array};
use arrow_buffer::Buffer;
use arrow_data::ArrayData;
use arrow_data::transform::MutableArrayData;
use arrow_schema::SchemaRef;

use crate::error::{Error, Result};
use crate::schema::width;

/// These rows of a batch.
pub(crate) fn take_rows(batch: &RecordBatch, rows: &[u32]) -> Result<RecordBatch> {
    if let Some(row) = rows.iter().find(|row| **row as usize >= batch.num_rows()) {
        return Err(Error::new(format!(
            "row {row} of a batch of {}",
            batch.num_rows()
        )));
    }
    let columns = batch
        .columns()
        .iter()
        .map(|column| take(column, rows))
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows.len()));
    Ok(RecordBatch::try_new_with_options(
        batch.schema(),
        columns,
        &options,
    )?)
}

/// These rows of a column.
pub(crate) fn take(array: &ArrayRef, rows: &[u32]) -> Result<ArrayRef> {
    let data = array.to_data();
    if data.null_count() == 0
        && let ([values], []) = (data.buffers(), data.child_data())
        && let Ok(width) = width(data.data_type())
    {
        let values = &values.as_slice()[data.offset() * width..];
        let taken = match width {
            1 => fixed::<1>(values, rows),
            2 => fixed::<2>(values, rows),
            4 => fixed::<4>(values, rows),
            8 => fixed::<8>(values, rows),
            16 => fixed::<16>(values, rows),
            _ => return by_copy(&[&data], runs(rows), rows.len()),
        };
        let taken = ArrayData::builder(data.data_type().clone())
            .len(rows.len())
            .add_buffer(taken);
        // SAFETY: one buffer of a value of this fixed width for each row, each a value of the same type, and no nulls. A
        // buffer that is not aligned for its type is copied to one that is.
        let taken = unsafe { taken.align_buffers(true).build_unchecked() };
        return Ok(make_array(taken));
    }
    by_copy(&[&data], runs(rows), rows.len())
}

/// Eight side by side: a guest's deadline is looked at once in each round.
pub(crate) fn fixed<const WIDTH: usize>(values: &[u8], rows: &[u32]) -> Buffer {
    let (values, _) = values.as_chunks::<WIDTH>();
    let mut taken: Vec<[u8; WIDTH]> = Vec::with_capacity(rows.len());
    let (eights, rest) = rows.as_chunks::<8>();
    for eight in eights {
        taken.extend_from_slice(&eight.map(|row| values[row as usize]));
    }
    taken.extend(rest.iter().map(|row| values[*row as usize]));
    Buffer::from_vec(taken.into_flattened())
}

/// Neighbouring rows as ranges.
fn runs(rows: &[u32]) -> impl Iterator<Item = (usize, usize, usize)> {
    let runs = rows.chunk_by(|row, next| row.checked_add(1) == Some(*next));
    runs.map(|run| (0, run[0] as usize, run[0] as usize + run.len()))
}

fn by_copy(
    sources: &[&ArrayData],
    parts: impl Iterator<Item = (usize, usize, usize)>,
    rows: usize,
) -> Result<ArrayRef> {
    let mut merged = MutableArrayData::new(sources.to_vec(), false, rows);
    for (source, start, end) in parts {
        merged.try_extend(source, start, end)?;
    }
    Ok(make_array(merged.freeze()))
}

/// One array of several, of one type.
pub(crate) fn concatenate_arrays(parts: &[ArrayRef]) -> Result<ArrayRef> {
    if let [only] = parts {
        return Ok(Arc::clone(only));
    }
    let data: Vec<_> = parts.iter().map(|part| part.to_data()).collect();
    let ranges = data
        .iter()
        .enumerate()
        .map(|(index, data)| (index, 0, data.len()));
    let rows = data.iter().map(ArrayData::len).sum();
    by_copy(&data.iter().collect::<Vec<_>>(), ranges, rows)
}

/// One batch of none, one or several.
pub(crate) fn concatenate(schema: &SchemaRef, parts: &[RecordBatch]) -> Result<RecordBatch> {
    match parts {
        [] => Ok(RecordBatch::new_empty(Arc::clone(schema))),
        [only] => Ok(only.clone()),
        _ => {
            let columns = (0..schema.fields().len())
                .map(|index| {
                    let parts: Vec<_> = parts
                        .iter()
                        .map(|part| Arc::clone(part.column(index)))
                        .collect();
                    concatenate_arrays(&parts)
                })
                .collect::<Result<Vec<_>>>()?;
            Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prelude::*;

    #[test]
    fn rows_of_every_width() {
        let batch = testing::batch([
            ("a", array(Int64Array::from(vec![1, 2, 3, 4]))),
            ("b", array(StringArray::from(vec!["a", "bb", "", "dd"]))),
            (
                "c",
                array(Float64Array::from(vec![Some(1.0), None, Some(3.0), None])),
            ),
            (
                "d",
                array(BooleanArray::from(vec![true, false, false, true])),
            ),
            ("e", array(Int32Array::from(vec![1, 2, 3, 4]))),
        ]);
        let taken = take_rows(&batch.slice(1, 3), &[0, 2]).unwrap();
        assert_eq!(taken.int64("a").unwrap().values(), &[2, 4]);
        assert_eq!(
            taken.utf8("b").unwrap(),
            &StringArray::from(vec!["bb", "dd"])
        );
        assert_eq!(taken.float64("c").unwrap().null_count(), 2);
        assert_eq!(
            taken.boolean("d").unwrap(),
            &BooleanArray::from(vec![false, true])
        );
        assert_eq!(taken.int32("e").unwrap().values(), &[2, 4]);
        assert!(take_rows(&batch, &[4]).is_err());
    }

    #[test]
    fn batches_together() {
        let batch = |values: Vec<i64>| testing::batch([("a", array(Int64Array::from(values)))]);
        let (first, second) = (batch(vec![1, 2]), batch(vec![3]));
        let all = concatenate(&first.schema(), &[first.clone(), second]).unwrap();
        assert_eq!(all.int64("a").unwrap().values(), &[1, 2, 3]);
        assert_eq!(concatenate(&first.schema(), &[]).unwrap().num_rows(), 0);
    }
}
