use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::execution::context::TaskContext;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{ExecutionPlan, SendableRecordBatchStream};

/// The same rows by time, and so by partition; what does not fit into the task's memory pool is spilled.
pub(super) fn sort_by_time(
    time_column: &str,
    rows: SendableRecordBatchStream,
    task: Arc<TaskContext>,
) -> Result<SendableRecordBatchStream, DataFusionError> {
    let schema = rows.schema();
    let column = Column::new_with_schema(time_column, &schema)?;
    let options = SortOptions {
        descending: false,
        nulls_first: true,
    };
    let ordering = LexOrdering::new([PhysicalSortExpr::new(Arc::new(column), options)])
        .expect("an ordering by one column is not empty");
    let once = Arc::new(Once {
        schema: schema.clone(),
        rows: Mutex::new(Some(rows)),
    });
    let input = StreamingTableExec::try_new(schema, vec![once], None, [], false, None)?;
    SortExec::new(ordering, Arc::new(input)).execute(0, task)
}

/// A stream as the leaf of a plan that runs once.
struct Once {
    schema: SchemaRef,
    rows: Mutex<Option<SendableRecordBatchStream>>,
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Once")
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.take().expect("the plan is made here and run once")
    }
}
