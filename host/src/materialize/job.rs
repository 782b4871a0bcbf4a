use std::sync::Arc;

use arrow::compute::SortOptions;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_expr::expressions::col;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionContext;
use sandglass_runtime::{Context, Mode};
use serde::Serialize;

use super::cut::{Cut, CutCounts, CutExec};
use super::error::{MaterializeError, label};
use crate::definition::FeatureView;
use crate::offline::{FileRead, OfflineTable, Reads, SourceRead, Staged};
use crate::project::{CompiledTransform, CompiledView};
use crate::source::{ScanMetrics, SourceCounts, SourceScan, SourceTable, Wanted, Window, scan_metrics};
use crate::time::Interval;
use crate::transform::{Guests, Letter, Letters, Transform, TransformCounts, WasmTransformExec, plan};

/// What a job did.
#[derive(Debug, Clone, Default, Serialize)]
pub struct JobReport {
    /// Of its sources.
    pub source: SourceCounts,
    /// Of the files that it read.
    pub scan: ScanMetrics,
    /// Rows that the transformation rejected.
    pub rejected: u64,
    /// Rows handed to guests; with a lookback, the same row more than once.
    pub guest_rows: u64,
    /// Rows that were made and not written.
    pub cut: CutCounts,
    /// Rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Nanoseconds inside guests.
    pub guest_ns: u64,
    /// Nanoseconds spent on checking what came back.
    pub boundary_ns: u64,
    /// The largest memory of a run.
    pub guest_memory_bytes: u64,
    /// Bytes of source rows that jobs share and that memory had no room for.
    pub spilled_bytes: u64,
}

impl JobReport {
    /// Adds up two jobs.
    pub fn add(&mut self, other: &Self) {
        self.source.add(&other.source);
        self.scan.add(&other.scan);
        self.rejected += other.rejected;
        self.cut.outside_interval += other.cut.outside_interval;
        self.cut.null_keys += other.cut.null_keys;
        self.cut.null_times += other.cut.null_times;
        self.rows += other.rows;
        self.bytes += other.bytes;
        self.guest_rows += other.guest_rows;
        self.spilled_bytes += other.spilled_bytes;
        self.guest_ns += other.guest_ns;
        self.boundary_ns += other.boundary_ns;
        self.guest_memory_bytes = self.guest_memory_bytes.max(other.guest_memory_bytes);
    }
}

/// A job's plan and the nodes that count.
pub(super) struct JobPlan {
    pub(super) root: Arc<dyn ExecutionPlan>,
    sources: Vec<SourceScan>,
    transform: Option<Arc<WasmTransformExec>>,
    cut: Arc<CutExec>,
}

impl JobPlan {
    pub(super) async fn new(
        session: &SessionContext,
        guests: &Guests,
        compiled: &CompiledView,
        interval: Interval,
        letters: &Letters,
        windows: Option<Vec<Window>>,
    ) -> Result<Self, MaterializeError> {
        let label = label(&compiled.view.name, interval);
        let engine = |error| MaterializeError::from_plan(&label, error);
        let ranges = source_ranges(&compiled.view, &compiled.inputs, interval);
        let (mut sources, mut scans) = (Vec::new(), Vec::<Arc<dyn ExecutionPlan>>::new());
        for window in windows.iter().flatten() {
            scans.push(window.clone().plan().map_err(engine)?);
        }
        let own = if windows.is_none() { compiled.inputs.len() } else { 0 };
        for (input, ((_, table), &range)) in compiled.inputs.iter().zip(&ranges).enumerate().take(own) {
            let (columns, keys) = compiled.wanted(input);
            let failed = |error| MaterializeError::Source {
                label: label.clone(),
                error,
            };
            let wanted = Wanted {
                columns,
                keys,
                range,
                and_time: false,
            };
            let scan = table.scan(session, wanted).await.map_err(failed)?;
            scans.push(Arc::clone(&scan.plan));
            sources.push(scan);
        }
        let (made, transform) = match &compiled.transform {
            Some(transform) => {
                let partitions = session.copied_config().target_partitions();
                let transform = transform_of(transform, compiled, interval, &ranges, guests, &label, letters);
                let node = plan(transform, scans, partitions).map_err(engine)?;
                (Arc::clone(&node) as Arc<dyn ExecutionPlan>, Some(node))
            }
            None => (scans.into_iter().next().ok_or_else(|| no_source(&label))?, None),
        };
        let cut = Cut {
            schema: Arc::clone(&compiled.schema),
            time_column: compiled.view.timestamp_column.clone(),
            keys: compiled.view.join_keys.iter().map(|key| key.name.clone()).collect(),
            interval,
        };
        let cut = Arc::new(CutExec::new(Arc::new(cut), made));
        let root: Arc<dyn ExecutionPlan> = Arc::new(CoalescePartitionsExec::new(Arc::clone(&cut) as _));
        Ok(Self {
            root,
            sources,
            transform,
            cut,
        })
    }

    fn report(&self) -> JobReport {
        let mut report = JobReport {
            cut: self.cut.counts(),
            scan: scan_metrics(&self.root),
            ..JobReport::default()
        };
        for source in &self.sources {
            report.source.add(&source.counts());
            report.scan.add(&source.left_out);
        }
        if let Some(transform) = &self.transform {
            let TransformCounts {
                rows_in,
                rows_rejected,
                guest_ns,
                boundary_ns,
                memory_bytes,
                ..
            } = transform.counts();
            (report.guest_rows, report.rejected) = (rows_in, rows_rejected);
            (report.guest_ns, report.boundary_ns, report.guest_memory_bytes) = (guest_ns, boundary_ns, memory_bytes);
        }
        report
    }
}

