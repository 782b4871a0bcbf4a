//! Rows back in the order of the spine. Nothing is compared, as a row's place is known: rows are dealt into ranges of places as they
//! come, which goes through each batch once, and when all are in each range is put in order by itself. What does not fit
//! the memory is on the disk by then, every range's rows together, so that nothing has to be merged.

mod dealt;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::common::runtime::SpawnedTask;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::{StreamExt, TryStreamExt};

use dealt::{Dealt, Ranges};

use super::parked::{Budget, done, drain};

/// The rows of all partitions of a plan in one, in the order of their places.
pub(super) struct InOrderExec {
    input: Arc<dyn ExecutionPlan>,
    /// The column with the places, which are all from 0 to below `rows`.
    place: String,
    rows: u64,
    budget: Arc<Budget>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl InOrderExec {
    /// The plan itself if its rows come so.
    pub(super) fn of(
        input: Arc<dyn ExecutionPlan>,
        place: &str,
        rows: u64,
        budget: &Arc<Budget>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let is_in_order = input.equivalence_properties().ordering_satisfy([by(place, &input)?])?;
        match is_in_order && input.output_partitioning().partition_count() == 1 {
            true => Ok(input),
            false => Ok(Arc::new(Self::try_new(input, place, rows, Arc::clone(budget))?)),
        }
    }

    fn try_new(input: Arc<dyn ExecutionPlan>, place: &str, rows: u64, budget: Arc<Budget>) -> Result<Self> {
        let schema = input.schema();
        let by_place = by(place, &input)?;
        let orderings = LexOrdering::new([by_place]);
        let properties = PlanProperties::new(
            EquivalenceProperties::new_with_orderings(schema, orderings),
            Partitioning::UnknownPartitioning(1),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        Ok(Self {
            input,
            place: place.to_owned(),
            rows,
            budget,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl fmt::Debug for InOrderExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InOrderExec")
            .field("place", &self.place)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for InOrderExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InOrderExec: place={}, rows={}", self.place, self.rows)
    }
}

impl ExecutionPlan for InOrderExec {
    fn name(&self) -> &str {
        "InOrderExec"
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
            .map_err(|children| DataFusionError::Internal(format!("{} children of InOrderExec", children.len())))?;
        Ok(Arc::new(Self::try_new(
            input,
            &self.place,
            self.rows,
            Arc::clone(&self.budget),
        )?))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("partition {partition} of InOrderExec, which has one");
        }
        let schema = self.schema();
        let ranges = Ranges::new(self.rows, schema.index_of(&self.place)?);
        let dealt = Arc::new(Dealt::new(&schema, ranges, &self.budget, &context, &self.metrics));
        let input = Arc::clone(&self.input);
        let rows = futures::stream::once(async move {
            let into = Arc::clone(&dealt);
            drain(input, context, move |batch| into.deal(batch)).await?;
            let in_order = Arc::new(dealt.finish());
            let ahead = in_order.ahead();
            let each = futures::stream::iter(0..ranges.count()).map(move |range| {
                let in_order = Arc::clone(&in_order);
                done(SpawnedTask::spawn_blocking(move || in_order.range(range)))
            });
            let batches = each.buffered(ahead);
            Ok::<_, DataFusionError>(
                batches
                    .map_ok(|batches| futures::stream::iter(batches).map(Ok))
                    .try_flatten(),
            )
        })
        .try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

fn by(place: &str, input: &Arc<dyn ExecutionPlan>) -> Result<PhysicalSortExpr> {
    Ok(PhysicalSortExpr::new(
        col(place, &input.schema())?,
        SortOptions::default(),
    ))
}
