use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use wasmtime::component::ResourceAny;
use wasmtime::{Store, StoreContextMut, Trap, UpdateDeadline};

use crate::bindings::exports::sandglass::transform::transformation::Guest as Exports;
use crate::bindings::sandglass::transform::types as wit;
use crate::bindings::sandglass::transform::{log, types};
use crate::bindings::{Transform, TransformPre};
use crate::component::Component;
use crate::contract::{Contract, ParameterValue, Scope};
use crate::failure::{FailureKind, RunError};
use crate::lift::lift_batch;
use crate::limits::{Limit, Limits, MemoryBudget, Meter, Refusal};
use crate::lower::Lowered;
use crate::sandbox::TICK;
use crate::text;

/// Why the run is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// To make the rows of an interval, `[start, end)` in microseconds since 1970.
    Materialize {
        /// The first microsecond inside.
        start: i64,
        /// The first microsecond outside.
        end: i64,
    },
    /// For rows as they arrive.
    Streaming,
    /// For one request at this time.
    Request {
        /// Its time.
        at: i64,
    },
}

/// The materialization context.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// Why the run is made.
    pub mode: Mode,
    /// For each input the time range that its rows were filtered to, none if unfiltered.
    pub ranges: Vec<Option<(i64, i64)>>,
    /// Values for all parameters.
    pub parameters: Vec<(String, ParameterValue)>,
    /// Whether source rows are wanted; in the aligned and row scopes only.
    pub lineage: bool,
}

/// A row of the batch last pushed that the guest cannot use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Its place in the batch.
    pub row: u32,
    /// The guest's reason.
    pub message: String,
}

