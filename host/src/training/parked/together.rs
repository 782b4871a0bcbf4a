use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use datafusion::common::Result;

use crate::training::ROWS_MAX;

/// A batch of more bytes is handed on as it came.
const BYTES_MAX: usize = 1 << 20;

/// The same rows in fewer batches. What has been handed on is let go.
pub(in crate::training) fn together(
    batches: Vec<RecordBatch>,
    schema: &SchemaRef,
) -> impl Iterator<Item = Result<RecordBatch>> + use<> {
    let schema = schema.clone();
    let mut batches = batches.into_iter().peekable();
    std::iter::from_fn(move || {
        let first = batches.next()?;
        let (mut rows, mut bytes) = (first.num_rows(), first.get_array_memory_size());
        let mut some = vec![first];
        while let Some(more) = batches.next_if(|more| {
            rows += more.num_rows();
            bytes += more.get_array_memory_size();
            rows <= ROWS_MAX && bytes <= BYTES_MAX
        }) {
            some.push(more);
        }
        match <[RecordBatch; 1]>::try_from(some) {
            Ok([batch]) => Some(Ok(batch)),
            Err(some) => Some(concat_batches(&schema, &some).map_err(Into::into)),
        }
    })
}
