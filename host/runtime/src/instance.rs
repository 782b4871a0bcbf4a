//! A component's instance in a store of its own: what the host holds for it, the time that its calls have, and what ended one that did not
//! return.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wasmtime::{Store, StoreContextMut, Trap, UpdateDeadline};

use crate::bindings::exports::sandglass::transform::transformation::Guest as Exports;
use crate::bindings::sandglass::transform::types as wit;
use crate::bindings::sandglass::transform::{log, types};
use crate::bindings::{Transform, TransformPre};
use crate::failure::{FailureKind, RunError};
use crate::limits::{Limit, Limits, MemoryBudget, Meter, Refusal};
use crate::sandbox::TICK;
use crate::text;

/// What a run has used so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    /// Time inside calls: the guest's own and the copies in and out.
    pub guest_time: Duration,
    /// Time to check what came back.
    pub check_time: Duration,
    /// Linear memory.
    pub memory_bytes: u64,
    /// Rows pushed.
    pub rows_in: u64,
    /// Rows returned.
    pub rows_out: u64,
    /// Rows rejected.
    pub rows_rejected: u64,
    /// Bytes returned.
    pub bytes_out: u64,
    /// Batches pushed.
    pub batches_in: u64,
    /// Fuel used, in the deterministic profile.
    pub fuel: u64,
}

/// What a store holds for the host's side.
pub(crate) struct Guest {
    meter: Meter,
    log_bytes: u64,
    log_bytes_max: u64,
    log_flood: Option<u64>,
    last_error: Option<String>,
    sink: LogSink,
    slow: Option<Slow>,
}

/// What is done, once and on the guest's thread, if a guest takes longer than a tick of the clock, which is 5 ms.
pub type OnSlow = Arc<dyn Fn() + Send + Sync>;

/// Who wants to know that a guest is slow.
struct Slow {
    tell: OnSlow,
    since: Instant,
    told: bool,
    /// Ticks that the call has from the first one on.
    rest: u64,
}

impl Slow {
    fn new(tell: OnSlow) -> Self {
        Self {
            tell,
            since: Instant::now(),
            told: false,
            rest: 0,
        }
    }

    fn tell_once(&mut self) {
        if !std::mem::replace(&mut self.told, true) {
            (self.tell)();
        }
    }
}

/// Where a guest's log messages go: level and message.
type LogSink = Box<dyn FnMut(&str, &str) + Send>;

const FUEL: u64 = u64::MAX / 2;

impl Guest {
    pub(crate) fn new(limits: &Limits, budget: Box<dyn MemoryBudget>, sink: LogSink, on_slow: Option<OnSlow>) -> Self {
        Self {
            meter: Meter::new(limits, budget),
            log_bytes: 0,
            log_bytes_max: limits.log_bytes,
            log_flood: None,
            last_error: None,
            sink,
            slow: on_slow.map(Slow::new),
        }
    }
}

impl log::Host for Guest {
    fn log(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.log_bytes = self.log_bytes.saturating_add(message.len() as u64 + 16);
        if self.log_bytes > self.log_bytes_max {
            self.log_flood = Some(self.log_bytes);
            return Err(wasmtime::Error::msg("log limit"));
        }
        let level = match level {
            log::Level::Debug => "debug",
            log::Level::Info => "info",
            log::Level::Warn => "warn",
            log::Level::Error => "error",
        };
        let message = text::message(&message);
        (self.sink)(level, &message);
        // What Go's runtime prints before it traps; everything that is printed to stderr is a warning.
        let last_words = level == "warn" && (message.starts_with("panic: ") || message.starts_with("fatal error: "));
        if level == "error" || last_words {
            self.last_error = Some(message);
        }
        Ok(())
    }
}

impl types::Host for Guest {}

/// A store with its instance and what is left of its budget.
pub(crate) struct Instance {
    pub(crate) store: Store<Guest>,
    transform: Transform,
    pub(crate) limits: Limits,
    pub(crate) usage: Usage,
}

