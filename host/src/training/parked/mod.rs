//! Rows that wait for others: in memory as far as a plan's budget goes, and on the disk beyond it. They wait twice, before the join until
//! all rows of their key are there, and behind it until those that come before them in the spine are.

mod budget;
mod plain;
mod spill;
mod together;

pub(super) use budget::{Budget, Share};
pub(super) use plain::{plain, shaped};
pub(super) use spill::Spill;
pub(super) use together::together;

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::TaskContext;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::{StreamExt, TryStreamExt};

/// Hands on all rows of all partitions. As many of them as there are threads are run at once, each in a task; one that has not begun takes
/// no memory. Of fewer partitions several batches are handed on at once, each in a task.
pub(super) async fn drain<F>(input: Arc<dyn ExecutionPlan>, context: Arc<TaskContext>, each: F) -> Result<()>
where
    F: Fn(RecordBatch) -> Result<()> + Clone + Send + Sync + 'static,
{
    let at_once = context.session_config().target_partitions().max(1);
    let partitions = input.output_partitioning().partition_count();
    let batches_at_once = at_once / partitions.max(1);
    let tasks = futures::stream::iter(0..partitions).map(|partition| {
        let (rows, each) = (input.execute(partition, Arc::clone(&context)), each.clone());
        async move {
            let mut rows = rows?;
            let all = async move {
                if batches_at_once > 1 {
                    let tasks = rows.map(|batch| {
                        let each = each.clone();
                        async move { done(SpawnedTask::spawn(async move { each(batch?) })).await }
                    });
                    return tasks.buffer_unordered(batches_at_once).try_collect().await;
                }
                while let Some(batch) = rows.next().await {
                    each(batch?)?;
                }
                Ok(())
            };
            done(SpawnedTask::spawn(all)).await
        }
    });
    tasks.buffer_unordered(at_once).try_collect().await
}

/// What a task came to. It ends when this is dropped.
pub(super) async fn done<T: 'static>(task: SpawnedTask<Result<T>>) -> Result<T> {
    let done = task.join_unwind().await;
    done.map_err(|error| DataFusionError::External(Box::new(error)))?
}
