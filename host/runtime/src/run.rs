use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::RecordBatch;
use wasmtime::Store;
use wasmtime::component::ResourceAny;

use crate::bindings::exports::sandglass::transform::transformation::Guest as Exports;
use crate::bindings::sandglass::transform::types as wit;
use crate::component::Component;
use crate::contract::{Contract, ParameterValue, Scope};
use crate::failure::RunError;
use crate::instance::{Guest, Instance, OnSlow, Usage};
use crate::limits::{Limits, MemoryBudget};
use crate::lower::{Lowered, Text};

mod outputs;

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
    /// Its texts, which a guest often passes through.
    last_texts: Vec<Text>,
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
            last_texts: Vec::new(),
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
        self.instance.forget_log();
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
        let instance = instance.again(component.pre(), usage)?;
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
        self.last_texts.clone_from(&batch.texts);
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
        self.last_texts.clear();
        let run = self.run;
        self.call("end-keys", |exports, store| exports.run().call_end_keys(store, run))
    }

    /// Says that all rows are in.
    pub fn finish(&mut self) -> Result<(), RunError> {
        self.last_rows = 0;
        self.last_texts.clear();
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
        self.instance.used()
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
