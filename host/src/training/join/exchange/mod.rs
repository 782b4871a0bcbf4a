mod buckets;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};
use futures::future::{BoxFuture, Shared};
use futures::{FutureExt, TryStreamExt};

use buckets::Buckets;

use crate::training::parked::{Budget, drain};

/// All rows of its input, and the error that they ended with.
type Filled = Shared<BoxFuture<'static, Result<Arc<Buckets>, Arc<DataFusionError>>>>;

/// The rows of a plan in partitions by the hash of their key. There may be many more partitions than threads: one that has not begun takes
/// no memory but that of its rows, and small ones are sorted in the processor's cache. DataFusion's exchange holds up to a batch of rows for
/// each partition that it counts nowhere, which would be too much for so many.
pub(super) struct ExchangeExec {
    input: Arc<dyn ExecutionPlan>,
    keys: Vec<String>,
    budget: Arc<Budget>,
    partitions: usize,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    filled: Mutex<Option<Filled>>,
}

impl ExchangeExec {
    pub(super) fn try_new(
        input: Arc<dyn ExecutionPlan>,
        keys: Vec<String>,
        partitions: usize,
        budget: Arc<Budget>,
    ) -> Result<Self> {
        let schema = input.schema();
        let columns = keys.iter().map(|key| col(key, &schema));
        let partitioning = Partitioning::Hash(columns.collect::<Result<_>>()?, partitions);
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema),
            partitioning,
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Ok(Self {
            input,
            keys,
            budget,
            partitions,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
            filled: Mutex::new(None),
        })
    }

    /// What fills the buckets, as soon as a partition waits for it.
    fn filled(&self, context: &Arc<TaskContext>) -> Filled {
        let mut filled = self.filled.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = filled.get_or_insert_with(|| {
            let schema = self.schema();
            let keys = self.keys.clone();
            let buckets = Buckets::new(&schema, keys, self.partitions, &self.budget, context, &self.metrics);
            let (buckets, input, context) = (Arc::new(buckets), Arc::clone(&self.input), Arc::clone(context));
            let fill = async move {
                let into = Arc::clone(&buckets);
                drain(input, context, move |batch| into.put(batch)).await?;
                Ok(buckets)
            };
            fill.boxed().shared()
        });
        filled.clone()
    }
}

impl fmt::Debug for ExchangeExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeExec")
            .field("keys", &self.keys)
            .field("partitions", &self.partitions)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for ExchangeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "ExchangeExec: keys={}, partitions={}",
            self.keys.join(","),
            self.partitions
        )
    }
}

impl ExecutionPlan for ExchangeExec {
    fn name(&self) -> &str {
        "ExchangeExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
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
            .map_err(|children| DataFusionError::Internal(format!("{} children of ExchangeExec", children.len())))?;
        let (keys, budget) = (self.keys.clone(), Arc::clone(&self.budget));
        Ok(Arc::new(Self::try_new(input, keys, self.partitions, budget)?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    /// Each partition once.
    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition >= self.partitions {
            return internal_err!("partition {partition} of ExchangeExec, which has {}", self.partitions);
        }
        let filled = self.filled(&context);
        let rows = async move {
            let buckets = filled.await.map_err(DataFusionError::Shared)?;
            Ok::<_, DataFusionError>(futures::stream::iter(buckets.take(partition)?))
        };
        let rows = futures::stream::once(rows).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
