use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use arrow::row::{RowConverter, SortField};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use sandglass_runtime::{Component, Context, Contract, Input, Limit, Mode, RunError, host_type};

use super::case::{Case, Files};
use super::{Broken, ROWS_MAX, shown, table};
use crate::definition::{CaseInput, ParsedContext, Problems, parse_context};
use crate::materialize::MaterializeError;
use crate::project::{limits, parameters};
use crate::time::{Grid, Interval, Span, Timestamp};
use crate::transform::{Guests, Letter, Letters, StepError, Transform, plan};

/// Bytes of rows that a case may return.
const BYTES_MAX: usize = 256 << 20;
/// Rejected rows that an error lists.
const LISTED: usize = 3;

/// What cases are run with.
pub struct Engine<'a> {
    /// DataFusion's session, with its memory pool.
    pub session: &'a SessionContext,
    /// Where guests run.
    pub guests: &'a Guests,
}

/// How a case ended.
pub(super) enum Given {
    /// With rows, in the order that they are compared in, and with rows that could not be used.
    Rows(RecordBatch, Vec<Letter>),
    /// With an error: what it says, without what changes from run to run.
    Error(String),
}

/// Runs a case as a job would run.
pub(super) async fn run(
    engine: &Engine<'_>,
    component: &Component,
    contract: &Arc<Contract>,
    case: &Case,
    files: &Files,
) -> Result<Given, Broken> {
    let context = context(files)?;
    let inputs: Vec<RecordBatch> = contract
        .inputs
        .iter()
        .zip(&files.inputs)
        .map(|(input, (path, format))| table::read(path, *format, &input.columns))
        .collect::<Result<_, _>>()?;
    let letters = Letters::new(context.context.max_rejected.unwrap_or(u64::MAX));
    let (transform, interval) = prepare(engine, component, contract, case, files, &context, &inputs, &letters)?;
    let engine_failed = |error: &dyn std::fmt::Display| Broken::new(format!("{}: {error}", shown(&case.folder)));
    let scans = inputs.iter().map(|rows| {
        let scan = MemorySourceConfig::try_new_exec(&[vec![rows.clone()]], rows.schema(), None)?;
        Ok(scan as Arc<dyn ExecutionPlan>)
    });
    let scans = scans
        .collect::<datafusion::common::Result<_>>()
        .map_err(|error| engine_failed(&error))?;
    // One run, so that the order of its rows is the guest's own.
    let node = plan(transform, scans, 1).map_err(|error| engine_failed(&error))?;
    let mut stream = execute_stream(node, engine.session.task_ctx()).map_err(|error| engine_failed(&error))?;
    let (mut batches, mut rows, mut bytes) = (Vec::new(), 0, 0);
    while let Some(batch) = stream.next().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => return error_of(MaterializeError::of_plan(&case.transformation, interval, error), case),
        };
        rows += batch.num_rows();
        bytes += batch.get_array_memory_size();
        if rows > ROWS_MAX || bytes > BYTES_MAX {
            let message = format!("{} returns more than {ROWS_MAX} rows or {} MiB", case, BYTES_MAX >> 20);
            return Err(Broken::new(message).hint("a golden case is for people to read: give it less"));
        }
        batches.push(batch);
    }
    if letters.count() > letters.allowed() {
        let first: Vec<_> = letters.all().iter().take(LISTED).map(ToString::to_string).collect();
        return Ok(Given::Error(format!(
            "the transformation rejected {} rows, {} are allowed; the first: {}",
            letters.count(),
            letters.allowed(),
            first.join("; ")
        )));
    }
    let schema: SchemaRef = Arc::clone(&contract.output);
    let rows = concat_batches(&schema, &batches).map_err(|error| engine_failed(&error))?;
    let rows = in_order(contract, rows).map_err(|error| engine_failed(&error))?;
    Ok(Given::Rows(rows, letters.all()))
}

fn context(files: &Files) -> Result<ParsedContext, Broken> {
    let file = shown(&files.context);
    if !files.context.exists() {
        return Ok(ParsedContext::missing(&file));
    }
    let text =
        std::fs::read_to_string(&files.context).map_err(|error| Broken::new(format!("cannot read {file}: {error}")))?;
    parse_context(&file, &text).map_err(Broken::from)
}

impl From<Problems> for Broken {
    /// A line for each problem, and one for what to do about it.
    fn from(problems: Problems) -> Self {
        let each = problems.problems().iter().map(|problem| {
            let place = format!("{}:{}", problems.file(), problems.line(problem));
            let hint = problem
                .hint
                .as_ref()
                .map(|hint| format!("\nhint: {hint}"))
                .unwrap_or_default();
            format!("{place}: {}{hint}", problem.message)
        });
        Self::new(each.collect::<Vec<_>>().join("\n"))
    }
}

