use std::fmt;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, ReplaceChildrenOptions};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, Gauge, MetricBuilder, MetricsSet, Time};
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use sandglass_runtime::{Component, Context, Contract, GuestThreads, Limits, Run, RunError, Scope, Usage};
use tokio::sync::Semaphore;
use tokio::sync::mpsc::Sender;

use super::budget::PoolBudget;
use super::drive::Driver;
use super::letters::Letters;
use super::steps::{Rows, StepError, Stepper, TransformError, on_guest_thread};

/// Where guests' log messages go: label, level, message.
pub type Log = Arc<dyn Fn(&str, &str, &str) + Send + Sync>;

/// Where guests run and what they share.
#[derive(Clone)]
pub struct Guests {
    /// Their threads.
    pub threads: Arc<GuestThreads>,
    /// One permit for each run that the engine has room for.
    pub slots: Arc<Semaphore>,
    /// Where their log messages go.
    pub log: Log,
}

/// Everything that a run needs beside its rows.
#[derive(Clone)]
pub struct Transform {
    /// The component.
    pub component: Component,
    /// Which of its transformations.
    pub contract: Arc<Contract>,
    /// The materialization context.
    pub context: Context,
    /// What every run may use.
    pub limits: Limits,
    /// Where it runs.
    pub guests: Guests,
    /// View and interval, as errors and logs name the run.
    pub label: String,
    /// Where rows go that cannot be used.
    pub letters: Letters,
    /// The column of every input that holds its rows' time, by which a key's rows are sorted.
    pub time_columns: Vec<String>,
}

/// What all runs of a node did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransformCounts {
    /// Rows handed to guests.
    pub rows_in: u64,
    /// Rows returned.
    pub rows_out: u64,
    /// Rows rejected.
    pub rows_rejected: u64,
    /// Batches handed to guests.
    pub batches: u64,
    /// Nanoseconds inside calls.
    pub guest_ns: u64,
    /// Nanoseconds spent on checking what came back.
    pub boundary_ns: u64,
    /// The largest linear memory of a run.
    pub memory_bytes: u64,
}

/// Puts the inputs in the shape that the scope asks for, and the node on top.
///
/// # Errors
/// The inputs do not fit the contract; callers have checked that before.
pub fn plan(
    transform: Transform,
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    partitions: usize,
) -> Result<Arc<WasmTransformExec>> {
    let contract = &transform.contract;
    if inputs.len() != contract.inputs.len() || transform.time_columns.len() != inputs.len() {
        return Err(DataFusionError::Internal(format!(
            "{} inputs for {}",
            inputs.len(),
            contract.inputs.len()
        )));
    }
    let shaped = inputs
        .into_iter()
        .zip(&contract.inputs)
        .zip(&transform.time_columns)
        .map(|((plan, input), time)| match contract.scope {
            Scope::Aligned | Scope::Row => Ok(plan),
            // Ties are broken by the remaining columns: what a guest makes of its rows never depends on chance.
            Scope::Keyed => {
                let keys = input
                    .keys
                    .iter()
                    .map(|key| col(key, &plan.schema()))
                    .collect::<Result<Vec<_>>>()?;
                let hashed = RepartitionExec::try_new(plan, Partitioning::Hash(keys, partitions.max(1)))?;
                sorted(Arc::new(hashed), input.keys.iter().chain([time]))
            }
            Scope::Interval => sorted(Arc::new(CoalescePartitionsExec::new(plan)), [time]),
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Arc::new(WasmTransformExec::new(transform, shaped)))
}

/// Sorts every partition by these columns, then by all others that can be compared.
pub(crate) fn sorted<'a>(
    plan: Arc<dyn ExecutionPlan>,
    columns: impl IntoIterator<Item = &'a String>,
) -> Result<Arc<dyn ExecutionPlan>> {
    let schema = plan.schema();
    // A guest need not read the time: it is left out then.
    let mut names: Vec<&String> = columns
        .into_iter()
        .filter(|name| schema.index_of(name).is_ok())
        .collect();
    for field in schema.fields() {
        if !matches!(field.data_type(), DataType::Map(..)) && !names.contains(&field.name()) {
            names.push(field.name());
        }
    }
    let options = SortOptions {
        descending: false,
        nulls_first: true,
    };
    let expressions: Vec<PhysicalSortExpr> = names
        .into_iter()
        .map(|name| Ok(PhysicalSortExpr::new(col(name, &schema)?, options)))
        .collect::<Result<_>>()?;
    Ok(match LexOrdering::new(expressions) {
        Some(ordering) => Arc::new(SortExec::new(ordering, plan).with_preserve_partitioning(true)),
        None => plan,
    })
}