/// What a run returned; checked.
#[derive(Debug, Clone)]
pub struct Output {
    /// Rows of the contract's output.
    pub batch: RecordBatch,
    /// For each row the row of the batch last pushed that it came from, if asked for.
    pub source_rows: Option<Vec<u32>>,
    /// Rows of the batch last pushed that the guest cannot use.
    pub rejected: Vec<Rejection>,
}

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
    fn new(limits: &Limits, budget: Box<dyn MemoryBudget>, sink: LogSink, on_slow: Option<OnSlow>) -> Self {
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
struct Instance {
    store: Store<Guest>,
    transform: Transform,
    limits: Limits,
    usage: Usage,
}

impl Instance {
    /// A fresh store with what is left of the run's budget; `usage` is what is gone of it.
    fn new(pre: &TransformPre<Guest>, limits: &Limits, guest: Guest, mut usage: Usage) -> Result<Self, RunError> {
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

    fn on_slow(&mut self, on_slow: Option<OnSlow>) {
        self.store.data_mut().slow = on_slow.map(Slow::new);
    }

    /// Calls into the guest, inside what is left of its time.
    fn call<T>(
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

/// One run of a transformation in a store of its own. After an error the run is over: drop it. A guest's destructors are not
/// run at the end: the store is thrown away with all that is in it.
pub struct Run {
    component: Component,
    contract: Arc<Contract>,
    context: Context,
    instance: Instance,
    run: ResourceAny,
    /// Rows of the batch last pushed, which source rows and rejections point into.
    last_rows: u32,
    /// Source rows rise over all outputs of one push.
    last_source_row: u32,
    aligned_rows: u64,
    /// Rows rejected since the last push.
    rejected_rows: HashSet<u32>,
    /// Outputs in a row that held nothing.
    empty_outputs: u32,
    finished: bool,
    failed: bool,
    /// What had been used before the last push.
    before_push: Usage,
}

/// A guest may answer with nothing in it, but not for ever: no other limit counts such outputs.
const EMPTY_OUTPUTS_MAX: u32 = 1_000;

/// A store with an instance that nothing was asked of yet, so that what it costs to make one is paid before it is needed.
pub struct Prepared {
    component: Component,
    instance: Instance,
}

impl Prepared {
    /// Instantiates the component. `log` gets level and message of what the guest says; `on_slow` is told of this time and of what
    /// comes after it.
    ///
    /// # Errors
    /// A trap, or a limit.
    pub fn new(
        component: &Component,
        limits: &Limits,
        budget: Box<dyn MemoryBudget>,
        log: impl FnMut(&str, &str) + Send + 'static,
        on_slow: Option<OnSlow>,
    ) -> Result<Self, RunError> {
        let guest = Guest::new(limits, budget, Box::new(log), on_slow);
        Ok(Self {
            component: component.clone(),
            instance: Instance::new(component.pre(), limits, guest, Usage::default())?,
        })
    }

    /// From now on this is told if the guest is slow, and nothing else.
    pub fn on_slow(&mut self, on_slow: Option<OnSlow>) {
        self.instance.on_slow(on_slow);
    }

    /// Opens the transformation, which has at most so much time, besides that of its limits.
    ///
    /// # Errors
    /// As [`Run::open`].
    pub fn open(mut self, transformation: &str, context: Context, guest_time: Duration) -> Result<Run, RunError> {
        let limits = &mut self.instance.limits;
        limits.guest_time = limits
            .guest_time
            .min(self.instance.usage.guest_time.saturating_add(guest_time));
        let contract = self
            .component
            .contract(transformation)
            .ok_or_else(|| RunError::Internal {
                message: format!("the component has no transformation `{transformation}`"),
            })?;
        let contract = Arc::clone(contract);
        Run::begin(self.component, self.instance, contract, context)
    }
}

impl Run {
    /// Instantiates the component and opens the transformation. `log` gets level and message of what the guest says.
    ///
    /// # Errors
    /// The guest's failure, a trap, or a limit. [`RunError::Internal`] if there is no transformation of that name.
    pub fn open(
        component: &Component,
        transformation: &str,
        context: Context,
        limits: &Limits,
        budget: Box<dyn MemoryBudget>,
        log: impl FnMut(&str, &str) + Send + 'static,
    ) -> Result<Self, RunError> {
        Prepared::new(component, limits, budget, log, None)?.open(transformation, context, limits.guest_time)
    }

    /// Opens a transformation in an instance.
    fn begin(
        component: Component,
        mut instance: Instance,
        contract: Arc<Contract>,
        mut context: Context,
    ) -> Result<Self, RunError> {
        context.lineage &= contract.scope.is_per_row();
        let run = instance.call("open", |exports, store| open(exports, store, &contract, &context))?;
        Ok(Self {
            component,
            contract,
            context,
            before_push: instance.usage,
            instance,
            run,
            last_rows: 0,
            last_source_row: 0,
            aligned_rows: 0,
            rejected_rows: HashSet::new(),
            empty_outputs: 0,
            finished: false,
            failed: false,
        })
    }

    /// From now on this is told if the guest is slow, and nothing else.
    pub fn on_slow(&mut self, on_slow: Option<OnSlow>) {
        self.instance.on_slow(on_slow);
    }

    /// The next run of the transformation, under another context but in the same store, with so much time and otherwise the limits of a
    /// run; only the memory stays. What a run computes depends on its context and its rows alone, so this is only cheaper; a guest
    /// for which that is not true breaks the contract.
    ///
    /// # Errors
    /// As [`Run::open`].
    pub fn again(mut self, context: Context, guest_time: Duration) -> Result<Self, RunError> {
        let Usage {
            guest_time: used,
            check_time,
            memory_bytes,
            fuel,
            ..
        } = self.instance.usage;
        self.instance.usage = Usage {
            guest_time: used,
            check_time,
            memory_bytes,
            fuel,
            ..Usage::default()
        };
        self.instance.limits.guest_time = used.saturating_add(guest_time);
        self.instance.store.data_mut().log_bytes = 0;
        let run = self.run;
        self.call("drop", |_, store| run.resource_drop(store).map(Ok))?;
        let Self {
            component,
            contract,
            instance,
            ..
        } = self;
        Self::begin(component, instance, contract, context)
    }

    /// Opens the run again after it failed, in a fresh store, with what is left of its budget. What the guest held is gone:
    /// that is for the scopes that take every row by itself. The rows of the last push count as if they had not been pushed.
    ///
    /// # Errors
    /// As [`Run::open`].
    pub fn reopen(self) -> Result<Self, RunError> {
        let used = self.usage();
        let Self {
            component,
            contract,
            context,
            instance,
            before_push,
            ..
        } = self;
        let usage = Usage {
            guest_time: used.guest_time,
            check_time: used.check_time,
            memory_bytes: used.memory_bytes,
            fuel: used.fuel,
            ..before_push
        };
        let Instance { store, limits, .. } = instance;
        let mut guest = store.into_data();
        guest.meter.reset();
        let instance = Instance::new(component.pre(), &limits, guest, usage)?;
        Self::begin(component, instance, contract, context)
    }

    /// Pushes a batch into an input; its outputs are to be drained before the next call.
    pub fn push(&mut self, input: u32, batch: &Lowered) -> Result<(), RunError> {
        if input as usize >= self.contract.inputs.len() {
            return Err(RunError::Internal {
                message: format!("input {input} of {}", self.contract.inputs.len()),
            });
        }
        self.before_push = self.instance.usage;
        let buffers: Vec<&[u8]> = batch.buffers.iter().map(|buffer| buffer.as_slice()).collect();
        let param = wit::BatchParam {
            rows: batch.rows,
            nodes: &batch.nodes,
            buffers: &buffers,
        };
        self.last_rows = batch.rows;
        self.last_source_row = 0;
        self.rejected_rows.clear();
        self.aligned_rows += u64::from(batch.rows);
        let usage = &mut self.instance.usage;
        usage.rows_in += u64::from(batch.rows);
        usage.batches_in += 1;
        let run = self.run;
        self.call("push", |exports, store| {
            exports.run().call_push(store, run, input, param)
        })
    }

    /// Says that every row of the keys pushed so far is in. Keyed scope only.
    pub fn end_keys(&mut self) -> Result<(), RunError> {
        if self.contract.scope != Scope::Keyed {
            return Err(RunError::Internal {
                message: "end-keys outside the keyed scope".to_owned(),
            });
        }
        self.last_rows = 0;
        let run = self.run;
        self.call("end-keys", |exports, store| exports.run().call_end_keys(store, run))
    }

    /// Says that all rows are in.
    pub fn finish(&mut self) -> Result<(), RunError> {
        self.last_rows = 0;
        self.finished = true;
        let run = self.run;
        self.call("finish", |exports, store| exports.run().call_finish(store, run))
    }

    /// The next output, none when there is no more until the next call. An aligned run that has not returned one row for
    /// each row pushed by then broke its contract.
    pub fn next_output(&mut self) -> Result<Option<Output>, RunError> {
        let run = self.run;
        let Some(output) = self.call("next", |exports, store| exports.run().call_next(store, run))? else {
            if self.contract.scope == Scope::Aligned && self.aligned_rows != 0 {
                self.failed = true;
                let message = format!(
                    "{} rows fewer came out than went in, in the aligned scope",
                    self.aligned_rows
                );
                return Err(RunError::Contract { message, call: "next" });
            }
            return Ok(None);
        };
        let started = Instant::now();
        let checked = self.check(output);
        self.instance.usage.check_time += started.elapsed();
        self.failed |= checked.is_err();
        checked.map(Some)
    }

    /// What the run has used so far.
    pub fn usage(&self) -> Usage {
        let mut usage = self.instance.usage;
        usage.fuel = FUEL.saturating_sub(self.instance.store.get_fuel().unwrap_or(FUEL));
        usage
    }

    fn call<T>(
        &mut self,
        name: &'static str,
        call: impl FnOnce(&Exports, &mut Store<Guest>) -> wasmtime::Result<Result<T, wit::Failure>>,
    ) -> Result<T, RunError> {
        if self.failed {
            return Err(RunError::Internal {
                message: "the run has failed before".to_owned(),
            });
        }
        let answer = self.instance.call(name, call);
        self.failed = answer.is_err();
        answer
    }

    fn check(&mut self, output: wit::Output) -> Result<Output, RunError> {
        let broken = |message: String| RunError::Contract { message, call: "next" };
        let wit::Output {
            batch,
            source_rows,
            rejected,
        } = output;
        let rows = u64::from(batch.rows);
        let buffers = batch.buffers.iter().map(Vec::len);
        let messages = rejected.iter().map(|rejection| rejection.message.len());
        let bytes: u64 = buffers.chain(messages).map(|bytes| bytes as u64).sum();
        let usage = &mut self.instance.usage;
        usage.rows_out += rows;
        usage.bytes_out += bytes;
        usage.rows_rejected += rejected.len() as u64;
        let limits = &self.instance.limits;
        for (limit, used, allowed) in [
            (Limit::OutputRows, usage.rows_out, limits.output_rows),
            (Limit::OutputBytes, usage.bytes_out, limits.output_bytes),
        ] {
            if used > allowed {
                return Err(RunError::Limit {
                    limit,
                    used,
                    allowed,
                    call: "next",
                    log: None,
                });
            }
        }
        self.empty_outputs = if rows == 0 && rejected.is_empty() {
            self.empty_outputs + 1
        } else {
            0
        };
        if self.empty_outputs > EMPTY_OUTPUTS_MAX {
            return Err(broken(format!(
                "{} outputs without a row, one after another",
                self.empty_outputs
            )));
        }
        if self.finished && self.contract.scope == Scope::Row && rows > 0 {
            return Err(broken(format!(
                "{rows} rows after `finish`, in the row scope, where each comes from a row of the batch last pushed"
            )));
        }
        let batch = lift_batch(&self.contract.output, batch).map_err(broken)?;
        let source_rows = self.check_source_rows(source_rows, batch.num_rows()).map_err(broken)?;
        let rejected = self.check_rejected(rejected).map_err(broken)?;
        if self.contract.scope == Scope::Aligned {
            if !rejected.is_empty() {
                return Err(broken(
                    "rejected rows in the aligned scope, which has one row out for each row in".into(),
                ));
            }
            let first = u64::from(self.last_rows).saturating_sub(self.aligned_rows);
            self.aligned_rows = self
                .aligned_rows
                .checked_sub(rows)
                .ok_or_else(|| broken("more rows came out than went in, in the aligned scope".to_owned()))?;
            let mut all = (first..).zip(source_rows.iter().flatten());
            if let Some((due, row)) = all.find(|(due, row)| *due != u64::from(**row)) {
                return Err(broken(format!(
                    "source row {row} where row {due} is due, in the aligned scope"
                )));
            }
        }
        Ok(Output {
            batch,
            source_rows,
            rejected,
        })
    }

    fn check_source_rows(&mut self, source_rows: Option<Vec<u32>>, rows: usize) -> Result<Option<Vec<u32>>, String> {
        if !self.context.lineage {
            return Ok(None);
        }
        let Some(source_rows) = source_rows else {
            return if rows == 0 {
                Ok(Some(Vec::new()))
            } else {
                Err("no source rows, and they were asked for".to_owned())
            };
        };
        if source_rows.len() != rows {
            return Err(format!("{} source rows for {rows} rows", source_rows.len()));
        }
        for &row in &source_rows {
            if row >= self.last_rows {
                return Err(format!(
                    "source row {row}, the batch last pushed has {}",
                    self.last_rows
                ));
            }
            if row < self.last_source_row {
                return Err(format!("source row {row} after {}", self.last_source_row));
            }
            self.last_source_row = row;
        }
        Ok(Some(source_rows))
    }

    fn check_rejected(&mut self, rejected: Vec<wit::Rejection>) -> Result<Vec<Rejection>, String> {
        rejected
            .into_iter()
            .map(|wit::Rejection { row, message }| {
                if row >= self.last_rows {
                    return Err(format!(
                        "rejected row {row}, the batch last pushed has {}",
                        self.last_rows
                    ));
                }
                if !self.rejected_rows.insert(row) {
                    return Err(format!("row {row} is rejected twice"));
                }
                Ok(Rejection {
                    row,
                    message: text::message(&message),
                })
            })
            .collect()
    }
}

fn open(
    exports: &Exports,
    store: &mut Store<Guest>,
    contract: &Contract,
    context: &Context,
) -> wasmtime::Result<Result<ResourceAny, wit::Failure>> {
    let mode = match context.mode {
        Mode::Materialize { start, end } => wit::Mode::Materialize(wit::Interval { start, end }),
        Mode::Streaming => wit::Mode::Streaming,
        Mode::Request { at } => wit::Mode::Request(at),
    };
    let ranges: Vec<Option<wit::Interval>> = context
        .ranges
        .iter()
        .map(|range| range.map(|(start, end)| wit::Interval { start, end }))
        .collect();
    let parameters: Vec<(&str, wit::ValueParam<'_>)> = context
        .parameters
        .iter()
        .map(|(name, value)| {
            let value = match value {
                ParameterValue::Boolean(value) => wit::ValueParam::Boolean(*value),
                ParameterValue::Int64(value) => wit::ValueParam::Int64(*value),
                ParameterValue::Float64(value) => wit::ValueParam::Float64(*value),
                ParameterValue::Utf8(value) => wit::ValueParam::Utf8(value),
                ParameterValue::Timestamp(value) => wit::ValueParam::Timestamp(*value),
                ParameterValue::Duration(value) => wit::ValueParam::Duration(*value),
            };
            (name.as_str(), value)
        })
        .collect();
    let context = wit::Context {
        mode,
        ranges: &ranges,
        parameters: &parameters,
        lineage: context.lineage,
        properties: &[],
    };
    exports.call_open(store, &contract.name, context)
}

const _: fn() = || {
    fn is_send<T: Send>() {}
    is_send::<Run>();
};
