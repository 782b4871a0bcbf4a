//! Runs of request views: rows that were asked about at one time go through an aligned transformation, and come back in their order.
//!
//! A store answers one request at a time, and waits for the next one afterwards, unless a run failed in it: to make one takes many times
//! as long as a small run. Rows of several times (of a spine) are a run for each time, so that a row's features are what a request at
//! its time is answered.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::{RecordBatch, TimestampMicrosecondArray};
use arrow::compute::concat_batches;
use arrow::datatypes::SchemaRef;
use sandglass_runtime::{Context, Limit, Lowered, Mode, OnSlow, Prepared, Run, RunError, Unaccounted, lower};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::task::block_in_place;

use super::exec::{Guests, Log};
use crate::project::CompiledTransform;

/// Messages of a run that are handed on: a request is answered, whatever its guest has to say.
const MESSAGES_MAX: u32 = 16;

/// Runs that a store has at most: what a guest leaks is given back now and then.
const USES_MAX: u32 = 1_000;

/// A request view's transformation, ready to run.
pub struct RequestRuns {
    label: String,
    transform: CompiledTransform,
    guests: Guests,
    room: Room,
    idle: Mutex<Vec<(Idle, OwnedSemaphorePermit)>>,
}

/// A store that waits for its next run.
struct Idle {
    state: State,
    /// Runs that it has had.
    uses: u32,
    /// Messages of the run that are still handed on.
    messages: Arc<AtomicU32>,
}

enum State {
    Prepared(Box<Prepared>),
    Used(Box<Run>),
}

/// What all request views together may hold.
#[derive(Debug, Clone)]
pub struct Room {
    /// One permit for each instance that may wait to be used.
    pub waiting: Arc<Semaphore>,
    /// One permit for each run outside of the guests' threads.
    pub here: Arc<Semaphore>,
    /// Runs on the async runtime's workers.
    on_workers: Arc<AtomicUsize>,
}

impl Room {
    /// So many instances that wait, and so many runs on threads of those who ask.
    pub fn new(waiting: usize, here: usize) -> Self {
        Self {
            waiting: Arc::new(Semaphore::new(waiting)),
            here: Arc::new(Semaphore::new(here)),
            on_workers: Arc::default(),
        }
    }

    /// A place on one of the runtime's workers, of which one at least is left to others.
    fn worker(&self, workers: usize) -> Option<OnWorker<'_>> {
        let place = OnWorker(&self.on_workers);
        (self.on_workers.fetch_add(1, Ordering::Relaxed) + 1 < workers).then_some(place)
    }
}

/// A run on a worker.
struct OnWorker<'a>(&'a AtomicUsize);

impl Drop for OnWorker<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
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

/// Whether other rows may fare better: not where the fault is ours.
pub fn is_of_rows(error: &RunError) -> bool {
    !matches!(error, RunError::Internal { .. })
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
    /// Of a view's transformation.
    pub fn new(view: &str, transform: &CompiledTransform, guests: Guests, room: Room) -> Self {
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
            let _ = sender.send(this.compute_now(&rows, &times, ask, None));
            this.prepare();
        });
        receiver.await.map_err(|_| panicked())
    }

    /// The same on the thread that asks, one of the async runtime's workers: to wake another thread and to be woken by it takes several
    /// times as long as a small transformation. One worker at least is left to others, and it is woken if the guest is slow: it may be that
    /// nobody else waits for what comes over the network. Runs beyond that are on a thread that stops being a worker for so long, and
    /// if no more may be so either, on a guest's.
    pub async fn compute_here(
        self: &Arc<Self>,
        rows: RecordBatch,
        times: TimestampMicrosecondArray,
        ask: Ask,
    ) -> Result<Computed, RunError> {
        let runtime = Handle::current();
        // A worker that is alone cannot be anything else meanwhile.
        let has_workers = runtime.runtime_flavor() == RuntimeFlavor::MultiThread;
        let permit = self.room.here.try_acquire().ok().filter(|_| has_workers);
        let Some(_permit) = permit else {
            return self.compute(rows, times, ask).await;
        };
        let compute = |on_slow| catch_unwind(AssertUnwindSafe(|| self.compute_now(&rows, &times, ask, on_slow)));
        let computed = match self.room.worker(runtime.metrics().num_workers()) {
            Some(_place) => compute(Some(Arc::new(move || wake_another(&runtime)))),
            None => block_in_place(|| compute(None)),
        };
        if self.idle.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
            // The instance is gone, or another one is computing: one will be wanted.
            let this = Arc::clone(self);
            self.guests.threads.submit(move || this.prepare());
        }
        computed.map_err(|_| panicked())
    }

    fn compute_now(
        &self,
        rows: &RecordBatch,
        times: &TimestampMicrosecondArray,
        ask: Ask,
        on_slow: Option<OnSlow>,
    ) -> Computed {
        let mut computing = Computing::new(self, ask, on_slow);
        computing.rows(rows, times);
        computing.end()
    }

    /// Makes an instance for the next run, if none waits and there is room for one. On a guest's thread.
    pub fn prepare(&self) {
        if self.idle.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
            && let Ok(permit) = Arc::clone(&self.room.waiting).try_acquire_owned()
            // One that cannot be made is told when it is needed.
            && let Ok(idle) = self.instance(None)
        {
            self.put((idle, permit));
        }
    }

    fn put(&self, idle: (Idle, OwnedSemaphorePermit)) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
    }

    fn instance(&self, on_slow: Option<OnSlow>) -> Result<Idle, RunError> {
        let (log, label): (Log, _) = (Arc::clone(&self.guests.log), self.label.clone());
        let messages = Arc::new(AtomicU32::new(MESSAGES_MAX));
        let left = Arc::clone(&messages);
        let log = move |level: &str, message: &str| {
            let another = |left: u32| left.checked_sub(1);
            if left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, another).is_ok() {
                log(&label, level, message);
            }
        };
        let transform = &self.transform;
        let (component, limits) = (&transform.component, &transform.limits);
        let prepared = Prepared::new(component, limits, Box::new(Unaccounted), log, on_slow)?;
        Ok(Idle {
            state: State::Prepared(Box::new(prepared)),
            uses: 0,
            messages,
        })
    }

    /// An instance that waits, with its place; none if there is none.
    fn waiting(&self) -> Option<(Idle, OwnedSemaphorePermit)> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// Wakes a worker, which then waits for the network if nobody does, and takes what waits for this one: of two tasks the first one goes where
