use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::stream::try_unfold;

use super::cursor::Cursor;
use super::exchange::ExchangeExec;
use super::latest::LatestJoin;
use super::pieces::in_pieces;
use super::windowed::WindowedJoin;
use crate::definition::{FeatureView, JoinKey};
use crate::tile::TileSpec;
use crate::time::Span;
use crate::training::parked::Budget;

/// What answers of windows may take in one partition before they are flushed.
const ANSWERS_BYTES: usize = 4 << 20;

/// What is joined to the spine.
#[derive(Debug, Clone)]
pub enum AsOf {
    /// The latest row; the other side is sorted by key, time, and what orders rows beyond it.
    Latest {
        /// The view.
        view: Box<FeatureView>,
        /// How late its rows arrive.
        data_delay: Span,
        /// The columns of its rows that are features.
        features: SchemaRef,
    },
    /// Windows' values; the other side is tiles, sorted as [`TileSpec::sort_columns`] says.
    Windows {
        /// What tiles hold.
        spec: Arc<TileSpec>,
    },
}

impl AsOf {
    /// The columns that are joined.
    fn fields(&self) -> Vec<Field> {
        match self {
            Self::Latest { features, .. } => {
                let fields = features
                    .fields()
                    .iter()
                    .map(|field| field.as_ref().clone().with_nullable(true));
                fields.collect()
            }
            Self::Windows { spec } => spec.fields(),
        }
    }
}

/// How both sides are cut.
#[derive(Debug, Clone)]
pub(in crate::training) struct Arrangement {
    /// Partitions by the keys' hash.
    pub(in crate::training) partitions: usize,
    /// For rows until all of their partition are there.
    pub(in crate::training) budget: Arc<Budget>,
}

/// One side of the join.
#[derive(Debug, Clone)]
pub struct Side {
    /// Its rows, in any order and partitions.
    pub plan: Arc<dyn ExecutionPlan>,
    /// The join keys by the names that their columns have here, in the order of the view's.
    pub keys: Vec<JoinKey>,
    /// What its rows are sorted by behind the keys.
    pub then_by: Vec<String>,
}

impl Side {
    fn ordering(&self) -> Result<Option<LexOrdering>> {
        let options = SortOptions {
            descending: false,
            nulls_first: true,
        };
        let names = self
            .keys
            .iter()
            .map(|key| key.name.as_str())
            .chain(self.then_by.iter().map(String::as_str));
        let schema = self.plan.schema();
        let columns = names.map(|name| Ok(PhysicalSortExpr::new(col(name, &schema)?, options)));
        Ok(LexOrdering::new(columns.collect::<Result<Vec<_>>>()?))
    }

    /// Its rows in partitions by the keys' hash, each sorted; as they are if they come so.
    fn arranged(&self, arrangement: &Arrangement) -> Result<Arc<dyn ExecutionPlan>> {
        let Arrangement { partitions, budget } = arrangement;
        let (schema, partitions) = (self.plan.schema(), *partitions);
        let keys = self.keys.iter().map(|key| col(&key.name, &schema));
        let hash = Partitioning::Hash(keys.collect::<Result<Vec<_>>>()?, partitions);
        let Some(ordering) = self.ordering()? else {
            return Ok(Arc::clone(&self.plan));
        };
        let (found, properties) = (self.plan.output_partitioning(), self.plan.equivalence_properties());
        let is_partitioned = match (found, &hash) {
            (_, _) if partitions == 1 && found.partition_count() == 1 => true,
            (Partitioning::Hash(found, count), Partitioning::Hash(wanted, _)) => {
                *count == partitions && found == wanted
            }
            _ => false,
        };
        if is_partitioned && properties.ordering_satisfy(ordering.iter().cloned())? {
            return Ok(Arc::clone(&self.plan));
        }
        let rows = match is_partitioned {
            true => Arc::clone(&self.plan),
            false => {
                let keys = self.keys.iter().map(|key| key.name.clone());
                let (rows, budget) = (Arc::clone(&self.plan), Arc::clone(budget));
                Arc::new(ExchangeExec::try_new(rows, keys.collect(), partitions, budget)?)
            }
        };
        let rows = in_pieces(rows);
        Ok(Arc::new(SortExec::new(ordering, rows).with_preserve_partitioning(true)))
    }
}

