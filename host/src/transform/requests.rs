//! Runs of request views: rows that were asked about at one time go through an aligned transformation, and come back in their order.
//!
//! Every run has a store of its own, made before it is needed where there is time; rows of several times (of a spine) share one,
//! each time in a run of its own, so that a row's features are what a request at its time is answered.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::{RecordBatch, TimestampMicrosecondArray};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use sandglass_runtime::{Context, Limit, Lowered, Mode, Prepared, Run, RunError, Unaccounted, lower};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::exec::{Guests, Log};
use crate::project::CompiledTransform;

/// Messages of a store that are handed on: a request is answered, whatever its guest has to say.
const MESSAGES_MAX: usize = 16;

/// A request view's transformation, ready to run.
pub struct RequestRuns {
    label: String,
    transform: CompiledTransform,
    guests: Guests,
    /// One permit for each instance that may wait to be used, of all views together.
    room: Arc<Semaphore>,
    idle: Mutex<Vec<(Prepared, OwnedSemaphorePermit)>>,
}

/// What became of some of the rows.
#[derive(Debug)]
pub struct Piece {
    /// Which rows.
    pub rows: Range<usize>,
    /// Their features, one row for each.
    pub outcome: Result<RecordBatch, RowError>,
}

/// Why rows have no features.
#[derive(Debug, thiserror::Error)]
pub enum RowError {
    /// There was no time left.
    #[error("there was no time left")]
    OutOfTime,
    /// The run failed.
    #[error(transparent)]
    Run(RunError),
}

/// What became of rows.
#[derive(Debug, Default)]
pub struct Computed {
    /// All rows, in their order.
    pub pieces: Vec<Piece>,
    /// Time inside the guest.
    pub guest_time: Duration,
}

/// How rows are computed.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    /// When an answer is of no use any more.
    pub deadline: Option<Instant>,
    /// Whether rows that the guest fails on are told from the others.
    pub row_by_row: bool,
}

impl RequestRuns {
    /// Of a view's transformation. `room` has a permit for each instance that may wait to be used.
    pub fn new(view: &str, transform: &CompiledTransform, guests: Guests, room: Arc<Semaphore>) -> Self {
        Self {
            label: view.to_owned(),
            transform: transform.clone(),
            guests,
            room,
            idle: Mutex::default(),
        }
    }

    /// The view.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The columns of what it returns.
    pub fn output(&self) -> &SchemaRef {
        &self.transform.contract.output
    }

    /// The features of rows at these times, on a guest's thread. Rows are in the columns of the transformation's input; none of
    /// the times is null.
    pub async fn compute(
        self: &Arc<Self>,
        rows: RecordBatch,
        times: TimestampMicrosecondArray,
        ask: Ask,
    ) -> Result<Computed, RunError> {
        let (sender, receiver) = oneshot::channel();
        let this = Arc::clone(self);
        self.guests.threads.submit(move || {
            // Nobody waits any more.
            if sender.is_closed() {
                return;
            }
            let mut computing = Computing::new(&this, ask);
            computing.rows(&rows, &times);
            let _ = sender.send(computing.computed);
            this.prepare();
        });
        receiver.await.map_err(|_| RunError::Internal {
            message: "the host's side of a guest's call panicked".to_owned(),
        })
    }

    /// Makes an instance for the next run, if there is room for one to wait. On a guest's thread.
    pub fn prepare(&self) {
        let idle_max = self.guests.threads.count();
        let full = || self.idle.lock().unwrap_or_else(PoisonError::into_inner).len() >= idle_max;
        if full() {
            return;
        }
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            return;
        };
        // One that cannot be made is told when it is needed.
        if let Ok(prepared) = self.instance() {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            idle.push((prepared, permit));
        }
    }

    fn instance(&self) -> Result<Prepared, RunError> {
        let (log, label): (Log, _) = (Arc::clone(&self.guests.log), self.label.clone());
        let mut left = MESSAGES_MAX;
        let log = move |level: &str, message: &str| {
            if left > 0 {
                left -= 1;
                log(&label, level, message);
            }
        };
        Prepared::new(
            &self.transform.component,
            &self.transform.limits,
            Box::new(Unaccounted),
            log,
        )
    }

    fn take(&self) -> Result<Prepared, RunError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| self.instance(), |(prepared, _)| Ok(prepared))
    }
}