impl Instance {
    /// A fresh store with what is left of the run's budget; `usage` is what is gone of it.
    pub(crate) fn new(
        pre: &TransformPre<Guest>,
        limits: &Limits,
        guest: Guest,
        mut usage: Usage,
    ) -> Result<Self, RunError> {
        let mut store = Store::new(pre.engine(), guest);
        store.limiter(|guest| &mut guest.meter);
        store.set_hostcall_fuel(usize::try_from(limits.call_bytes).unwrap_or(usize::MAX));
        // Refused where the profile does not count fuel.
        let _ = store.set_fuel(FUEL.saturating_sub(usage.fuel));
        store.epoch_deadline_callback(deadline);
        set_deadline(&mut store, limits, &usage);
        let started = Instant::now();
        let instantiated = pre.instantiate(&mut store);
        usage.guest_time += started.elapsed();
        match instantiated {
            Ok(transform) => Ok(Self {
                store,
                transform,
                limits: limits.clone(),
                usage,
            }),
            Err(error) => Err(explain(&mut store, limits, usage.guest_time, "start", &error)),
        }
    }

    pub(crate) fn on_slow(&mut self, on_slow: Option<OnSlow>) {
        self.store.data_mut().slow = on_slow.map(Slow::new);
    }

    /// Calls into the guest, inside what is left of its time.
    pub(crate) fn call<T>(
        &mut self,
        name: &'static str,
        call: impl FnOnce(&Exports, &mut Store<Guest>) -> wasmtime::Result<Result<T, wit::Failure>>,
    ) -> Result<T, RunError> {
        set_deadline(&mut self.store, &self.limits, &self.usage);
        let started = Instant::now();
        let answer = call(self.transform.sandglass_transform_transformation(), &mut self.store);
        self.usage.guest_time += started.elapsed();
        self.usage.memory_bytes = self.usage.memory_bytes.max(self.store.data().meter.memory_bytes());
        let error = match answer {
            // Whatever a guest makes of a refusal depends on its limit, and its answer has to depend on its rows alone.
            Ok(_) if self.store.data().meter.refused.is_some() => wasmtime::Error::msg("refused"),
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(failure)) => return Err(told(failure, name)),
            Err(error) => error,
        };
        let guest_time = self.usage.guest_time;
        Err(explain(&mut self.store, &self.limits, guest_time, name, &error))
    }

    /// What it has used so far.
    pub(crate) fn used(&self) -> Usage {
        Usage {
            fuel: FUEL.saturating_sub(self.store.get_fuel().unwrap_or(FUEL)),
            ..self.usage
        }
    }

    /// A fresh one of the component, with what is left of this one's budget. What the guest held is gone.
    pub(crate) fn again(self, pre: &TransformPre<Guest>, usage: Usage) -> Result<Self, RunError> {
        let Self { store, limits, .. } = self;
        let mut guest = store.into_data();
        guest.meter.reset();
        Self::new(pre, &limits, guest, usage)
    }

    /// Another run begins, which may log as much as the one before.
    pub(crate) fn forget_log(&mut self) {
        self.store.data_mut().log_bytes = 0;
    }
}

/// The next call ends with what is left of the run's time.
fn set_deadline(store: &mut Store<Guest>, limits: &Limits, usage: &Usage) {
    let left = ticks(limits.guest_time.saturating_sub(usage.guest_time));
    let first = first_deadline(store.data_mut(), left);
    store.set_epoch_deadline(first);
}

/// The ticks until it is looked at a guest first, if it has so many.
fn first_deadline(guest: &mut Guest, left: u64) -> u64 {
    match &mut guest.slow {
        Some(slow) if !slow.told && slow.since.elapsed() < TICK => {
            slow.rest = left.saturating_sub(1);
            1
        }
        Some(slow) => {
            slow.tell_once();
            left
        }
        None => left,
    }
}

