use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties, Partitioning};

use super::exec::{NormalizeExec, SourceCounts};
use super::metrics::ScanMetrics;

/// The scan of a source for one job.
pub struct SourceScan {
    /// Rows in their wanted shape.
    pub plan: Arc<dyn ExecutionPlan>,
    /// What was left out before anything was opened.
    pub left_out: ScanMetrics,
    parts: Vec<Arc<NormalizeExec>>,
}

/// Scans that are smaller are not worth threads of their own.
const SMALL_BYTES: u64 = 1 << 20;

impl SourceScan {
    /// The scans of files that differ, as one of at most so many partitions.
    pub(super) fn new(
        schema: &SchemaRef,
        parts: Vec<Arc<NormalizeExec>>,
        left_out: ScanMetrics,
        partitions: usize,
    ) -> Result<Self, DataFusionError> {
        let mut plans: Vec<Arc<dyn ExecutionPlan>> = parts.iter().map(|part| Arc::clone(part) as _).collect();
        let plan = match (plans.pop(), plans.is_empty()) {
            (None, _) => Arc::new(EmptyExec::new(Arc::clone(schema))),
            (Some(only), true) => only,
            (Some(last), false) => {
                plans.push(last);
                let union = UnionExec::try_new(plans)?;
                match union.output_partitioning().partition_count() > partitions {
                    true => Arc::new(RepartitionExec::try_new(
                        union,
                        Partitioning::RoundRobinBatch(partitions),
                    )?),
                    false => union,
                }
            }
        };
        Ok(Self { plan, left_out, parts })
    }

    /// What has been read so far.
    pub fn counts(&self) -> SourceCounts {
        let mut total = SourceCounts::default();
        self.parts.iter().for_each(|part| total.add(&part.counts()));
        total
    }
}

/// Spreads the batches of a large scan that could not be divided.
pub(super) fn spread(
    plan: Arc<dyn ExecutionPlan>,
    bytes: u64,
    partitions: usize,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    if bytes < SMALL_BYTES || plan.output_partitioning().partition_count() >= partitions {
        return Ok(plan);
    }
    Ok(Arc::new(RepartitionExec::try_new(
        plan,
        Partitioning::RoundRobinBatch(partitions),
    )?))
}
