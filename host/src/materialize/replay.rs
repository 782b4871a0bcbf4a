use std::pin::Pin;

use arrow::array::{Array, RecordBatch};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use serde::Serialize;

use super::error::{MaterializeError, label};
use super::job::JobPlan;
use crate::project::CompiledView;
use crate::time::Interval;
use crate::transform::{Guests, Letters, row_as_json, sorted};

/// What two components made of the same rows.
#[derive(Debug, Clone, Serialize)]
pub struct Replayed {
    /// Intervals that were run on both, up to the first difference.
    pub intervals: usize,
    /// Rows that were compared.
    pub rows: u64,
    /// The first difference; none if all is equal.
    pub difference: Option<RowDifference>,
}

/// Where two runs differ.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RowDifference {
    /// The interval.
    pub interval: Interval,
    /// The row's place among the interval's rows, sorted by time and then by all other columns; none if a run failed.
    pub row: Option<u64>,
    /// The row of the component before as a JSON object, or how its run failed; none if it has no such row.
    pub before: Option<String>,
    /// The same of the component after.
    pub after: Option<String>,
}

impl std::fmt::Display for RowDifference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let side = |side: &Option<String>| side.clone().unwrap_or_else(|| "no row".to_owned());
        write!(f, "interval {}", self.interval)?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        write!(f, ": before {}, after {}", side(&self.before), side(&self.after))
    }
}

/// Runs intervals on the components of two views that are equal otherwise, and compares rows to the bit, until the first that
/// differ. Rows are sorted, so that an order that means nothing is not compared. Both should be of the deterministic profile.
pub async fn replay(
    session: &SessionContext,
    guests: &Guests,
    (before, after): (&CompiledView, &CompiledView),
    intervals: &[Interval],
    mut progress: impl FnMut(usize),
) -> Result<Replayed, MaterializeError> {
    let mut replayed = Replayed {
        intervals: 0,
        rows: 0,
        difference: None,
    };
    for &interval in intervals {
        replayed.intervals += 1;
        let mut left = Side::new(session, guests, before, interval).await?;
        let mut right = Side::new(session, guests, after, interval).await?;
        let (rows, difference) = compare(&mut left, &mut right).await;
        replayed.rows += rows;
        if let Some((row, before, after)) = difference {
            replayed.difference = Some(RowDifference {
                interval,
                row,
                before,
                after,
            });
            break;
        }
        progress(replayed.intervals);
    }
    Ok(replayed)
}

/// One component's rows of an interval, batch by batch.
struct Side {
    label: String,
    rows: SendableRecordBatchStream,
    batch: Option<RecordBatch>,
    letters: Letters,
}

impl Side {
    async fn new(
        session: &SessionContext,
        guests: &Guests,
        compiled: &CompiledView,
        interval: Interval,
    ) -> Result<Self, MaterializeError> {
        let label = label(&compiled.view.name, interval);
        let engine = |error| MaterializeError::from_plan(&label, error);
        let letters = Letters::new(compiled.view.max_rejected);
        let plan = JobPlan::new(session, guests, compiled, interval, &letters, None).await?;
        let sorted = sorted(plan.root, [&compiled.view.timestamp_column]).map_err(engine)?;
        let rows = execute_stream(sorted, session.task_ctx()).map_err(engine)?;
        Ok(Self {
            label,
            rows,
            batch: None,
            letters,
        })
    }

    /// Rows that are not compared yet; none at the end.
    async fn fill(&mut self) -> Result<Option<RecordBatch>, String> {
        loop {
            match self.batch.take() {
                Some(batch) if batch.num_rows() > 0 => return Ok(Some(batch)),
                _ => {}
            }
            let rows: Pin<&mut _> = self.rows.as_mut();
            let mut rows = rows;
            match rows.next().await {
                None => return Ok(None),
                Some(Ok(batch)) => self.batch = Some(batch),
                Some(Err(error)) => return Err(MaterializeError::from_plan(&self.label, error).to_string()),
            }
        }
    }

    /// What was rejected, which is a part of what a component makes.
    fn rejected(&self) -> Vec<String> {
        let mut letters: Vec<_> = self.letters.all().iter().map(ToString::to_string).collect();
        letters.sort();
        letters
    }
}

type Found = Option<(Option<u64>, Option<String>, Option<String>)>;

async fn compare(left: &mut Side, right: &mut Side) -> (u64, Found) {
    let mut row = 0;
    loop {
        let (before, after) = match (left.fill().await, right.fill().await) {
            (Ok(before), Ok(after)) => (before, after),
            // Both fail, and say the same.
            (Err(before), Err(after)) if before == after => return (row, None),
            (before, after) => {
                let told = |side: Result<Option<RecordBatch>, String>| match side {
                    Ok(_) => Some("rows".to_owned()),
                    Err(error) => Some(error),
                };
                return (row, Some((None, told(before), told(after))));
            }
        };
        let (before, after) = match (before, after) {
            (Some(before), Some(after)) => (before, after),
            (None, None) => break,
            (before, after) => {
                let first = |side: Option<RecordBatch>| side.map(|batch| row_as_json(&batch, 0));
                return (row, Some((Some(row), first(before), first(after))));
            }
        };
        let count = before.num_rows().min(after.num_rows());
        if let Some(place) = first_difference(&before.slice(0, count), &after.slice(0, count)) {
            let json = |batch: &RecordBatch| Some(row_as_json(batch, place));
            let at = row + place as u64;
            return (at, Some((Some(at), json(&before), json(&after))));
        }
        row += count as u64;
        left.batch = Some(before.slice(count, before.num_rows() - count));
        right.batch = Some(after.slice(count, after.num_rows() - count));
    }
    let (before, after) = (left.rejected(), right.rejected());
    if before == after {
        return (row, None);
    }
    let only = |one: &[String], other: &[String]| {
        let first = one.iter().find(|letter| !other.contains(letter));
        Some(format!(
            "rejected {} rows{}",
            one.len(),
            first.map_or_else(String::new, |letter| format!(", one of them: {letter}"))
        ))
    };
    (row, Some((None, only(&before, &after), only(&after, &before))))
}

/// The first of as many rows that differs in a bit.
fn first_difference(before: &RecordBatch, after: &RecordBatch) -> Option<usize> {
    let same = |from: usize, count: usize| {
        let pairs = before.columns().iter().zip(after.columns());
        pairs
            .into_iter()
            .all(|(left, right)| left.slice(from, count).to_data() == right.slice(from, count).to_data())
    };
    if same(0, before.num_rows()) {
        return None;
    }
    (0..before.num_rows()).find(|&row| !same(row, 1))
}