/// others may take it, and so does what was there before it.
fn wake_another(runtime: &Handle) {
    for _ in 0..2 {
        runtime.spawn(std::future::ready(()));
    }
}

fn panicked() -> RunError {
    RunError::Internal {
        message: "the host's side of a guest's call panicked".to_owned(),
    }
}

/// Some rows on their way through runs.
struct Computing<'a> {
    runs: &'a RequestRuns,
    ask: Ask,
    on_slow: Option<OnSlow>,
    /// The store of the last run, if that did not fail.
    store: Option<Idle>,
    /// Its place among those that wait.
    place: Option<OwnedSemaphorePermit>,
    computed: Computed,
}

impl<'a> Computing<'a> {
    fn new(runs: &'a RequestRuns, ask: Ask, on_slow: Option<OnSlow>) -> Self {
        let (store, place) = runs.waiting().unzip();
        Self {
            runs,
            ask,
            on_slow,
            store,
            place,
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
    }

    /// What was computed. The store waits for the next run, if it can.
    fn end(self) -> Computed {
        let place = self
            .place
            .or_else(|| Arc::clone(&self.runs.room.waiting).try_acquire_owned().ok());
        let store = self.store.filter(|store| store.uses < USES_MAX);
        if let Some(idle) = store.zip(place) {
            self.runs.put(idle);
        }
        self.computed
    }

    /// Rows of one time, in halves where they fail together.
    fn part(&mut self, all: &RecordBatch, rows: Range<usize>, at: i64) {
        let outcome = self.one(&all.slice(rows.start, rows.len()), at);
        match outcome {
            Err(RowError::Run(error)) if is_of_rows(&error) && self.ask.row_by_row && rows.len() > 1 => {
                let half = rows.start + rows.len() / 2;
                self.part(all, rows.start..half, at);
                self.part(all, half..rows.end, at);
            }
            outcome => self.computed.pieces.push(Piece { rows, outcome }),
        }
    }

    fn one(&mut self, rows: &RecordBatch, at: i64) -> Result<RecordBatch, RowError> {
        if self.is_late() {
            return Err(RowError::OutOfTime);
        }
        let outcome = self.run(rows, at);
        outcome.map_err(|error| match error {
            _ if self.is_late() => RowError::OutOfTime,
            // Time is looked at in ticks: a run may end a little before the deadline that cut it short.
            RunError::Limit {
                limit: Limit::GuestTime,
                ..
            } if self.guest_time() < self.runs.transform.limits.guest_time => RowError::OutOfTime,
            error => RowError::Run(error),
        })
    }

    /// The time that a run may have.
    fn guest_time(&self) -> Duration {
        let guest_time = self.runs.transform.limits.guest_time;
        let left = self
            .ask
            .deadline
            .map(|deadline| deadline.saturating_duration_since(Instant::now()));
        left.map_or(guest_time, |left| left.min(guest_time))
    }

    fn is_late(&self) -> bool {
        self.ask.deadline.is_some_and(|deadline| Instant::now() >= deadline)
    }

    /// One run, in the store of the last one or in a fresh one.
    fn run(&mut self, rows: &RecordBatch, at: i64) -> Result<RecordBatch, RunError> {
        let lowered = lower(rows).map_err(|message| RunError::Internal { message })?;
        if let Some(store) = self.store.take() {
            let is_fresh = store.uses == 0;
            let answer = self.answer(store, &lowered, at);
            // What fails may be the fault of the runs before it in this store, and only these rows are asked about.
            if answer.is_ok() || is_fresh || self.is_late() {
                return answer;
            }
        }
        let fresh = self.runs.instance(self.on_slow.clone())?;
        self.answer(fresh, &lowered, at)
    }

    fn answer(&mut self, store: Idle, rows: &Lowered, at: i64) -> Result<RecordBatch, RunError> {
        let transform = &self.runs.transform;
        let context = Context {
            mode: Mode::Request { at },
            ranges: vec![None],
            parameters: transform.parameters.clone(),
            lineage: false,
        };
        let Idle { state, uses, messages } = store;
        messages.store(MESSAGES_MAX, Ordering::Relaxed);
        let guest_time = self.guest_time();
        let mut before = Duration::ZERO;
        let mut run = match state {
            State::Prepared(mut prepared) => {
                prepared.on_slow(self.on_slow.clone());
                prepared.open(&transform.contract.name, context, guest_time)?
            }
            State::Used(mut run) => {
                run.on_slow(self.on_slow.clone());
                before = run.usage().guest_time;
                run.again(context, guest_time)?
            }
        };
        let answer = self.drain(&mut run, rows);
        self.computed.guest_time += run.usage().guest_time.saturating_sub(before);
        if answer.is_ok() {
            self.store = Some(Idle {
                state: State::Used(Box::new(run)),
                uses: uses + 1,
                messages,
            });
        }
        answer
    }

    fn drain(&self, run: &mut Run, rows: &Lowered) -> Result<RecordBatch, RunError> {
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
}
