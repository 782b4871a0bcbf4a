use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{EquivalenceProperties, PhysicalExpr};
use datafusion::physical_plan::execution_plan::{
    Boundedness, ChildrenPropertiesMode, EmissionType, ReplaceChildrenOptions,
};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchReceiverStream;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, Partitioning, PlanProperties};

use super::super::error::{SourceError, Unread};
use super::decode::Chunk;
use super::reader::Lines;
use crate::storage::Place;

/// Text that is kept until it becomes a batch, beside one line.
const CHUNK_BYTES: usize = 4 << 20;
/// Rows of a batch.
const CHUNK_ROWS: usize = 8_192;

/// A file, and what its columns beyond those of its lines are.
#[derive(Debug, Clone)]
pub(in crate::source) struct JsonFile {
    pub(in crate::source) place: Place,
    pub(in crate::source) size_bytes: u64,
    pub(in crate::source) compression: FileCompressionType,
    pub(in crate::source) constants: Vec<ScalarValue>,
}

/// Reads JSON lines: the keys of `keys` in that order, then the constants of the file.
pub(in crate::source) struct JsonLinesExec {
    source: String,
    keys: SchemaRef,
    /// Files by partition.
    files: Vec<Vec<JsonFile>>,
    schema: SchemaRef,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl JsonLinesExec {
    /// The scan of these files in at most so many partitions. `constants` are the fields of what files add.
    pub(in crate::source) fn new(
        source: String,
        keys: SchemaRef,
        constants: &Schema,
        mut files: Vec<JsonFile>,
        partitions: usize,
    ) -> Self {
        files.sort_by_key(|file| std::cmp::Reverse(file.size_bytes));
        let mut shares: Vec<(u64, Vec<JsonFile>)> = vec![(0, Vec::new()); partitions.clamp(1, files.len().max(1))];
        for file in files {
            if let Some((bytes, share)) = shares.iter_mut().min_by_key(|(bytes, _)| *bytes) {
                *bytes += file.size_bytes;
                share.push(file);
            }
        }
        let files: Vec<_> = shares.into_iter().map(|(_, share)| share).collect();
        let fields: Vec<_> = keys.fields().iter().chain(constants.fields()).cloned().collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let properties = PlanProperties::new(
            EquivalenceProperties::new(Arc::clone(&schema)),
            Partitioning::UnknownPartitioning(files.len()),
            EmissionType::Incremental,
            Boundedness::Bounded,
        );
        Self {
            source,
            keys,
            files,
            schema,
            properties: Arc::new(properties),
            metrics: ExecutionPlanMetricsSet::new(),
        }
    }
}

impl fmt::Debug for JsonLinesExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonLinesExec")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

impl DisplayAs for JsonLinesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JsonLinesExec: source={}", self.source)
    }
}

impl ExecutionPlan for JsonLinesExec {
    fn name(&self) -> &str {
        "JsonLinesExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn replace_children(
        self: Arc<Self>,
        _: Vec<Arc<dyn ExecutionPlan>>,
        _: ReplaceChildrenOptions,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        self.replace_children(children, ReplaceChildrenOptions::new(ChildrenPropertiesMode::Recompute))
    }

    fn execute(&self, partition: usize, _: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let files = self.files.get(partition).cloned().unwrap_or_default();
        let bytes = MetricBuilder::new(&self.metrics).counter("bytes_scanned", partition);
        let (source, keys, schema) = (self.source.clone(), Arc::clone(&self.keys), Arc::clone(&self.schema));
        let mut builder = RecordBatchReceiverStream::builder(Arc::clone(&self.schema), 1);
        let out = builder.tx();
        // Reading and decompressing block: a thread for them.
        builder.spawn_blocking(move || {
            for file in &files {
                let mut send = |batch| out.blocking_send(batch).is_ok();
                let whole = read(file, &keys, &schema, &mut send).map_err(|problem| {
                    let rows = |problem| SourceError::Rows {
                        source_name: source.clone(),
                        problem: format!("{}, {problem}", file.place),
                    };
                    DataFusionError::External(Box::new(problem.of_source(&source, rows)))
                })?;
                if !whole {
                    // Nobody wants more.
                    return Ok(());
                }
                bytes.add(usize::try_from(file.size_bytes).unwrap_or(usize::MAX));
            }
            Ok(())
        });
        Ok(builder.build())
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// Sends a file's batches; false if the receiver is gone.
fn read(
    file: &JsonFile,
    keys: &SchemaRef,
    schema: &SchemaRef,
    send: &mut impl FnMut(Result<RecordBatch>) -> bool,
) -> Result<bool, Unread> {
    let mut lines = Lines::open(&file.place, file.compression)?;
    let mut chunk = Chunk::default();
    loop {
        chunk.clear();
        while chunk.lines.len() < CHUNK_ROWS && chunk.bytes.len() < CHUNK_BYTES {
            match lines.next(&mut chunk.bytes)? {
                Some(number) => chunk.lines.push((number, chunk.bytes.len())),
                None => break,
            }
        }
        if chunk.lines.is_empty() {
            return Ok(true);
        }
        let rows = chunk.decode(keys)?;
        let rows = with_constants(&rows, &file.constants, schema).map_err(|error| error.strip_backtrace())?;
        if !send(Ok(rows)) {
            return Ok(false);
        }
    }
}

fn with_constants(rows: &RecordBatch, constants: &[ScalarValue], schema: &SchemaRef) -> Result<RecordBatch> {
    let count = rows.num_rows();
    let constants = constants.iter().map(|value| value.to_array_of_size(count));
    let columns: Vec<ArrayRef> = rows
        .columns()
        .iter()
        .map(|column| Ok(Arc::clone(column)))
        .chain(constants)
        .collect::<Result<_>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(count));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}
