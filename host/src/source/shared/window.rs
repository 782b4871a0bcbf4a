use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures::{StreamExt, stream};

use super::segment::Segment;
use crate::time::Interval;

/// The rows of one range.
#[derive(Clone)]
pub struct Window {
    pub(super) schema: SchemaRef,
    pub(super) range: Option<Interval>,
    pub(super) segments: Vec<Arc<Segment>>,
}

impl Window {
    /// The node that hands out its rows, in the order of their time.
    pub fn plan(self) -> Result<Arc<dyn ExecutionPlan>> {
        let schema = Arc::clone(&self.schema);
        let node = StreamingTableExec::try_new(schema, vec![Arc::new(self)], None, [], false, None)?;
        Ok(Arc::new(node))
    }
}

impl fmt::Debug for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Window")
            .field("range", &self.range)
            .field("segments", &self.segments.len())
            .finish_non_exhaustive()
    }
}

impl PartitionStream for Window {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let range = self.range;
        let rows = stream::iter(self.segments.clone())
            .then(move |segment| async move { segment.read(range).await })
            .filter(|batch| {
                let keep = batch.as_ref().map_or(true, |batch| batch.num_rows() > 0);
                async move { keep }
            });
        Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows))
    }
}
