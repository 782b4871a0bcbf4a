use std::path::Path;

use arrow::array::RecordBatch;
use sandglass_runtime::{Component, Contract};

use super::case::{Case, Files};
use super::difference::difference;
use super::run::{Engine, Given, in_order, run};
use super::table::{self, Format};
use super::{Broken, rejected, shown};
use crate::transform::Letter;

/// What came of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It gives what it should.
    Passed,
    /// It gives something else; what, for people.
    Failed(String),
    /// It cannot be run or compared as it is.
    Broken(Broken),
    /// What it gives was accepted: these files were written or removed.
    Updated(Vec<String>),
}

/// Runs a case and compares, or, to `accept`, writes what it gives where that differs from what is expected.
pub async fn check(engine: &Engine<'_>, component: &Component, case: &Case, accept: bool) -> Outcome {
    match checked(engine, component, case, accept).await {
        Ok(outcome) => outcome,
        Err(broken) => Outcome::Broken(broken),
    }
}

async fn checked(engine: &Engine<'_>, component: &Component, case: &Case, accept: bool) -> Result<Outcome, Broken> {
    let contract = component
        .contract(&case.transformation)
        .ok_or_else(|| Broken::new(format!("{case}: there is no such transformation")))?;
    let files = Files::new(case, contract)?;
    let given = run(engine, component, contract, case, &files).await?;
    let compared = compare(&files, contract, case, &given);
    match compared {
        Ok(None) => Ok(Outcome::Passed),
        _ if accept => write(&files, case, &given).map(Outcome::Updated),
        Ok(Some(difference)) => Ok(Outcome::Failed(difference)),
        Err(broken) => Err(broken),
    }
}

/// What differs, if anything does.
fn compare(files: &Files, contract: &Contract, case: &Case, given: &Given) -> Result<Option<String>, Broken> {
    let folder = shown(&case.folder);
    match (&files.expected, files.error.exists()) {
        (Some(_), true) => Err(Broken::new(format!("{folder} expects rows and an error"))
            .hint("remove `error.txt`, or `expected` and `rejected.jsonl`")),
        (None, false) => Err(Broken::new(format!("{folder} has neither expected.csv nor error.txt"))
            .hint("`sandglass test --update` writes what the case gives now")),
        (None, true) => against_error(files, given),
        (Some((path, format)), false) => against_rows(files, contract, path, *format, given),
    }
}

fn against_error(files: &Files, given: &Given) -> Result<Option<String>, Broken> {
    let text = read(&files.error)?;
    let expected = text.trim();
    if expected.is_empty() {
        return Err(
            Broken::new(format!("{} is empty", shown(&files.error))).hint("write a part of what the error should say")
        );
    }
    Ok(match given {
        Given::Error(error) if error.contains(expected) => None,
        Given::Error(error) => Some(format!("another error\n- {expected}\n+ {error}\n")),
        Given::Rows(rows, letters) => Some(format!(
            "an error expected, {} rows given, {} rejected\n- {expected}\n",
            rows.num_rows(),
            letters.len()
        )),
    })
}

fn against_rows(
    files: &Files,
    contract: &Contract,
    path: &Path,
    format: Format,
    given: &Given,
) -> Result<Option<String>, Broken> {
    let (rows, letters) = match given {
        Given::Error(error) => return Ok(Some(format!("rows expected, an error given\n+ {error}\n"))),
        Given::Rows(rows, letters) => (rows, letters),
    };
    let expected = table::read(path, format, &rows.schema())?;
    let expected = in_order(contract, expected).map_err(|error| Broken::new(format!("{}: {error}", shown(path))))?;
    let columns: Vec<String> = rows
        .schema_ref()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let mut text = String::new();
    if let Some(difference) = difference(&columns, &table::rows(&expected), &table::rows(rows)) {
        text.push_str(&difference);
    }
    let expected = if files.rejected.exists() {
        rejected::read(&files.rejected, &read(&files.rejected)?)?
    } else {
        Vec::new()
    };
    if let Some(difference) = difference(&rejected::columns(), &expected, &rejected::rows(letters)) {
        text.push_str(&format!("rejected: {difference}"));
    }
    Ok((!text.is_empty()).then_some(text))
}

fn read(path: &Path) -> Result<String, Broken> {
    std::fs::read_to_string(path).map_err(|error| Broken::new(format!("cannot read {}: {error}", shown(path))))
}

/// Writes what a case gives; the names of the files that were written or removed.
fn write(files: &Files, case: &Case, given: &Given) -> Result<Vec<String>, Broken> {
    let expected = files.expected.clone();
    let (expected, format) = expected.unwrap_or_else(|| (case.folder.join("expected.csv"), Format::Csv));
    let wanted: [(&Path, Option<Vec<u8>>); 3] = match given {
        Given::Error(error) => [
            (&expected, None),
            (&files.rejected, None),
            (&files.error, Some(format!("{error}\n").into_bytes())),
        ],
        Given::Rows(rows, letters) => [
            (&expected, Some(of_rows(rows, format)?)),
            (&files.rejected, of_letters(letters)),
            (&files.error, None),
        ],
    };
    let mut changed = Vec::new();
    for (path, bytes) in wanted {
        let failed = |error: std::io::Error| Broken::new(format!("cannot write {}: {error}", shown(path)));
        match bytes {
            Some(bytes) if std::fs::read(path).ok().as_ref() == Some(&bytes) => continue,
            Some(bytes) => std::fs::write(path, bytes).map_err(failed)?,
            None if path.exists() => std::fs::remove_file(path).map_err(failed)?,
            None => continue,
        }
        changed.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
    }
    Ok(changed)
}

fn of_rows(rows: &RecordBatch, format: Format) -> Result<Vec<u8>, Broken> {
    table::write(format, rows)
}

fn of_letters(letters: &[Letter]) -> Option<Vec<u8>> {
    (!letters.is_empty()).then(|| rejected::write(letters).into_bytes())
}
