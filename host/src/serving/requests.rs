//! Request views while they are served: their components, the context that requests bring along, and what became of their features.

use std::collections::HashMap;
use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray};
use sandglass_runtime::{Component, Digest, FailureKind, RunError};

use super::error::ServeError;
use super::rows::Rows;
use crate::definition::{ContextField, JoinKey, Parsed};
use crate::key::KeyValue;
use crate::online::{Value, column, size_bytes};
use crate::project::{CompiledRequest, check_request};
use crate::registry::Applied;
use crate::time::Timestamp;
use crate::transform::{Ask, Computed, Guests, Log, Piece, RequestRuns, Room, RowError};

/// Gives components by their digest. Waits for files and the compiler.
pub type LoadComponent = Box<dyn Fn(&Digest) -> Result<Component, String> + Send + Sync>;

/// Where request views run.
pub struct RequestHost {
    load: LoadComponent,
    guests: Guests,
    room: Room,
    known: Mutex<Known>,
}

/// What was opened for the last application.
#[derive(Default)]
struct Known {
    components: HashMap<Digest, Component>,
    served: HashMap<String, Arc<ServedRequest>>,
}

/// A request view that can run.
pub struct ServedRequest {
    /// With its transformation.
    pub compiled: CompiledRequest,
    /// Its runs.
    pub runs: Arc<RequestRuns>,
}

/// The request views of an application by name, or why they cannot run.
pub(super) type Requests = HashMap<String, Result<Arc<ServedRequest>, String>>;

impl RequestHost {
    /// Loads components so, and runs them there.
    pub fn new(load: LoadComponent, guests: Guests, room: Room) -> Self {
        Self {
            load,
            guests,
            room,
            known: Mutex::default(),
        }
    }

    /// With the guests' messages handed there: label, level, message.
    #[must_use]
    pub fn with_log(mut self, log: Log) -> Self {
        self.guests.log = log;
        self
    }

    /// The request views of an application. Waits for files and the compiler.
    pub(super) fn open(&self, applied: &Applied) -> Requests {
        let parsed = Parsed::stored(applied.project.clone());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let digests = applied.request_views.values().map(|view| &view.component.digest);
        let digests: Vec<&Digest> = digests.collect();
        known.components.retain(|digest, _| digests.contains(&digest));
        let mut requests = Requests::new();
        for view in &applied.project.request_views {
            let opened = self.one(applied, &parsed, &view.name, &mut known);
            if let Err(reason) = &opened {
                tracing::error!(feature_view = view.name, reason, "a request view cannot run");
            }
            requests.insert(view.name.clone(), opened);
        }
        let served = requests
            .iter()
            .filter_map(|(name, opened)| Some((name.clone(), opened.as_ref().ok()?)));
        known.served = served.map(|(name, served)| (name, Arc::clone(served))).collect();
        requests
    }

    fn one(
        &self,
        applied: &Applied,
        parsed: &Parsed,
        name: &str,
        before: &mut Known,
    ) -> Result<Arc<ServedRequest>, String> {
        let (view, known) = (applied.project.request_view(name), applied.request_views.get(name));
        let (view, known) = view.zip(known).ok_or("it is not in the registry")?;
        let digest = &known.component.digest;
        // What has not changed goes on with the instances that wait for it.
        if let Some(served) = before.served.get(name)
            && served.compiled.view == *view
            && served.compiled.transform.component.digest() == digest
        {
            return Ok(Arc::clone(served));
        }
        let component = match before.components.get(digest) {
            Some(component) => component.clone(),
            None => {
                let component = (self.load)(digest)?;
                before.components.insert(digest.clone(), component.clone());
                component
            }
        };
        let compiled = check_request(parsed, view, &component);
        let compiled = compiled.map_err(|problems| {
            let messages: Vec<String> = problems.into_iter().map(|problem| problem.message).collect();
            messages.join("; ")
        })?;
        let runs = Arc::new(RequestRuns::new(
            &compiled.view.name,
            &compiled.transform,
            self.guests.clone(),
            self.room.clone(),
        ));
        let first = Arc::clone(&runs);
        self.guests.threads.submit(move || first.prepare());
        Ok(Arc::new(ServedRequest { compiled, runs }))
    }
}

