use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::streaming::PartitionStream;

use super::File;
use crate::training::TrainingError;

/// Batches that wait to be taken.
const BATCHES_AHEAD: usize = 2;

/// The rows of a spine, read by one thread from the first to the last. May be run again and again.
pub(super) struct Rows {
    pub(super) file: Arc<File>,
    /// Whether the spine's own columns are handed on beside ours.
    pub(super) whole: bool,
}

impl Rows {
    fn schema_ref(&self) -> &SchemaRef {
        match self.whole {
            true => &self.file.layout.whole,
            false => &self.file.layout.ours,
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spine")
            .field("path", &self.file.path)
            .finish_non_exhaustive()
    }
}

impl PartitionStream for Rows {
    fn schema(&self) -> &SchemaRef {
        self.schema_ref()
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let schema = Arc::clone(self.schema_ref());
        let mut stream = RecordBatchReceiverStream::builder(schema, BATCHES_AHEAD);
        let sender = stream.tx();
        let (file, whole) = (Arc::clone(&self.file), self.whole);
        stream.spawn_blocking(move || {
            let send = |batch: Result<RecordBatch, TrainingError>| {
                let batch = batch.map_err(|error| DataFusionError::External(Box::new(error)));
                sender.blocking_send(batch).is_ok()
            };
            // Decoders may panic over a file that is damaged.
            let read = catch_unwind(AssertUnwindSafe(|| file.each(whole, |batch| send(Ok(batch)))));
            match read.unwrap_or_else(|_| Err(TrainingError::spine(&file.path, "it is damaged"))) {
                Ok(()) => {}
                Err(error) => {
                    send(Err(error));
                }
            }
            Ok(())
        });
        stream.build()
    }
}
