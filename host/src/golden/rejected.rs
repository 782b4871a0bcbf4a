//! `rejected.jsonl`: a line for each row that could not be used, in an order that does not depend on chance.

use std::path::Path;

use serde_json::Value;

use super::csv::Record;
use super::{Broken, shown};
use crate::transform::Letter;

const KEYS: [&str; 4] = ["input", "row", "cause", "reason"];

/// What the cells of [`rows`] are.
pub(super) fn columns() -> Vec<String> {
    KEYS.map(str::to_owned).to_vec()
}

/// Letters as cells.
pub(super) fn rows(letters: &[Letter]) -> Vec<Record> {
    let row = |letter: &Letter| {
        // As a reader would write it, so that it can be compared with what was read.
        let value: Option<Value> = serde_json::from_str(&letter.row).ok();
        let row = value.map_or_else(|| letter.row.clone(), |value| value.to_string());
        let cells = [&letter.input, &row, letter.cause.name(), &letter.reason].map(|cell| Some(cell.to_owned()));
        cells.to_vec()
    };
    let mut rows: Vec<Record> = letters.iter().map(row).collect();
    rows.sort();
    rows
}

/// The file's text.
pub(super) fn write(letters: &[Letter]) -> String {
    let quoted = |text: &str| Value::from(text).to_string();
    let line = |letter: &Letter| {
        format!(
            "{{\"input\": {}, \"row\": {}, \"cause\": {}, \"reason\": {}}}\n",
            quoted(&letter.input),
            letter.row,
            quoted(letter.cause.name()),
            quoted(&letter.reason)
        )
    };
    letters.iter().map(line).collect()
}

/// The rows of a file's text; see [`rows`].
pub(super) fn read(path: &Path, text: &str) -> Result<Vec<Record>, Broken> {
    let mut rows = Vec::new();
    for (line, text) in text.lines().enumerate().filter(|(_, text)| !text.trim().is_empty()) {
        let wrong = |message: String| {
            Broken::new(format!("{}:{}: {message}", shown(path), line + 1))
                .hint("`sandglass test --update` writes the file as it should be")
        };
        let value: Value = serde_json::from_str(text).map_err(|error| wrong(format!("not JSON: {error}")))?;
        let object = value.as_object().ok_or_else(|| wrong("not an object".to_owned()))?;
        if let Some(key) = object.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(wrong(format!(
                "no key `{key}`; there are `input`, `row`, `cause` and `reason`"
            )));
        }
        let mut record = Record::new();
        for key in KEYS {
            let cell = match object.get(key) {
                None => return Err(wrong(format!("`{key}` is missing"))),
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
            };
            record.push(Some(cell));
        }
        rows.push(record);
    }
    rows.sort();
    Ok(rows)
}
