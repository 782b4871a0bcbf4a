//! The filter as a node of a DataFusion plan.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::ScalarValue;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::TaskContext;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::expressions::{binary, col, lit};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::filter::FilterExec;
use futures::StreamExt;
use sandglass::transform::{Guests, Letters, Transform, plan};
use sandglass_runtime::{Component, GuestThreads};
use tokio::sync::Semaphore;

use super::data::LIMIT;
use super::guest;

pub fn guests() -> Guests {
    Guests {
        threads: Arc::new(GuestThreads::new(2).unwrap()),
        slots: Arc::new(Semaphore::new(4)),
        log: Arc::new(|_, _, _| {}),
    }
}

fn source(batches: &[RecordBatch]) -> Arc<dyn ExecutionPlan> {
    let schema = batches[0].schema();
    MemorySourceConfig::try_new_exec(&[batches.to_vec()], schema, None).unwrap()
}

/// The expression of a DataFusion user.
pub fn by_expression(batches: &[RecordBatch]) -> Arc<dyn ExecutionPlan> {
    let source = source(batches);
    let schema = source.schema();
    let limit = lit(ScalarValue::Float64(Some(LIMIT)));
    let dear = binary(col("amount", &schema).unwrap(), Operator::Gt, limit, &schema).unwrap();
    Arc::new(FilterExec::try_new(dear, source).unwrap())
}

/// The guest.
pub fn by_guest(batches: &[RecordBatch], component: &Component, guests: &Guests) -> Arc<dyn ExecutionPlan> {
    let transform = Transform {
        component: component.clone(),
        contract: component.contract("filter").unwrap().clone(),
        context: guest::context(component, "filter"),
        limits: guest::limits(),
        guests: guests.clone(),
        label: "filter".to_owned(),
        letters: Letters::new(0),
        time_columns: vec!["timestamp".to_owned()],
    };
    plan(transform, vec![source(batches)], 1).unwrap()
}

/// Runs a plan of one partition.
pub async fn run(plan: &Arc<dyn ExecutionPlan>, mut out: impl FnMut(RecordBatch)) {
    let mut stream = plan.execute(0, Arc::new(TaskContext::default())).unwrap();
    while let Some(batch) = stream.next().await {
        out(batch.unwrap());
    }
}