/// Whether fewer rows may fare better.
fn error_of_rows(error: &RunError) -> bool {
    !matches!(error, RunError::Internal { .. })
}

/// Some rows on their way through runs.
struct Computing<'a> {
    runs: &'a RequestRuns,
    ask: Ask,
    /// The last run, if it did not fail.
    run: Option<Run>,
    computed: Computed,
}

impl<'a> Computing<'a> {
    fn new(runs: &'a RequestRuns, ask: Ask) -> Self {
        Self {
            runs,
            ask,
            run: None,
            computed: Computed::default(),
        }
    }

    /// Rows of one time after another.
    fn rows(&mut self, rows: &RecordBatch, times: &TimestampMicrosecondArray) {
        let mut start = 0;
        let each = times.values();
        while let Some(&at) = each.get(start) {
            let same = each[start..].iter().take_while(|other| **other == at).count();
            self.part(rows, start..start + same, at);
            start += same;
        }
        self.retire();
    }

    /// Rows of one time, in halves where they fail together.
    fn part(&mut self, all: &RecordBatch, rows: Range<usize>, at: i64) {
        let outcome = self.one(&all.slice(rows.start, rows.len()), at);
        match outcome {
            Err(RowError::Run(error)) if error_of_rows(&error) && self.ask.row_by_row && rows.len() > 1 => {
                let half = rows.start + rows.len() / 2;
                self.part(all, rows.start..half, at);
                self.part(all, half..rows.end, at);
            }
            outcome => self.computed.pieces.push(Piece { rows, outcome }),
        }
    }

    /// One run.
    fn one(&mut self, rows: &RecordBatch, at: i64) -> Result<RecordBatch, RowError> {
        let outcome = match self.left() {
            Some(Duration::ZERO) => return Err(RowError::OutOfTime),
            _ => self.run(rows, at),
        };
        if outcome.is_err() {
            self.retire();
        }
        outcome.map_err(|error| match error {
            _ if self.left() == Some(Duration::ZERO) => RowError::OutOfTime,
            RunError::Limit {
                limit: Limit::GuestTime,
                allowed,
                ..
            } if u128::from(allowed) < self.runs.transform.limits.guest_time.as_micros() => RowError::OutOfTime,
            error => RowError::Run(error),
        })
    }

    /// What is left of the time; none if there is no end to it.
    fn left(&self) -> Option<Duration> {
        let deadline = self.ask.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    fn run(&mut self, rows: &RecordBatch, at: i64) -> Result<RecordBatch, RunError> {
        let runs = self.runs;
        let context = Context {
            mode: Mode::Request { at },
            ranges: vec![None],
            parameters: runs.transform.parameters.clone(),
            lineage: false,
        };
        let lowered = lower(rows).map_err(|message| RunError::Internal { message })?;
        if let Some(last) = self.run.take() {
            let answer = last.again(&context).and_then(|run| self.answer(run, &lowered));
            // What fails may be the fault of the runs before it in this store, and only these rows are asked about.
            if answer.is_ok() || self.left() == Some(Duration::ZERO) {
                return answer;
            }
            self.retire();
        }
        let name = &runs.transform.contract.name;
        let guest_time = self.left().unwrap_or(runs.transform.limits.guest_time);
        let run = runs.take()?.open(name, &context, guest_time)?;
        self.answer(run, &lowered)
    }

    fn answer(&mut self, run: Run, rows: &Lowered) -> Result<RecordBatch, RunError> {
        // Kept also where it fails, for what it has used.
        let run = self.run.insert(run);
        let mut outputs = Vec::new();
        run.push(0, rows)?;
        while let Some(output) = run.next_output()? {
            outputs.push(output.batch);
        }
        run.finish()?;
        while run.next_output()?.is_some() {}
        match outputs.len() {
            1 => Ok(outputs.swap_remove(0)),
            _ => concat_batches(self.runs.output(), &outputs).map_err(|error| RunError::Internal {
                message: error.to_string(),
            }),
        }
    }

    /// Ends the store.
    fn retire(&mut self) {
        if let Some(run) = self.run.take() {
            self.computed.guest_time += run.usage().guest_time;
        }
    }
}
