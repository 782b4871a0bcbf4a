use std::collections::VecDeque;
use std::sync::Arc;

use sandglass_runtime::{Classified, GuestThreads, Kind, Lowered, Output, Run, RunError};
use tokio::sync::oneshot;

/// A run that failed: which one, and how.
#[derive(Debug, thiserror::Error)]
#[error("{label}: {error}")]
pub struct TransformError {
    /// View and interval.
    pub label: String,
    /// What happened in the run.
    #[source]
    pub error: RunError,
}

impl Classified for TransformError {
    fn kind(&self) -> Kind {
        self.error.kind()
    }

    fn hint(&self) -> Option<String> {
        self.error.hint()
    }
}

/// One call into the guest.
pub(super) enum Call {
    Push(u32, Lowered),
    EndKeys,
    Finish,
}

/// A run, and the calls that it has been given but has not made. It moves to a guest's thread and back for every step.
pub(super) struct Stepper {
    run: Run,
    calls: VecDeque<Call>,
    /// The last call's outputs are not all out.
    draining: bool,
}

/// A step ends early when it has this much to hand over, so that a guest cannot fill the host with outputs.
const STEP_BYTES: usize = 16 << 20;
const STEP_OUTPUTS: usize = 64;

impl Stepper {
    pub(super) fn new(run: Run) -> Self {
        Self {
            run,
            calls: VecDeque::new(),
            draining: false,
        }
    }

    pub(super) fn give(&mut self, call: Call) {
        self.calls.push_back(call);
    }

    pub(super) fn run(&self) -> &Run {
        &self.run
    }

    pub(super) fn is_idle(&self) -> bool {
        self.calls.is_empty() && !self.draining
    }

    /// Calls waiting; each holds a batch.
    pub(super) fn waiting(&self) -> usize {
        self.calls.len()
    }

    fn step(&mut self, outputs: &mut Vec<Output>) -> Result<(), RunError> {
        let mut bytes = 0;
        loop {
            while self.draining {
                let Some(output) = self.run.next_output()? else {
                    self.draining = false;
                    break;
                };
                bytes += output.batch.get_array_memory_size();
                outputs.push(output);
                if bytes > STEP_BYTES || outputs.len() >= STEP_OUTPUTS {
                    return Ok(());
                }
            }
            match self.calls.pop_front() {
                None => return Ok(()),
                Some(Call::Push(input, batch)) => self.run.push(input, &batch)?,
                Some(Call::EndKeys) => self.run.end_keys()?,
                Some(Call::Finish) => self.run.finish()?,
            }
            self.draining = true;
        }
    }
}

/// Makes the waiting calls on a guest's thread, as far as the outputs' bounds let it. What came out before an error is lost
/// with the run.
pub(super) async fn step(
    threads: &Arc<GuestThreads>,
    mut stepper: Stepper,
) -> Result<(Stepper, Vec<Output>), RunError> {
    on_guest_thread(threads, move || {
        let mut outputs = Vec::new();
        stepper.step(&mut outputs).map(|()| (stepper, outputs))
    })
    .await
}

/// Runs `work` on a guest's thread; an async worker never enters a guest.
pub(super) async fn on_guest_thread<T: Send + 'static>(
    threads: &Arc<GuestThreads>,
    work: impl FnOnce() -> Result<T, RunError> + Send + 'static,
) -> Result<T, RunError> {
    let (sender, receiver) = oneshot::channel();
    threads.submit(move || {
        let _ = sender.send(work());
    });
    receiver.await.unwrap_or_else(|_| {
        Err(RunError::Internal {
            message: "the host's side of a guest's call panicked".to_owned(),
        })
    })
}