#[expect(clippy::too_many_arguments, reason = "called once; each is another noun")]
fn prepare(
    engine: &Engine<'_>,
    component: &Component,
    contract: &Arc<Contract>,
    case: &Case,
    files: &Files,
    parsed: &ParsedContext,
    inputs: &[RecordBatch],
    letters: &Letters,
) -> Result<(Transform, Interval), Broken> {
    let context = &parsed.context;
    let mut problems = Vec::new();
    for name in context.inputs.keys() {
        if !contract.inputs.iter().any(|input| input.name == *name) {
            let known: Vec<_> = contract
                .inputs
                .iter()
                .map(|input| format!("`{}`", input.name))
                .collect();
            let message = format!("`{}` has no input `{name}`; it has {}", contract.name, known.join(", "));
            problems.push(parsed.problem(&format!("inputs.{name}"), message, None));
        }
    }
    let values = parameters(contract, &context.parameters).unwrap_or_else(|found| {
        problems.extend(
            found
                .into_iter()
                .map(|(message, hint)| parsed.problem("parameters", message, hint)),
        );
        Vec::new()
    });
    let said = |input: &Input| context.inputs.get(&input.name).cloned().unwrap_or_default();
    let mut times = Vec::new();
    for input in &contract.inputs {
        match time_column(contract, input, &said(input)) {
            Ok(column) => times.push(column),
            Err((message, hint)) => {
                problems.push(parsed.problem(&format!("inputs.{}", input.name), message, Some(hint)))
            }
        }
    }
    if context.start.is_none() && !contract.scope.is_per_row() {
        let message = format!(
            "no `start`: what a transformation of the scope {} returns may depend on its interval",
            contract.scope.name()
        );
        problems.push(parsed.problem(
            "",
            message,
            Some("write `start = \"2024-01-31\"`, and `end` if it is not a day".into()),
        ));
    }
    if !problems.is_empty() {
        return Err(parsed.problems(problems).into());
    }
    let interval = match context.start {
        Some(start) => Interval {
            start,
            end: context.end.unwrap_or_else(|| start.saturating_add(Span::DAY)),
        },
        None => days_of(inputs, &times),
    };
    let mut ranges = Vec::new();
    for (((input, rows), time), (path, _)) in contract.inputs.iter().zip(inputs).zip(&times).zip(&files.inputs) {
        let CaseInput {
            start_time_offset,
            unfiltered,
            ..
        } = said(input);
        let range = (!unfiltered).then(|| Interval {
            start: interval.start.saturating_add(start_time_offset),
            end: interval.end,
        });
        if let Some(time) = time {
            in_range(rows, time, range).map_err(|message| {
                Broken::new(format!("{}: {message}", shown(path))).hint(format!(
                    "a job does not hand such a row in: change it, or write `start`, `end` and `inputs.{}` with `start_time_offset` or \
                     `unfiltered` in context.toml",
                    input.name
                ))
            })?;
        }
        ranges.push(range);
    }
    let micros = |range: &Interval| (range.start.micros(), range.end.micros());
    let transform = Transform {
        component: component.clone(),
        contract: Arc::clone(contract),
        context: Context {
            mode: Mode::Materialize {
                start: interval.start.micros(),
                end: interval.end.micros(),
            },
            ranges: ranges.iter().map(|range| range.as_ref().map(micros)).collect(),
            parameters: values,
            lineage: false,
        },
        limits: limits(&context.limits),
        guests: engine.guests.clone(),
        label: case.to_string(),
        letters: letters.clone(),
        time_columns: times.into_iter().map(Option::unwrap_or_default).collect(),
    };
    Ok((transform, interval))
}

