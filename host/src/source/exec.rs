use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::StreamExt;

use super::error::SourceError;
use super::shape::Shape;
use crate::error::cause;
use crate::storage::StorageError;

/// Rows of a scan in their wanted shape, and what became of the others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct SourceCounts {
    /// Rows that the scan read.
    pub rows_read: u64,
    /// Rows handed on.
    pub rows: u64,
    /// Dropped for a null in a key.
    pub null_keys: u64,
    /// Dropped for a null time.
    pub null_times: u64,
    /// Dropped for a time outside of the years 0001 to 9999.
    pub unrepresentable_times: u64,
    /// Handed on with a fraction of a microsecond cut off.
    pub floored_times: u64,
}

impl SourceCounts {
    /// Adds up two scans.
    pub fn add(&mut self, other: &Self) {
        let Self {
            rows_read,
            rows,
            null_keys,
            null_times,
            unrepresentable_times,
            floored_times,
        } = other;
        self.rows_read += rows_read;
        self.rows += rows;
        self.null_keys += null_keys;
        self.null_times += null_times;
        self.unrepresentable_times += unrepresentable_times;
        self.floored_times += floored_times;
    }
}

/// Brings the rows of a scan into their wanted [`Shape`].
pub struct NormalizeExec {
    source: String,
    shape: Arc<Shape>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl NormalizeExec {
    /// The node for a scan that reads the shape's projection.
    pub fn new(source: String, shape: Arc<Shape>, input: Arc<dyn ExecutionPlan>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(shape.schema())),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            source,
            shape,
            input,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// What has been read so far.
    pub fn counts(&self) -> SourceCounts {
        let metrics = self.metrics.clone_inner();
        let sum = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize() as u64);
        SourceCounts {
            rows_read: sum("rows_read"),
            rows: sum("rows"),
            null_keys: sum("null_keys"),
            null_times: sum("null_times"),
            unrepresentable_times: sum("unrepresentable_times"),
            floored_times: sum("floored_times"),
        }
    }
}

impl fmt::Debug for NormalizeExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NormalizeExec")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for NormalizeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NormalizeExec: source={}", self.source)
    }
}

impl ExecutionPlan for NormalizeExec {
    fn name(&self) -> &str {
        "NormalizeExec"
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
            .map_err(|children| DataFusionError::Internal(format!("{} children of NormalizeExec", children.len())))?;
        Ok(Arc::new(Self::new(self.source.clone(), Arc::clone(&self.shape), input)))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let counter = |name: &'static str| MetricBuilder::new(&self.metrics).counter(name, partition);
        let (rows_read, rows) = (counter("rows_read"), counter("rows"));
        let (null_keys, null_times) = (counter("null_keys"), counter("null_times"));
        let (unrepresentable, floored) = (counter("unrepresentable_times"), counter("floored_times"));
        let shape = Arc::clone(&self.shape);
        let source = self.source.clone();
        let shaped = self.input.execute(partition, context)?.map(move |batch| {
            let batch = batch.map_err(|error| named(&source, error))?;
            let (shaped, dropped) = shape.apply(&batch).map_err(|error| {
                let source_name = source.clone();
                DataFusionError::External(Box::new(SourceError::Rows {
                    source_name,
                    problem: error.message,
                }))
            })?;
            let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            rows_read.add(batch.num_rows());
            rows.add(shaped.num_rows());
            null_keys.add(count(dropped.null_keys));
            null_times.add(count(dropped.null_times));
            unrepresentable.add(count(dropped.unrepresentable_times));
            floored.add(count(dropped.floored_times));
            Ok(shaped)
        });
        // Nothing behind here has to think about batches without rows.
        let shaped = shaped.filter(|batch| {
            let keep = batch.as_ref().map_or(true, |batch| batch.num_rows() > 0);
            async move { keep }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(self.shape.schema()),
            shaped,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// What a file holds is the data's, not ours: such errors carry the source's name. So do those of objects that cannot be reached.
fn named(source: &str, error: DataFusionError) -> DataFusionError {
    let inner: &(dyn std::error::Error + 'static) = match &error {
        DataFusionError::ObjectStore(inner) => &**inner,
        DataFusionError::ParquetError(inner) => &**inner,
        DataFusionError::ArrowError(inner, _) => &**inner,
        _ => return error,
    };
    let source_name = source.to_owned();
    DataFusionError::External(Box::new(match cause(inner) {
        Some(object) => SourceError::Objects {
            source_name,
            error: StorageError::object("its objects", object),
        },
        None => SourceError::Rows {
            source_name,
            problem: inner.to_string(),
        },
    }))
}
