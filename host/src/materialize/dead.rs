//! The dead-letter table of a view's version: the rows that its transformation could not use, with the reason.
//!
//! A letter belongs to the job that wrote it. It is written before the job's rows are committed and replaces the letters of
//! the job's earlier attempts, so a job that is killed in between and run again has its letters once.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use datafusion::common::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::stream;
use sandglass_runtime::host_type;

use crate::offline::{Granularity, JobCommit, OfflineError, OfflineTable, Reads, TableSpec};
use crate::storage::Place;
use crate::time::{Interval, Span};
use crate::transform::Letter;
use crate::workspace::Name;

/// The letters of one job.
pub(super) struct JobLetters {
    pub(super) interval: Interval,
    pub(super) letters: Vec<Letter>,
}

/// Where a view's dead letters go. The table is made when there is the first letter.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    /// The view's version.
    pub name: Name,
    /// Where the table is.
    pub location: Place,
    /// How long the log and removed files are kept.
    pub retention: Span,
}

const TIME_COLUMN: &str = "interval_start";

/// The columns of the table.
pub fn dead_letter_schema() -> SchemaRef {
    let text = |name: &str| Field::new(name, DataType::Utf8, false);
    Arc::new(Schema::new(vec![
        Field::new(TIME_COLUMN, host_type::timestamp(), false),
        Field::new("interval_end", host_type::timestamp(), false),
        text("input"),
        text("row"),
        text("cause"),
        text("reason"),
    ]))
}

impl DeadLetters {
    /// The table, none if there has been no letter.
    pub async fn table(&self) -> Result<Option<OfflineTable>, OfflineError> {
        OfflineTable::open(&self.location).await
    }

    /// Replaces the letters of these jobs.
    pub(super) async fn write(&self, jobs: Vec<JobLetters>) -> Result<(), OfflineError> {
        let table = match self.table().await? {
            Some(table) => table,
            None if jobs.iter().all(|job| job.letters.is_empty()) => return Ok(()),
            None => self.create().await?,
        };
        let coverage = table.coverage();
        let mut commits = Vec::new();
        for JobLetters { interval, letters } in jobs {
            if letters.is_empty() && coverage.attempt(interval).is_none() {
                continue;
            }
            let batch = batch_of(interval, &letters).map_err(DataFusionError::from);
            let rows = RecordBatchStreamAdapter::new(dead_letter_schema(), stream::iter([batch]));
            commits.push(JobCommit {
                staged: table.stage(interval, Box::pin(rows)).await?,
                attempt: coverage.next_attempt(interval),
                reads: Reads::default(),
            });
        }
        if !commits.is_empty() {
            table.commit(commits).await?;
        }
        Ok(())
    }

    async fn create(&self) -> Result<OfflineTable, OfflineError> {
        let spec = TableSpec {
            name: format!("{}.dead", self.name),
            description: format!("Rows that the transformation of {} could not use", self.name),
            schema: dead_letter_schema(),
            time_column: TIME_COLUMN.to_owned(),
            partition: Granularity::Month,
            derived: false,
            retention: self.retention,
        };
        match OfflineTable::create(&self.location, spec).await {
            // Somebody else has made it meanwhile.
            Err(error) => self.table().await?.ok_or(error),
            created => created,
        }
    }
}

fn batch_of(interval: Interval, letters: &[Letter]) -> Result<RecordBatch, ArrowError> {
    let times = |micros: i64| -> ArrayRef {
        let times = TimestampMicrosecondArray::from_value(micros, letters.len());
        Arc::new(times.with_timezone("UTC"))
    };
    let texts =
        |of: fn(&Letter) -> &str| -> ArrayRef { Arc::new(StringArray::from_iter_values(letters.iter().map(of))) };
    let columns = vec![
        times(interval.start.micros()),
        times(interval.end.micros()),
        texts(|letter| &letter.input),
        texts(|letter| &letter.row),
        texts(|letter| letter.cause.name()),
        texts(|letter| &letter.reason),
    ];
    RecordBatch::try_new(dead_letter_schema(), columns)
}
