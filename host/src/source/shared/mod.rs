//! A source read once for many jobs. Neighbouring jobs read ranges that overlap (a lookback of 90 days hands each row to 90
//! daily jobs) or lie in the same row groups; one pass in the order of time serves all of them.
//!
//! The pass is a scan, sorted by time (which spills to disk when memory is short). It is pulled as far as the next job's range
//! ends; what no later job reads is let go of at the other end. What is in between is held in memory up to a bound and on disk
//! beyond it, so memory is bounded whatever the lookback. A job gets a [`Window`]: the same rows that a scan of its range
//! would have had, which stay for as long as it holds them.

mod segment;
mod window;

use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::{SortOptions, concat_batches};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr, expressions::col};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionContext;
use futures::StreamExt;

pub use segment::Hold;
use segment::Segment;
pub use window::Window;

use super::exec::SourceCounts;
use super::metrics::{ScanMetrics, scan_metrics};
use super::scan::SourceScan;
use super::shape::TIME;
use crate::time::{Interval, Timestamp};

/// Rows of a held batch: as many as a guest is handed at once.
const SEGMENT_ROWS: usize = 8_192;

/// A source that is being read in the order of its time.
pub struct SharedScan {
    /// Of what jobs are given: without the time that the scan is sorted by.
    schema: SchemaRef,
    scan: SourceScan,
    plan: Arc<dyn ExecutionPlan>,
    rows: SendableRecordBatchStream,
    /// Rows that are not in a segment yet.
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    held: VecDeque<Arc<Segment>>,
    /// The time up to which all rows have been pulled; none when there are no more.
    pulled: Option<Timestamp>,
    hold: Arc<Hold>,
}

impl SharedScan {
    /// Begins to read. The scan's last column is the time that its rows are sorted by.
    pub fn new(session: &SessionContext, scan: SourceScan, hold: Arc<Hold>) -> Result<Self> {
        let input = Arc::clone(&scan.plan);
        let schema = input.schema();
        let visible: Vec<usize> = (0..schema.fields().len().saturating_sub(1)).collect();
        let schema_of_jobs = Arc::new(schema.project(&visible)?);
        let options = SortOptions {
            descending: false,
            nulls_first: true,
        };
        let by_time = PhysicalSortExpr::new(col(TIME, &schema)?, options);
        let ordering = LexOrdering::new([by_time])
            .ok_or_else(|| DataFusionError::Internal("shared scan: nothing to sort by".to_owned()))?;
        let sorted = SortExec::new(ordering.clone(), input).with_preserve_partitioning(true);
        let plan: Arc<dyn ExecutionPlan> = Arc::new(SortPreservingMergeExec::new(ordering, Arc::new(sorted)));
        let rows = execute_stream(Arc::clone(&plan), session.task_ctx())?;
        Ok(Self {
            schema: schema_of_jobs,
            scan,
            plan,
            rows,
            pending: Vec::new(),
            pending_rows: 0,
            held: VecDeque::new(),
            pulled: Some(Timestamp::from_micros(i64::MIN)),
            hold,
        })
    }

    /// The rows of a range, all for none. Starts and ends never fall from one call to the next: what lies before a range's start
    /// is let go of.
    pub async fn window(&mut self, range: Option<Interval>) -> Result<Window> {
        if let Some(range) = range {
            while self.held.front().is_some_and(|segment| segment.last() < range.start) {
                self.held.pop_front();
            }
        }
        let end = range.map(|range| range.end);
        while let Some(pulled) = self.pulled
            && end.is_none_or(|end| pulled < end)
        {
            match self.rows.next().await {
                None => {
                    self.flush().await?;
                    self.pulled = None;
                }
                Some(batch) => self.push(batch?, range).await?,
            }
        }
        // What is pending may belong to this range.
        self.flush().await?;
        let reads = |segment: &&Arc<Segment>| {
            range.is_none_or(|range| segment.first() < range.end && range.start <= segment.last())
        };
        Ok(Window {
            schema: Arc::clone(&self.schema),
            range,
            segments: self.held.iter().filter(reads).cloned().collect(),
        })
    }

    async fn push(&mut self, batch: RecordBatch, range: Option<Interval>) -> Result<()> {
        let times = times(&batch)?;
        let Some(&last) = times.last() else { return Ok(()) };
        self.pulled = Some(Timestamp::from_micros(last));
        let skipped = range.map_or(0, |range| times.partition_point(|time| *time < range.start.micros()));
        let batch = batch.slice(skipped, batch.num_rows() - skipped);
        self.pending_rows += batch.num_rows();
        if batch.num_rows() > 0 {
            self.pending.push(batch);
        }
        if self.pending_rows >= SEGMENT_ROWS {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let pending = std::mem::take(&mut self.pending);
        self.pending_rows = 0;
        let rows = match pending.as_slice() {
            [] => return Ok(()),
            [one] => one.clone(),
            [first, ..] => concat_batches(first.schema_ref(), &pending)?,
        };
        let times = times(&rows)?;
        let (Some(&first), Some(&last)) = (times.first(), times.last()) else {
            return Ok(());
        };
        let between = (Timestamp::from_micros(first), Timestamp::from_micros(last));
        let segment = Segment::new(rows, between, &self.hold).await?;
        self.held.push_back(Arc::new(segment));
        Ok(())
    }

    /// What became of the rows so far.
    pub fn counts(&self) -> SourceCounts {
        self.scan.counts()
    }

    /// What was read of files so far.
    pub fn metrics(&self) -> ScanMetrics {
        let mut metrics = scan_metrics(&self.plan);
        metrics.add(&self.scan.left_out);
        metrics
    }
}

/// The times of rows that come sorted by them.
fn times(batch: &RecordBatch) -> Result<&[i64]> {
    batch
        .columns()
        .last()
        .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
        .map(|column| column.values().as_ref())
        .ok_or_else(|| DataFusionError::Internal("shared scan: the last column is no time".to_owned()))
}

#[cfg(test)]
mod tests;
