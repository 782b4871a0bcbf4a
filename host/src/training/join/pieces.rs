//! Large batches in pieces: a sort sets twice a batch's size aside before it can spill anything, and states may be large.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::execution_plan::{ChildrenPropertiesMode, ReplaceChildrenOptions};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt, TryStreamExt};

/// Bytes of a batch, unless one row has more.
const BYTES_MAX: usize = 2 << 20;

/// Hands rows on in batches of at most [`BYTES_MAX`].
pub(super) struct PiecesExec {
    input: Arc<dyn ExecutionPlan>,
}

impl PiecesExec {
    pub(super) fn new(input: Arc<dyn ExecutionPlan>) -> Self {
        Self { input }
    }
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

impl fmt::Debug for PiecesExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PiecesExec").finish_non_exhaustive()
    }
}

impl DisplayAs for PiecesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PiecesExec: bytes={BYTES_MAX}")
    }
}

impl ExecutionPlan for PiecesExec {
    fn name(&self) -> &str {
        "PiecesExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        children: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] = <[_; 1]>::try_from(children)
            .map_err(|children| DataFusionError::Internal(format!("{} children of PiecesExec", children.len())))?;
        Ok(Arc::new(Self { input }))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let input = self.input.execute(partition, context)?;
        let schema = input.schema();
        let rows = input
            .map(|batch| Ok::<_, DataFusionError>(futures::stream::iter(pieces(batch?)?).map(Ok)))
            .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
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