/// Joins a view's values as of each row's time to a spine. Its columns are the spine's, then the features with a prefix.
pub struct PointInTimeExec {
    spine: Arc<dyn ExecutionPlan>,
    other: Arc<dyn ExecutionPlan>,
    spine_keys: Vec<JoinKey>,
    other_keys: Vec<JoinKey>,
    time_column: String,
    as_of: AsOf,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl PointInTimeExec {
    /// Joins `other` to `spine`, whose times are in `time_column`. The features' columns are named by `name`.
    pub(in crate::training) fn try_new(
        spine: Side,
        other: Side,
        time_column: &str,
        as_of: AsOf,
        name: impl Fn(&str) -> String,
        arrangement: &Arrangement,
    ) -> Result<Self> {
        let (left, right) = (spine.arranged(arrangement)?, other.arranged(arrangement)?);
        let fields = as_of.fields().into_iter().map(|field| {
            let name = name(field.name());
            Arc::new(field.with_name(name))
        });
        let schema = Arc::new(Schema::new(
            left.schema().fields().iter().cloned().chain(fields).collect::<Vec<_>>(),
        ));
        Ok(Self::assemble(
            left,
            right,
            spine.keys,
            other.keys,
            time_column.to_owned(),
            as_of,
            schema,
        ))
    }

    fn assemble(
        spine: Arc<dyn ExecutionPlan>,
        other: Arc<dyn ExecutionPlan>,
        spine_keys: Vec<JoinKey>,
        other_keys: Vec<JoinKey>,
        time_column: String,
        as_of: AsOf,
        schema: SchemaRef,
    ) -> Self {
        // The spine's columns keep their places, so what orders and partitions it holds here, too.
        let orderings = spine.equivalence_properties().oeq_class().iter().cloned();
        let equivalence = EquivalenceProperties::new_with_orderings(Arc::clone(&schema), orderings);
        let properties = PlanProperties::new(
            equivalence,
            spine.output_partitioning().clone(),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            spine,
            other,
            spine_keys,
            other_keys,
            time_column,
            as_of,
            schema,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// Results that did not fit their type and are null, once the rows are out.
    pub fn overflows(&self) -> u64 {
        let metrics = self.metrics.clone_inner();
        metrics
            .sum_by_name("overflows")
            .map_or(0, |value| value.as_usize() as u64)
    }
}

impl fmt::Debug for PointInTimeExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PointInTimeExec")
            .field("keys", &self.spine_keys)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for PointInTimeExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys: Vec<&str> = self.spine_keys.iter().map(|key| key.name.as_str()).collect();
        let kind = match &self.as_of {
            AsOf::Latest { .. } => "latest",
            AsOf::Windows { .. } => "windows",
        };
        write!(
            f,
            "PointInTimeExec: {kind}, keys={}, time={}",
            keys.join(","),
            self.time_column
        )
    }
}

enum Join {
    Latest(Box<LatestJoin>),
    Windowed(Box<WindowedJoin>),
}

impl ExecutionPlan for PointInTimeExec {
    fn name(&self) -> &str {
        "PointInTimeExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.spine, &self.other]
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true, false]
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
        let [spine, other] = <[_; 2]>::try_from(children)
            .map_err(|children| DataFusionError::Internal(format!("{} children of PointInTimeExec", children.len())))?;
        Ok(Arc::new(Self::assemble(
            spine,
            other,
            self.spine_keys.clone(),
            self.other_keys.clone(),
            self.time_column.clone(),
            self.as_of.clone(),
            Arc::clone(&self.schema),
        )))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let spine = Cursor::new(
            self.spine.execute(partition, Arc::clone(&context))?,
            self.spine_keys.clone(),
        );
        let other = Cursor::new(
            self.other.execute(partition, Arc::clone(&context))?,
            self.other_keys.clone(),
        );
        let time_column = self.time_column.clone();
        let join = match &self.as_of {
            AsOf::Latest {
                view,
                data_delay,
                features,
            } => {
                let (view, features) = (view.as_ref().clone(), Arc::clone(features));
                Join::Latest(Box::new(LatestJoin::new(
                    view,
                    *data_delay,
                    features,
                    time_column,
                    spine,
                    other,
                )))
            }
            AsOf::Windows { spec } => {
                let memory =
                    MemoryConsumer::new(format!("PointInTimeExec[{partition}]")).register(context.memory_pool());
                // Also where sorts of other partitions have taken everything: they give nothing back to others.
                memory.grow(ANSWERS_BYTES);
                let spec = Arc::clone(spec);
                Join::Windowed(Box::new(WindowedJoin::new(spec, time_column, spine, other, memory)))
            }
        };
        let overflows = MetricBuilder::new(&self.metrics).counter("overflows", partition);
        let schema = Arc::clone(&self.schema);
        let rows = try_unfold((join, overflows), move |(mut join, overflows)| {
            let schema = Arc::clone(&schema);
            async move {
                let next = match &mut join {
                    Join::Latest(join) => join.next().await?,
                    Join::Windowed(join) => join.next().await?,
                };
                let Some((batch, features, overflowed)) = next else {
                    return Ok(None);
                };
                overflows.add(usize::try_from(overflowed).unwrap_or(usize::MAX));
                let columns = batch.columns().iter().cloned().chain(features).collect();
                let batch = RecordBatch::try_new(schema, columns)?;
                Ok::<_, DataFusionError>(Some((batch, (join, overflows))))
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(Arc::clone(&self.schema), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