/// A view's sources, each with its place among those of the definition.
pub type Inputs = [(usize, Arc<SourceTable>)];

/// The ranges of an interval's inputs, in their order; none for all rows.
pub(super) fn source_ranges(view: &FeatureView, inputs: &Inputs, interval: Interval) -> Vec<Option<Interval>> {
    let sources = inputs.iter().filter_map(|(place, _)| view.sources.get(*place));
    sources.map(|source| view.source_range(source, interval)).collect()
}

fn transform_of(
    transform: &CompiledTransform,
    compiled: &CompiledView,
    interval: Interval,
    ranges: &[Option<Interval>],
    guests: &Guests,
    label: &str,
    letters: &Letters,
) -> Transform {
    let micros = |range: &Interval| (range.start.micros(), range.end.micros());
    let (start, end) = micros(&interval);
    Transform {
        component: transform.component.clone(),
        contract: transform.contract.clone(),
        context: Context {
            mode: Mode::Materialize { start, end },
            ranges: ranges.iter().map(|range| range.as_ref().map(micros)).collect(),
            parameters: transform.parameters.clone(),
            lineage: false,
        },
        limits: transform.limits.clone(),
        guests: guests.clone(),
        label: label.to_owned(),
        letters: letters.clone(),
        time_columns: compiled
            .inputs
            .iter()
            .map(|(_, table)| SourceTable::time_column(table).to_owned())
            .collect(),
    }
}

fn no_source(label: &str) -> MaterializeError {
    MaterializeError::Engine {
        label: label.to_owned(),
        message: "a view without a source".to_owned(),
    }
}

/// Rejected rows that an error lists.
const LISTED: usize = 3;

/// Runs a job and stages its rows; nothing is visible yet. `letters` are new ones, for as many rows as the view may reject:
/// they are the caller's to keep, also where the job fails. `windows` are the inputs' rows, where they have been read already.
pub async fn stage_job(
    session: &SessionContext,
    guests: &Guests,
    compiled: &CompiledView,
    table: &OfflineTable,
    interval: Interval,
    letters: &Letters,
    windows: Option<Vec<Window>>,
) -> Result<(Staged, Reads, JobReport), MaterializeError> {
    let label = label(&compiled.view.name, interval);
    let plan = JobPlan::new(session, guests, compiled, interval, letters, windows).await?;
    let rows = execute_stream(Arc::clone(&plan.root), session.task_ctx())
        .map_err(|error| MaterializeError::from_plan(&label, error))?;
    let staged = table
        .stage(interval, rows)
        .await
        .map_err(|error| MaterializeError::from_store(&label, error))?;
    let mut report = plan.report();
    report.rows = staged.rows;
    report.bytes = staged.bytes;
    if letters.count() > letters.allowed() {
        let mut first = letters.all();
        first.truncate(LISTED);
        return Err(MaterializeError::Rejected {
            label,
            rejected: letters.count(),
            allowed: letters.allowed(),
            first,
        });
    }
    Ok((staged, reads(&compiled.view, &compiled.inputs, interval), report))
}

/// Runs a job and hands its rows out, sorted by time, writing nothing. When the rows are out, the report tells what the job
/// did and which rows were rejected.
pub async fn run_to_stream(
    session: &SessionContext,
    guests: &Guests,
    compiled: &CompiledView,
    interval: Interval,
) -> Result<(SendableRecordBatchStream, impl Fn() -> (JobReport, Vec<Letter>) + use<>), MaterializeError> {
    let failed = |error| MaterializeError::from_plan(&label(&compiled.view.name, interval), error);
    let letters = Letters::new(compiled.view.max_rejected);
    let plan = JobPlan::new(session, guests, compiled, interval, &letters, None).await?;
    let sorted = sorted_by_time(Arc::clone(&plan.root), &compiled.view.timestamp_column).map_err(failed)?;
    let rows = execute_stream(sorted, session.task_ctx()).map_err(failed)?;
    Ok((rows, move || (plan.report(), letters.all())))
}

fn sorted_by_time(
    plan: Arc<dyn ExecutionPlan>,
    time_column: &str,
) -> Result<Arc<dyn ExecutionPlan>, datafusion::common::DataFusionError> {
    let options = SortOptions {
        descending: false,
        nulls_first: true,
    };
    let expression = PhysicalSortExpr::new(col(time_column, &plan.schema())?, options);
    Ok(match LexOrdering::new([expression]) {
        Some(ordering) => Arc::new(SortExec::new(ordering, plan)),
        None => plan,
    })
}

/// What a job reads of each source: the files that may hold rows of its range, and of which version of a Delta table they are.
pub(super) fn reads(view: &FeatureView, inputs: &Inputs, interval: Interval) -> Reads {
    let ranges = source_ranges(view, inputs, interval);
    let sources = inputs.iter().zip(ranges).map(|((_, table), range)| {
        let files = table
            .files()
            .filter(|(file, contents)| table.skip(file, contents, range).is_none());
        SourceRead {
            source: table.name().to_owned(),
            version: table.version(),
            files: files
                .map(|(file, _)| FileRead {
                    path: file.place.to_string(),
                    size: file.size_bytes,
                    modified: file.modified,
                    e_tag: file.e_tag.clone(),
                })
                .collect(),
        }
    });
    Reads {
        sources: sources.collect(),
    }
}

/// What jobs over an interval read of each source.
pub fn read_sources(view: &FeatureView, inputs: &Inputs, interval: Interval) -> Vec<SourceRead> {
    reads(view, inputs, interval).sources
}
