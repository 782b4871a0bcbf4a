//! Runs a case as the host runs a job, call by call.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use sandglass_runtime::{
    Component, Context, Contract, FailureKind, Limits, ParameterValue, Run, RunError, Scope, Unaccounted, lower,
};

use super::case::{Case, End, Given, Step};
use super::{compare, contracts};

/// What was logged: levels and messages.
type Logs = Arc<Mutex<Vec<(String, String)>>>;

/// Nothing that the kit asks of a guest takes long; an interpreter on a busy machine has time enough, too.
const GUEST_TIME: Duration = Duration::from_secs(120);

/// What was not as it should be.
pub(super) fn run(component: &Component, case: &Case) -> Result<(), String> {
    let contract = contracts::named(case.transformation);
    let context = Context {
        mode: case.mode,
        ranges: case.ranges.clone(),
        parameters: parameters(&contract, case),
        lineage: case.lineage,
    };
    let limits = Limits {
        guest_time: GUEST_TIME,
        ..Limits::default()
    };
    let logs = Logs::default();
    let sink = Arc::clone(&logs);
    let log = move |level: &str, message: &str| {
        if let Ok(mut logs) = sink.lock() {
            logs.push((level.to_owned(), message.to_owned()));
        }
    };
    let opened = Run::open(
        component,
        case.transformation,
        context.clone(),
        &limits,
        Box::new(Unaccounted),
        log,
    );
    let mut run = opened.map_err(|error| format!("`open`: {error}"))?;
    for round in 0..case.runs {
        if round > 0 {
            run = run
                .again(context.clone(), GUEST_TIME)
                .map_err(|error| format!("run {} in one instance: {error}", round + 1))?;
        }
        steps(&mut run, &contract, case)?;
    }
    let Some(expected) = &case.logs else {
        return Ok(());
    };
    let logged = logs.lock().map(|logs| logs.clone()).unwrap_or_default();
    let expected: Vec<_> = expected
        .iter()
        .map(|(level, message)| ((*level).to_owned(), message.clone()))
        .collect();
    if logged == expected {
        return Ok(());
    }
    Err(format!("it logged {logged:?}, it should log {expected:?}"))
}

fn parameters(contract: &Contract, case: &Case) -> Vec<(String, ParameterValue)> {
    let value = |parameter: &sandglass_runtime::Parameter| {
        let mut given = case.parameters.iter();
        let given = given.find(|(name, _)| *name == parameter.name);
        let value = given.map(|(_, value)| value.clone()).or(parameter.default.clone());
        (
            parameter.name.clone(),
            value.expect("cases give what has no default, a test looks"),
        )
    };
    contract.parameters.iter().map(value).collect()
}

fn steps(run: &mut Run, contract: &Contract, case: &Case) -> Result<(), String> {
    let last = case.steps.len().saturating_sub(1);
    for (index, step) in case.steps.iter().enumerate() {
        let place = |problem: String| match step {
            Step::Push(input, rows, _) => format!(
                "push {} of {} rows into input {input}: {problem}",
                index + 1,
                rows.num_rows()
            ),
            Step::EndKeys(_) => format!("call {}, `end-keys`: {problem}", index + 1),
            Step::Finish(_) => format!("`finish`: {problem}"),
        };
        let (called, expected) = match step {
            Step::Push(input, rows, given) => (run.push(*input, &lower(rows).map_err(&place)?), given),
            Step::EndKeys(given) => (run.end_keys(), given),
            Step::Finish(given) => (run.finish(), given),
        };
        let ended = called.and_then(|()| drain(run, contract));
        match (ended, &case.end) {
            (Ok(given), End::Well) => look(expected, &given, contract, case).map_err(place)?,
            (Ok(given), _) if index < last => look(expected, &given, contract, case).map_err(place)?,
            (Ok(_), end) => return Err(place(format!("ended well, it should end with {}", told(end)))),
            (Err(error), end) => {
                let is_right = index == last && ends(&error, end);
                return match is_right {
                    true => Ok(()),
                    false => Err(place(format!("{error}; it should end {}", told(end)))),
                };
            }
        }
    }
    Ok(())
}

fn told(end: &End) -> String {
    match end {
        End::Well => "well".to_owned(),
        End::Failure(kind, message, row) => {
            let row = row.map(|row| format!(" (row {row})")).unwrap_or_default();
            format!("with the failure {kind:?} {message:?}{row}")
        }
        End::Crash => "with a trap or a failure of its own".to_owned(),
    }
}

fn ends(error: &RunError, end: &End) -> bool {
    match (error, end) {
        (RunError::Trap { .. }, End::Crash) => true,
        (RunError::Failure { kind, .. }, End::Crash) => *kind == FailureKind::Internal,
        (RunError::Failure { kind, message, row, .. }, End::Failure(expected, text, at)) => {
            kind == expected && message == text && row == at
        }
        _ => false,
    }
}

/// All outputs until there is no more, as one.
fn drain(run: &mut Run, contract: &Contract) -> Result<Given, RunError> {
    let mut parts: Vec<RecordBatch> = Vec::new();
    let mut given = Given::rows(RecordBatch::new_empty(Arc::clone(&contract.output)));
    while let Some(output) = run.next_output()? {
        if let Some(rows) = output.source_rows {
            given.source_rows.get_or_insert_default().extend(rows);
        }
        given.rejected.extend(
            output
                .rejected
                .into_iter()
                .map(|rejection| (rejection.row, rejection.message)),
        );
        parts.push(output.batch);
    }
    given.rows = match <[RecordBatch; 1]>::try_from(parts) {
        Ok([only]) => only,
        Err(parts) => concat_batches(&contract.output, &parts).map_err(|error| RunError::Internal {
            message: error.to_string(),
        })?,
    };
    Ok(given)
}

fn look(expected: &Given, given: &Given, contract: &Contract, case: &Case) -> Result<(), String> {
    if let Some(difference) = compare::difference(&expected.rows, &given.rows, case.equality) {
        return Err(difference);
    }
    let mut rejected = given.rejected.clone();
    rejected.sort();
    if rejected != expected.rejected {
        return Err(format!(
            "it rejected {rejected:?}, it should reject {:?}",
            expected.rejected
        ));
    }
    let wanted = case.lineage && contract.scope == Scope::Row;
    let sources = |given: &Given| given.source_rows.clone().unwrap_or_default();
    if wanted && sources(given) != sources(expected) {
        let (have, want) = (sources(given), sources(expected));
        let row = have.iter().zip(&want).position(|(have, want)| have != want);
        return Err(match row {
            Some(row) => format!("row {row} came from row {}, it should be {}", have[row], want[row]),
            None => format!("{} source rows, there should be {}", have.len(), want.len()),
        });
    }
    Ok(())
}