/// What is done with a guest at its deadline.
#[expect(clippy::unnecessary_wraps, reason = "it is the engine's callback")]
fn deadline(mut store: StoreContextMut<'_, Guest>) -> wasmtime::Result<UpdateDeadline> {
    let slow = store.data_mut().slow.as_mut();
    Ok(match slow.map(|slow| (std::mem::take(&mut slow.rest), slow)) {
        Some((rest @ 1.., slow)) => {
            slow.tell_once();
            UpdateDeadline::Continue(rest)
        }
        _ => UpdateDeadline::Interrupt,
    })
}

/// Ticks that the time takes at most; a clock that counts them does not overflow.
fn ticks(left: Duration) -> u64 {
    const SECOND: u64 = Duration::from_secs(1).as_micros() as u64 / TICK.as_micros() as u64;
    let part = u64::from(left.subsec_micros()) / TICK.as_micros() as u64;
    left.as_secs().saturating_mul(SECOND).min(u64::MAX / 4) + part + 1
}

fn told(failure: wit::Failure, call: &'static str) -> RunError {
    let wit::Failure {
        kind,
        message,
        input,
        row,
    } = failure;
    let kind = match kind {
        wit::FailureKind::Input => FailureKind::Input,
        wit::FailureKind::Parameter => FailureKind::Parameter,
        wit::FailureKind::Internal => FailureKind::Internal,
    };
    RunError::Failure {
        kind,
        message: text::message(&message),
        input,
        row,
        call,
    }
}

/// What ended a call that did not return: a limit of ours if one was hit, else the trap itself.
fn explain(
    store: &mut Store<Guest>,
    limits: &Limits,
    guest_time: Duration,
    call: &'static str,
    error: &wasmtime::Error,
) -> RunError {
    let guest = store.data_mut();
    let log = guest.last_error.take();
    // What was refused came first: the words of a runtime that ran out of memory may flood the log.
    match guest.meter.refused.take() {
        Some(Refusal::Limit { limit, used, allowed }) => {
            return RunError::Limit {
                limit,
                used,
                allowed,
                call,
                log,
            };
        }
        Some(Refusal::Pool(reason)) => return RunError::OutOfMemory { reason, call },
        None => {}
    }
    if let Some(used) = guest.log_flood {
        return RunError::Limit {
            limit: Limit::LogBytes,
            used,
            allowed: limits.log_bytes,
            call,
            log: None,
        };
    }
    let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    let trap = error.downcast_ref::<Trap>();
    if trap == Some(&Trap::Interrupt) {
        let (used, allowed) = (micros(guest_time), micros(limits.guest_time));
        return RunError::Limit {
            limit: Limit::GuestTime,
            used,
            allowed,
            call,
            log,
        };
    }
    let root = error.root_cause().to_string();
    if root.contains("too much data") || root.contains("fuel allotted for hostcalls") {
        let allowed = limits.call_bytes;
        return RunError::Limit {
            limit: Limit::CallBytes,
            used: allowed.saturating_add(1),
            allowed,
            call,
            log,
        };
    }
    RunError::Trap {
        message: text::message(&root),
        call,
        log,
    }
}

/// What the component says that it is.
pub(crate) fn describe(
    pre: &TransformPre<Guest>,
    limits: &Limits,
    budget: Box<dyn MemoryBudget>,
) -> Result<Vec<wit::Contract>, RunError> {
    let limits = Limits {
        guest_time: limits.guest_time.min(Duration::from_secs(10)),
        ..limits.clone()
    };
    let guest = Guest::new(&limits, budget, Box::new(|_, _| {}), None);
    let mut instance = Instance::new(pre, &limits, guest, Usage::default())?;
    instance.call("describe", |exports, store| exports.call_describe(store))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_last_as_long_as_what_is_left_and_never_overflow_a_clock() {
        for (left, expected) in [
            (0, 1),
            (4_999, 1),
            (5_000, 2),
            (999_999, 200),
            (1_000_000, 201),
            (3_012_000, 603),
        ] {
            assert_eq!(ticks(Duration::from_micros(left)), expected, "{left} us");
        }
        assert!(ticks(Duration::MAX) < u64::MAX / 2);
    }
}