/// Runs a transformation over its inputs; one run for each partition.
pub struct WasmTransformExec {
    transform: Transform,
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl WasmTransformExec {
    fn new(transform: Transform, inputs: Vec<Arc<dyn ExecutionPlan>>) -> Self {
        let schema = Arc::clone(&transform.contract.output);
        let partitions = inputs
            .first()
            .map_or(1, |input| input.output_partitioning().partition_count());
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(partitions),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            transform,
            inputs,
            schema,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }

    /// What the runs have done so far.
    pub fn counts(&self) -> TransformCounts {
        let metrics = self.metrics.clone_inner();
        let sum = |name: &str| metrics.sum_by_name(name).map_or(0, |value| value.as_usize() as u64);
        TransformCounts {
            rows_in: sum("rows_in"),
            rows_out: sum("rows_out"),
            rows_rejected: self.transform.letters.count(),
            batches: sum("batches"),
            guest_ns: sum("guest_time"),
            boundary_ns: sum("boundary_time"),
            memory_bytes: sum("guest_memory"),
        }
    }

    fn run(&self, partition: usize, context: &Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let inputs: Vec<SendableRecordBatchStream> = self
            .inputs
            .iter()
            .map(|input| input.execute(partition, Arc::clone(context)))
            .collect::<Result<_>>()?;
        let transform = self.transform.clone();
        let keys: Vec<Vec<String>> = transform
            .contract
            .inputs
            .iter()
            .map(|input| input.keys.clone())
            .collect();
        let budget = PoolBudget::new(context.memory_pool(), &transform.label);
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 2);
        let sink = Sink::new(builder.tx(), &self.metrics, partition, transform.label.clone());
        builder.spawn(async move {
            let Transform {
                component,
                contract,
                context,
                limits,
                guests,
                label,
                letters,
                ..
            } = transform;
            let Guests { threads, slots, log } = guests;
            // Runs of one plan do not wait for each other, so whoever has a slot comes to an end.
            let _slot = slots
                .acquire_owned()
                .await
                .map_err(|error| DataFusionError::Execution(error.to_string()))?;
            let scope = contract.scope;
            let rows = Rows {
                inputs: contract.inputs.iter().map(|input| input.name.clone()).collect(),
                by_themselves: scope.is_per_row(),
                letters,
            };
            let opened = on_guest_thread(&threads, move || {
                let say = move |level: &str, message: &str| log(&label, level, message);
                Run::open(&component, &contract.name, context, &limits, Box::new(budget), say)
            });
            let run = opened.await.map_err(|error: RunError| sink.failed(error.into()))?;
            let mut driver = Driver {
                threads,
                stepper: Some(Stepper::new(run, rows)),
                sink,
            };
            driver.drive(scope, inputs, keys).await
        });
        Ok(builder.build())
    }
}

/// Takes what a run returns, and counts.
pub(super) struct Sink {
    sender: Sender<Result<RecordBatch>>,
    label: String,
    rows_in: Count,
    rows_out: Count,
    rows_rejected: Count,
    batches: Count,
    guest_time: Time,
    boundary_time: Time,
    guest_memory: Gauge,
    counted: Usage,
}

impl Sink {
    fn new(
        sender: Sender<Result<RecordBatch>>,
        metrics: &ExecutionPlanMetricsSet,
        partition: usize,
        label: String,
    ) -> Self {
        let builder = || MetricBuilder::new(metrics);
        Self {
            sender,
            label,
            rows_in: builder().counter("rows_in", partition),
            rows_out: builder().counter("rows_out", partition),
            rows_rejected: builder().counter("rows_rejected", partition),
            batches: builder().counter("batches", partition),
            guest_time: builder().subset_time("guest_time", partition),
            boundary_time: builder().subset_time("boundary_time", partition),
            guest_memory: builder().gauge("guest_memory", partition),
            counted: Usage::default(),
        }
    }

    pub(super) fn used(&mut self, usage: Usage) {
        let before = std::mem::replace(&mut self.counted, usage);
        let more = |now: u64, before: u64| usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX);
        self.rows_in.add(more(usage.rows_in, before.rows_in));
        self.rows_out.add(more(usage.rows_out, before.rows_out));
        self.rows_rejected.add(more(usage.rows_rejected, before.rows_rejected));
        self.batches.add(more(usage.batches_in, before.batches_in));
        self.guest_time
            .add_duration(usage.guest_time.saturating_sub(before.guest_time));
        self.boundary_time
            .add_duration(usage.check_time.saturating_sub(before.check_time));
        self.guest_memory
            .set_max(usize::try_from(usage.memory_bytes).unwrap_or(usize::MAX));
    }

    pub(super) async fn send(&mut self, batch: RecordBatch) -> Result<()> {
        // Nobody listens any more: the plan was cancelled, and this task will be too.
        self.sender
            .send(Ok(batch))
            .await
            .map_err(|_| DataFusionError::Execution("cancelled".to_owned()))
    }

    pub(super) fn failed(&self, error: StepError) -> DataFusionError {
        DataFusionError::External(Box::new(TransformError {
            label: self.label.clone(),
            error,
        }))
    }
}

impl fmt::Debug for WasmTransformExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmTransformExec")
            .field("label", &self.transform.label)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for WasmTransformExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let contract = &self.transform.contract;
        write!(
            f,
            "WasmTransformExec: {}, scope={}",
            contract.name,
            contract.scope.name()
        )
    }
}

impl ExecutionPlan for WasmTransformExec {
    fn name(&self) -> &str {
        "WasmTransformExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        self.inputs.iter().collect()
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
        Ok(Arc::new(Self::new(self.transform.clone(), children)))
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::new(self.transform.clone(), children)))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        self.run(partition, &context)
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}
