//! Large batches in pieces: a sort sets twice a batch's size aside before it can spill anything, and states may be large.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use datafusion::common::Result;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt};

use super::through::ThroughExec;

/// Bytes of a batch, unless one row has more.
const BYTES_MAX: usize = 2 << 20;

/// The rows of a plan in batches of at most [`BYTES_MAX`].
pub(super) fn in_pieces(input: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    let through = |input: SendableRecordBatchStream| {
        let schema = input.schema();
        let rows = input
            .map(|batch| pieces(batch?).map(|pieces| futures::stream::iter(pieces).map(Ok)))
            .try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(schema, rows)) as SendableRecordBatchStream
    };
    let shown = format!("bytes={BYTES_MAX}");
    Arc::new(ThroughExec::new("PiecesExec", shown, input, Arc::new(through)))
}

/// The batch, or copies of its parts: a slice would hold on to all of it.
fn pieces(batch: RecordBatch) -> Result<Vec<RecordBatch>> {
    if batch.get_array_memory_size() <= BYTES_MAX {
        return Ok(vec![batch]);
    }
    let mut pieces = Vec::new();
    let mut left = vec![(0, batch.num_rows())];
    while let Some((start, rows)) = left.pop() {
        let slice = batch.slice(start, rows);
        let bytes = slice
            .columns()
            .iter()
            .map(|column| column.to_data().get_slice_memory_size());
        let bytes: usize = bytes.sum::<std::result::Result<_, _>>()?;
        if bytes > BYTES_MAX && rows > 1 {
            let half = rows / 2;
            left.extend([(start + half, rows - half), (start, half)]);
        } else {
            let all: UInt64Array = (0..rows as u64).collect();
            pieces.push(take_record_batch(&slice, &all)?);
        }
    }
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, BinaryArray, Int64Array};
    use arrow::compute::concat_batches;

    use super::*;

    #[test]
    fn pieces_are_the_batch_and_small() {
        let sizes = [10, BYTES_MAX * 3, 5, BYTES_MAX / 2, BYTES_MAX / 2, 0, BYTES_MAX + 1, 7];
        let bytes: BinaryArray = sizes.iter().map(|size| Some(vec![1_u8; *size])).collect();
        let numbers = Int64Array::from_iter_values(0..sizes.len() as i64);
        let columns: [(&str, ArrayRef); 2] = [("bytes", Arc::new(bytes)), ("number", Arc::new(numbers))];
        let batch = RecordBatch::try_from_iter(columns).expect("columns of one length");
        let pieces = pieces(batch.clone()).expect("cut");
        for piece in &pieces {
            assert!(piece.num_rows() == 1 || piece.get_array_memory_size() < BYTES_MAX + 4096);
        }
        assert!(pieces.len() > 4);
        assert_eq!(concat_batches(&batch.schema(), &pieces).expect("of one schema"), batch);
        assert_eq!(super::pieces(batch.slice(7, 1)).expect("cut").len(), 1);
    }
}
