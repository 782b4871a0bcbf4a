use std::collections::VecDeque;
use std::sync::Arc;

use arrow::array::RecordBatch;
use sandglass_runtime::{Classified, GuestThreads, Kind, Output, Run, RunError, lower};
use tokio::sync::oneshot;

use super::letters::{Cause, Letter, Letters, row_as_json};

/// A run that failed: which one, and how.
#[derive(Debug, thiserror::Error)]
#[error("{label}: {error}")]
pub struct TransformError {
    /// View and interval.
    pub label: String,
    /// What happened in the run.
    #[source]
    pub error: StepError,
}

impl Classified for TransformError {
    fn kind(&self) -> Kind {
        match &self.error {
            StepError::Run(error) => error.kind(),
            StepError::Rejected { .. } => Kind::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match &self.error {
            StepError::Run(error) => error.hint(),
            StepError::Rejected { .. } => Some("mend the row, or raise `max_rejected` of the view".to_owned()),
        }
    }
}

/// What ends a run.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The run itself.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A row that the guest traps on, when no more may be rejected.
    #[error("{letter} ({allowed} rejected rows are allowed)")]
    Rejected {
        /// The row.
        letter: Box<Letter>,
        /// `max_rejected` of the view.
        allowed: u64,
    },
}

/// One call into the guest.
pub(super) enum Call {
    Push(u32, RecordBatch),
    EndKeys,
    Finish,
}

/// Rows of a batch that are pushed together: a whole batch, or a part of one that the guest trapped on.
struct Part {
    input: u32,
    batch: RecordBatch,
}

/// What the last call returned so far.
#[derive(Default)]
struct Drain {
    /// The part that was pushed, if the call was a push.
    part: Option<Part>,
    /// Outputs that are not handed on, since the part may trap yet.
    held: Vec<Output>,
    held_bytes: usize,
    /// Outputs of the part have been handed on: it cannot be made undone any more.
    handed_on: bool,
}

/// A run, and the calls that it has been given but has not made. It moves to a guest's thread and back for every step.
///
/// In the scopes that take every row by itself, a push that traps is made again in halves, in a run that is opened anew, until
/// the row is found that the guest traps on; it becomes a letter, and the others go their way.
pub(super) struct Stepper {
    run: Run,
    rows: Rows,
    calls: VecDeque<Call>,
    /// Parts of a batch that trapped, the next one last.
    parts: Vec<Part>,
    drain: Option<Drain>,
}

/// How a run's rows are looked at.
#[derive(Clone)]
pub(super) struct Rows {
    /// The names of the run's inputs.
    pub(super) inputs: Vec<String>,
    /// Whether every row may be handled by itself.
    pub(super) by_themselves: bool,
    /// Where rows go that cannot be used.
    pub(super) letters: Letters,
}

/// A step ends early when it has this much to hand over, so that a guest cannot fill the host with outputs.
const STEP_BYTES: usize = 16 << 20;
const STEP_OUTPUTS: usize = 64;

impl Stepper {
    pub(super) fn new(run: Run, rows: Rows) -> Self {
        Self {
            run,
            rows,
            calls: VecDeque::new(),
            parts: Vec::new(),
            drain: None,
        }
    }

    pub(super) fn give(&mut self, call: Call) {
        self.calls.push_back(call);
    }

    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    pub(super) fn is_idle(&self) -> bool {
        self.calls.is_empty() && self.parts.is_empty() && self.drain.is_none()
    }

    /// Calls waiting; each holds a batch.
    pub(super) fn waiting(&self) -> usize {
        self.calls.len()
    }

    fn step(mut self) -> Result<(Self, Vec<RecordBatch>), StepError> {
        let mut ready = Ready::default();
        while !ready.is_full() {
            let made = match self.drain.take() {
                Some(drain) => self.drain(drain, &mut ready),
                None if self.is_idle() => break,
                None => self.call(),
            };
            if let Err(Trapped { part, error }) = made {
                self = self.divide(part, error)?;
            }
        }
        Ok((self, ready.batches))
    }

    /// Makes the next call.
    fn call(&mut self) -> Result<(), Trapped> {
        let call = match self.parts.pop() {
            Some(Part { input, batch }) => Some(Call::Push(input, batch)),
            None => self.calls.pop_front(),
        };
        let mut drain = Drain::default();
        match call {
            None => return Ok(()),
            Some(Call::EndKeys) => self.run.end_keys()?,
            Some(Call::Finish) => self.run.finish()?,
            Some(Call::Push(input, batch)) => {
                let lowered = lower(&batch).map_err(|message| RunError::Internal { message })?;
                let part = Part { input, batch };
                if let Err(error) = self.run.push(input, &lowered) {
                    return Err(Trapped {
                        part: Some(part),
                        error,
                    });
                }
                drain.part = Some(part);
            }
        }
        self.drain = Some(drain);
        Ok(())
    }