/// A value of the context from JSON: as join keys are written, and float64 as answers have it.
///
/// # Errors
/// What is wrong, naming the field.
pub(super) fn context_value(field: &ContextField, json: &serde_json::Value) -> Result<Value, String> {
    let value = match (field.kind.key_kind(), json) {
        (_, serde_json::Value::Null) => Some(Value::Null),
        (Some(kind), json) => {
            let key = JoinKey {
                name: field.name.clone(),
                kind,
            };
            KeyValue::from_json(&key, json).ok().map(Value::from)
        }
        (None, serde_json::Value::Number(number)) => number.as_f64().map(Value::Float64),
        (None, serde_json::Value::String(text)) => match text.as_str() {
            "NaN" => Some(Value::Float64(f64::NAN)),
            "Infinity" => Some(Value::Float64(f64::INFINITY)),
            "-Infinity" => Some(Value::Float64(f64::NEG_INFINITY)),
            _ => None,
        },
        (None, _) => None,
    };
    value.ok_or_else(|| {
        format!(
            "`{}` of the request context is {}, which {json} is not",
            field.name,
            field.kind.name()
        )
    })
}

impl From<KeyValue> for Value {
    fn from(key: KeyValue) -> Self {
        match key {
            KeyValue::Int64(value) => Self::Int64(value),
            KeyValue::Utf8(value) => Self::Utf8(value),
            KeyValue::Boolean(value) => Self::Boolean(value),
            KeyValue::Date(value) => Self::Date(value),
            KeyValue::Timestamp(value) => Self::Timestamp(value),
        }
    }
}

/// What became of a request view's features in one row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum RequestRow {
    /// They are there: their place in [`RequestAnswer::values`].
    Values(usize),
    /// What they are made of is not live yet.
    Missing,
    /// There was no time for them.
    TimedOut,
    /// The transformation failed.
    Failed,
}

/// What became of a request view's features.
#[derive(Debug, Clone)]
pub(super) struct RequestAnswer {
    pub(super) rows: Vec<RequestRow>,
    values: Rows<Value>,
    /// Time inside the guest; none if it did not run.
    pub(super) guest_time: Option<Duration>,
    /// Rows that the transformation failed on.
    pub(super) failed: usize,
}

impl RequestAnswer {
    /// Of so many rows that have no values, all for one reason.
    pub(super) fn all(rows: usize, row: RequestRow) -> Self {
        Self {
            rows: vec![row; rows],
            values: Rows::with_capacity(0, 0),
            guest_time: None,
            failed: 0,
        }
    }

    /// A value, if it is there.
    pub(super) fn value(&self, row: usize, column: usize) -> Option<&Value> {
        match self.rows.get(row)? {
            RequestRow::Values(at) => self.values.get(*at, column),
            _ => None,
        }
    }
}

/// What a request allows to be left out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Allowed {
    /// What failed.
    pub(super) failed: bool,
    /// What took too long.
    pub(super) late: bool,
}

impl ServedRequest {
    /// The features of rows, of whose input these are the columns. `alone` if no other view is computed for the request. An error is
    /// that of the whole request.
    pub(super) async fn answer(
        &self,
        columns: Vec<Vec<&Value>>,
        rows: usize,
        at: Timestamp,
        deadline: Instant,
        allowed: Allowed,
        alone: bool,
    ) -> Result<RequestAnswer, ServeError> {
        let batch = match self.input(&columns, rows) {
            Ok(batch) => batch,
            Err(message) => return self.unusable(message, rows, allowed),
        };
        let times = TimestampMicrosecondArray::from(vec![at.micros(); rows]);
        let ask = Ask {
            deadline: Some(deadline),
            row_by_row: allowed.failed && rows > 1,
        };
        let deadline = tokio::time::Instant::from_std(deadline);
        // Several run at once, so that one that takes all of the time takes it from no other.
        let computed = match alone {
            true => tokio::time::timeout_at(deadline, self.runs.compute_here(batch, times, ask)).await,
            false => tokio::time::timeout_at(deadline, self.runs.compute(batch, times, ask)).await,
        };
        match computed {
            Err(_) if allowed.late => Ok(RequestAnswer::all(rows, RequestRow::TimedOut)),
            Err(_) => Err(self.error(&RowError::OutOfTime)),
            Ok(Err(error)) => self.unusable(error.to_string(), rows, allowed),
            Ok(Ok(computed)) => self.told(computed, allowed),
        }
    }

