use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions};
use arrow::buffer::BooleanBuffer;
use arrow::compute::{CastOptions, cast_with_options, filter_record_batch};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::StreamExt;
use serde::Serialize;

use crate::time::{Interval, Timestamp};

/// Rows that a job made and that are not written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct CutCounts {
    /// Their time lies outside of the job's interval.
    pub outside_interval: u64,
    /// A part of their key is null.
    pub null_keys: u64,
    /// Their time is null.
    pub null_times: u64,
}

/// What a job's rows are held to.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    /// The columns as they are stored; those of the input have the same names in the same order.
    pub(super) schema: SchemaRef,
    pub(super) time_column: String,
    pub(super) keys: Vec<String>,
    pub(super) interval: Interval,
}

impl Cut {
    fn apply(&self, batch: &RecordBatch) -> std::result::Result<(RecordBatch, CutCounts), String> {
        let options = CastOptions {
            safe: false,
            ..CastOptions::default()
        };
        let columns: Vec<ArrayRef> = self
            .schema
            .fields()
            .iter()
            .zip(batch.columns())
            .map(|(field, column)| {
                if column.data_type() == field.data_type() {
                    return Ok(Arc::clone(column));
                }
                cast_with_options(column, field.data_type(), &options)
                    .map_err(|error| format!("column `{}`: {error}", field.name()))
            })
            .collect::<std::result::Result<_, _>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        let batch = RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)
            .map_err(|error| error.to_string())?;
        let times = batch
            .column_by_name(&self.time_column)
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
            .ok_or("no time column")?;
        let key_nulls: Vec<_> = self
            .keys
            .iter()
            .filter_map(|key| batch.column_by_name(key)?.nulls())
            .collect();
        let mut counts = CutCounts::default();
        let keep = BooleanBuffer::collect_bool(batch.num_rows(), |row| {
            if times.is_null(row) {
                counts.null_times += 1;
                false
            } else if !self.interval.contains(Timestamp::from_micros(times.value(row))) {
                counts.outside_interval += 1;
                false
            } else if key_nulls.iter().any(|nulls| nulls.is_null(row)) {
                counts.null_keys += 1;
                false
            } else {
                true
            }
        });
        if keep.count_set_bits() == batch.num_rows() {
            return Ok((batch, counts));
        }
        let cut = filter_record_batch(&batch, &BooleanArray::new(keep, None)).map_err(|error| error.to_string())?;
        Ok((cut, counts))
    }
}

/// Holds a job's rows to its interval, its keys and the stored types, and counts what it drops.
pub(super) struct CutExec {
    cut: Arc<Cut>,
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl CutExec {
    pub(super) fn new(cut: Arc<Cut>, input: Arc<dyn ExecutionPlan>) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&cut.schema)),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            cut,
            input,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    pub(super) fn counts(&self) -> CutCounts {
        let metrics = self.metrics.clone_inner();
        let sum = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize() as u64);
        CutCounts {
            outside_interval: sum("outside_interval"),
            null_keys: sum("null_keys"),
            null_times: sum("null_times"),
        }
    }
}

impl fmt::Debug for CutExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CutExec")
            .field("interval", &self.cut.interval)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for CutExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CutExec: interval={}", self.cut.interval)
    }
}

impl ExecutionPlan for CutExec {
    fn name(&self) -> &str {
        "CutExec"
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
            .map_err(|children| DataFusionError::Internal(format!("{} children of CutExec", children.len())))?;
        Ok(Arc::new(Self::new(Arc::clone(&self.cut), input)))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let options =
            ReplaceChildrenOptions::new(datafusion::physical_plan::execution_plan::ChildrenPropertiesMode::Recompute);
        self.replace_children(children, options)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let counter = |name: &'static str| MetricBuilder::new(&self.metrics).counter(name, partition);
        let (outside, null_keys, null_times) =
            (counter("outside_interval"), counter("null_keys"), counter("null_times"));
        let cut = Arc::clone(&self.cut);
        let rows = self.input.execute(partition, context)?.map(move |batch| {
            let (batch, counts) = cut.apply(&batch?).map_err(DataFusionError::Execution)?;
            let count = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
            outside.add(count(counts.outside_interval));
            null_keys.add(count(counts.null_keys));
            null_times.add(count(counts.null_times));
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.cut.schema),
            rows,
        )))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