    /// Takes the next output of the last call.
    fn drain(&mut self, mut drain: Drain, ready: &mut Ready) -> Result<(), Trapped> {
        let can_be_undone = self.rows.by_themselves && !drain.handed_on;
        match self.run.next_output() {
            Err(error) => Err(Trapped {
                part: drain.part.take().filter(|_| can_be_undone),
                error,
            }),
            Ok(Some(output)) => {
                drain.held_bytes += output.batch.get_array_memory_size();
                drain.held.push(output);
                let many = drain.held_bytes > STEP_BYTES || drain.held.len() >= STEP_OUTPUTS;
                if many || !can_be_undone {
                    drain.handed_on = true;
                    self.hand_on(&mut drain, ready);
                }
                self.drain = Some(drain);
                Ok(())
            }
            Ok(None) => {
                self.hand_on(&mut drain, ready);
                Ok(())
            }
        }
    }

    fn hand_on(&self, drain: &mut Drain, ready: &mut Ready) {
        drain.held_bytes = 0;
        for output in drain.held.drain(..) {
            for rejection in output.rejected {
                if let Some(part) = &drain.part {
                    let row = row_as_json(&part.batch, rejection.row as usize);
                    self.rows
                        .letters
                        .take(self.letter(part.input, row, Cause::Rejected, rejection.message));
                }
            }
            ready.take(output.batch);
        }
    }

    fn letter(&self, input: u32, row: String, cause: Cause, reason: String) -> Letter {
        Letter {
            input: self.rows.inputs.get(input as usize).cloned().unwrap_or_default(),
            row,
            cause,
            reason,
        }
    }

    /// After a trap: opens the run again and halves what it trapped on; a single row becomes a letter.
    fn divide(mut self, part: Option<Part>, error: RunError) -> Result<Self, StepError> {
        let Some(Part { input, batch }) =
            part.filter(|_| self.rows.by_themselves && matches!(error, RunError::Trap { .. }))
        else {
            return Err(error.into());
        };
        match batch.num_rows() {
            // A push of no rows is nobody's fault but the guest's.
            0 => return Err(error.into()),
            1 => {
                let letter = self.letter(input, row_as_json(&batch, 0), Cause::Trapped, error.to_string());
                let allowed = self.rows.letters.allowed();
                if !self.rows.letters.take(letter.clone()) {
                    let letter = Box::new(letter);
                    return Err(StepError::Rejected { letter, allowed });
                }
            }
            rows => {
                let half = rows / 2;
                for (from, rows) in [(half, rows - half), (0, half)] {
                    let batch = batch.slice(from, rows);
                    self.parts.push(Part { input, batch });
                }
            }
        }
        self.run = self.run.reopen()?;
        Ok(self)
    }
}

/// What ended a call, and the part that may be pushed again in halves.
struct Trapped {
    part: Option<Part>,
    error: RunError,
}

impl From<RunError> for Trapped {
    fn from(error: RunError) -> Self {
        Self { part: None, error }
    }
}

/// Rows that are ready to be handed over.
#[derive(Default)]
struct Ready {
    batches: Vec<RecordBatch>,
    bytes: usize,
}

impl Ready {
    fn take(&mut self, batch: RecordBatch) {
        if batch.num_rows() > 0 {
            self.bytes += batch.get_array_memory_size();
            self.batches.push(batch);
        }
    }

    fn is_full(&self) -> bool {
        self.bytes > STEP_BYTES || self.batches.len() >= STEP_OUTPUTS
    }
}

/// Makes the waiting calls on a guest's thread, as far as the outputs' bounds let it. What came out before an error is lost
/// with the run.
pub(super) async fn step(
    threads: &Arc<GuestThreads>,
    stepper: Stepper,
) -> Result<(Stepper, Vec<RecordBatch>), StepError> {
    on_guest_thread(threads, move || stepper.step()).await
}

/// Runs `work` on a guest's thread; an async worker never enters a guest.
pub(super) async fn on_guest_thread<T: Send + 'static, E: From<RunError> + Send + 'static>(
    threads: &Arc<GuestThreads>,
    work: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, E> {
    let (sender, receiver) = oneshot::channel();
    threads.submit(move || {
        let _ = sender.send(work());
    });
    receiver.await.unwrap_or_else(|_| {
        let message = "the host's side of a guest's call panicked".to_owned();
        Err(RunError::Internal { message }.into())
    })
}