    /// These columns as the transformation reads them.
    fn input(&self, columns: &[Vec<&Value>], rows: usize) -> Result<RecordBatch, String> {
        let fields = self.compiled.input.fields().iter();
        let bytes = fields
            .zip(columns)
            .map(|(field, values)| match field.data_type().primitive_width() {
                // What is of one width needs no look at each.
                Some(width) => width * values.len(),
                None => values.iter().map(|value| size_bytes(value)).sum::<usize>(),
            });
        let bytes: usize = bytes.sum();
        let memory_bytes = self.compiled.transform.limits.memory_bytes.min(i32::MAX as u64);
        if bytes as u64 > memory_bytes {
            return Err(format!(
                "its input is about {bytes} bytes, and it may have {memory_bytes} of memory"
            ));
        }
        let fields = self.compiled.input.fields().iter();
        let arrays = fields.zip(columns).map(|(field, values)| {
            column(field.data_type(), values).map_err(|error| format!("`{}`: {error}", field.name()))
        });
        let arrays: Vec<ArrayRef> = arrays.collect::<Result<_, String>>()?;
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&self.compiled.input), arrays, &options)
            .map_err(|error| error.to_string())
    }

    /// What cannot be handed to the transformation, or read from it, has failed like the transformation itself.
    fn unusable(&self, message: String, rows: usize, allowed: Allowed) -> Result<RequestAnswer, ServeError> {
        if !allowed.failed {
            return Err(ServeError::Guest(format!("{}: {message}", self.named())));
        }
        self.warn(rows, &message);
        Ok(RequestAnswer {
            failed: rows,
            ..RequestAnswer::all(rows, RequestRow::Failed)
        })
    }

    fn told(&self, computed: Computed, allowed: Allowed) -> Result<RequestAnswer, ServeError> {
        let count = computed.pieces.iter().map(|piece| piece.rows.len()).sum();
        let mut answer = RequestAnswer {
            rows: Vec::with_capacity(count),
            values: Rows::with_capacity(self.runs.output().fields().len(), count),
            guest_time: Some(computed.guest_time),
            failed: 0,
        };
        let mut first = None;
        for Piece { rows, outcome } in computed.pieces {
            let before = answer.values.count();
            let outcome = outcome.and_then(|batch| {
                let mut all = (0..batch.num_rows()).map(|row| {
                    let cells = batch.columns().iter().map(|column| Value::of(column, row));
                    answer.values.push(cells)
                });
                let all: Result<(), String> = all.try_for_each(|row| row);
                all.map_err(|message| RowError::Run(RunError::Internal { message }))
            });
            match outcome {
                Ok(()) => answer
                    .rows
                    .extend((before..answer.values.count()).map(RequestRow::Values)),
                Err(RowError::OutOfTime) if allowed.late => {
                    answer.rows.extend(vec![RequestRow::TimedOut; rows.len()]);
                }
                Err(RowError::Run(error)) if allowed.failed => {
                    first.get_or_insert(error);
                    answer.failed += rows.len();
                    answer.rows.extend(vec![RequestRow::Failed; rows.len()]);
                }
                Err(error) => return Err(self.error(&error)),
            }
        }
        if let Some(error) = first {
            self.warn(answer.failed, &error);
        }
        Ok(answer)
    }

    fn warn(&self, rows: usize, error: &dyn Display) {
        tracing::warn!(feature_view = self.runs.label(), rows, %error, "rows without features");
    }

    fn named(&self) -> String {
        format!("feature view `{}`", self.runs.label())
    }

    fn error(&self, error: &RowError) -> ServeError {
        let message = format!("{}: {error}", self.named());
        match error {
            RowError::OutOfTime => ServeError::TimedOut(message),
            // What the guest refuses is what the request says.
            RowError::Run(RunError::Failure {
                kind: FailureKind::Input,
                ..
            }) => ServeError::Invalid(message),
            RowError::Run(_) => ServeError::Guest(message),
        }
    }
}