/// The column of an input that holds its rows' time: the one that the case names, the only one there is, or `timestamp`.
fn time_column(contract: &Contract, input: &Input, said: &CaseInput) -> Result<Option<String>, (String, String)> {
    let times: Vec<&String> = input
        .columns
        .fields()
        .iter()
        .filter(|field| *field.data_type() == host_type::timestamp())
        .map(|field| field.name())
        .collect();
    let listed = || {
        times
            .iter()
            .map(|name| format!("`{name}`"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    match (&said.timestamp_column, times.as_slice()) {
        (Some(name), _) if times.contains(&name) => Ok(Some(name.clone())),
        (Some(name), []) => {
            let message = format!("input `{}` has no time column `{name}`, and no other", input.name);
            Err((message, "leave `timestamp_column` out".to_owned()))
        }
        (Some(name), _) => {
            let message = format!("input `{}` has no time column `{name}`", input.name);
            Err((message, format!("it has {}", listed())))
        }
        (None, []) => Ok(None),
        (None, [only]) => Ok(Some((*only).clone())),
        (None, several) => match several.iter().find(|name| *name == &"timestamp") {
            Some(name) => Ok(Some((*name).clone())),
            None if contract.scope.is_per_row() => Ok(None),
            None => {
                let message = format!("input `{}` has several time columns: {}", input.name, listed());
                let hint = format!(
                    "say which one its rows are sorted by: `inputs.{}.timestamp_column`",
                    input.name
                );
                Err((message, hint))
            }
        },
    }
}

/// The days that the rows lie in; the first day of 1970 if there are none.
fn days_of(inputs: &[RecordBatch], times: &[Option<String>]) -> Interval {
    let micros = inputs.iter().zip(times).filter_map(|(rows, time)| {
        let times = rows
            .column_by_name(time.as_ref()?)?
            .as_primitive_opt::<TimestampMicrosecondType>()?;
        Some((arrow::compute::min(times)?, arrow::compute::max(times)?))
    });
    let ends = micros.reduce(|(first, last), (min, max)| (first.min(min), last.max(max)));
    let (first, last) = ends.unwrap_or((0, 0));
    let epoch = Timestamp::from_micros(0);
    match Grid::new(epoch, Span::DAY) {
        Some(days) => Interval {
            start: days.floor(Timestamp::from_micros(first)),
            end: days.interval(Timestamp::from_micros(last)).end,
        },
        None => Interval {
            start: epoch,
            end: epoch.saturating_add(Span::DAY),
        },
    }
}

/// Whether a job would hand these rows in; the message names the first that it would not.
fn in_range(rows: &RecordBatch, time: &str, range: Option<Interval>) -> Result<(), String> {
    let Some(times) = rows
        .column_by_name(time)
        .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
    else {
        return Ok(());
    };
    for row in 0..rows.num_rows() {
        if times.is_null(row) {
            return Err(format!("row {}: its time `{time}` is null", row + 1));
        }
        let at = Timestamp::from_micros(times.value(row));
        if let Some(range) = range.filter(|range| !range.contains(at)) {
            return Err(format!("row {}: `{time}` is {at}, outside of {range}", row + 1));
        }
    }
    Ok(())
}

/// Rows of a per-row transformation stay in its own order; others are sorted by their columns, as their order has no meaning.
pub(super) fn in_order(contract: &Contract, rows: RecordBatch) -> Result<RecordBatch, arrow::error::ArrowError> {
    if contract.scope.is_per_row() {
        return Ok(rows);
    }
    let mut places: Vec<u32> = (0..u32::try_from(rows.num_rows()).unwrap_or(u32::MAX)).collect();
    let (columns, fields): (Vec<_>, Vec<_>) = rows
        .columns()
        .iter()
        .map(|column| (Arc::clone(column), SortField::new(column.data_type().clone())))
        .filter(|(_, field)| RowConverter::supports_fields(std::slice::from_ref(field)))
        .unzip();
    // What cannot be compared is compared as text.
    let texts = table::rows(&rows);
    if columns.is_empty() {
        places.sort_by(|a, b| texts.get(*a as usize).cmp(&texts.get(*b as usize)));
    } else {
        let keys = RowConverter::new(fields)?.convert_columns(&columns)?;
        let key = |place: u32| (keys.row(place as usize), texts.get(place as usize));
        places.sort_by(|a, b| key(*a).cmp(&key(*b)));
    }
    take_record_batch(&rows, &arrow::array::UInt32Array::from(places))
}

/// A guest's failure is what a case may expect; the host's is nobody's.
fn error_of(error: MaterializeError, case: &Case) -> Result<Given, Broken> {
    let host = |message: String| Err(Broken::new(format!("{}: {message}", shown(&case.folder))));
    match error {
        MaterializeError::Transform(error) => match error.error {
            StepError::Run(error @ (RunError::OutOfMemory { .. } | RunError::Internal { .. })) => {
                host(error.to_string())
            }
            StepError::Run(
                ref error @ RunError::Limit {
                    limit: Limit::GuestTime,
                    ..
                },
            ) => {
                // How much was used differs from run to run.
                let text = error.to_string();
                let text = text.split_once(": used ").map_or(text.as_str(), |(text, _)| text);
                Ok(Given::Error(text.to_owned()))
            }
            error => Ok(Given::Error(error.to_string())),
        },
        other => host(other.to_string()),
    }
}
