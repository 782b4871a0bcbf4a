//! Rows that a transformation could not use: who says so, why, and the row itself.

use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::RecordBatch;
use arrow::json::writer::{LineDelimited, WriterBuilder};
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// Who found that a row cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The guest rejected it.
    Rejected,
    /// The guest trapped on it.
    Trapped,
}

impl Cause {
    /// As the dead-letter table has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rejected => "rejected",
            Self::Trapped => "trapped",
        }
    }
}

/// A row that could not be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The input that it came by.
    pub input: String,
    /// The columns that the guest was given, as a JSON object.
    pub row: String,
    /// Who says so.
    pub cause: Cause,
    /// Why: the guest's words, or the trap.
    pub reason: String,
}

/// A row's text in a message.
const SHOWN_CHARS_MAX: usize = 300;

impl std::fmt::Display for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut row: String = self.row.chars().take(SHOWN_CHARS_MAX).collect();
        if row.len() < self.row.len() {
            row.push_str(" […]");
        }
        write!(f, "row {row} of input `{}`: {}", self.input, self.reason)
    }
}

/// The letters of a job, from all its runs.
#[derive(Debug, Clone)]
pub struct Letters {
    allowed: u64,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    count: u64,
    letters: Vec<Letter>,
}

/// A job that is to fail keeps so many, so that its failure can be looked into.
const KEPT_OF_A_FAILURE: usize = 1_000;

impl Letters {
    /// For a job that may reject so many rows.
    pub fn new(allowed: u64) -> Self {
        Self {
            allowed,
            held: Arc::default(),
        }
    }

    /// Takes a letter; false if there are more than are allowed, so that the job fails whatever comes.
    pub(super) fn take(&self, letter: Letter) -> bool {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.count += 1;
        if held.count <= self.allowed || held.letters.len() < KEPT_OF_A_FAILURE {
            held.letters.push(letter);
        }
        held.count <= self.allowed
    }

    /// How many rows there were.
    pub fn count(&self) -> u64 {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).count
    }

    /// How many a job may have.
    pub fn allowed(&self) -> u64 {
        self.allowed
    }

    /// All letters if no more than are allowed, else the first ones; in an order that does not depend on chance.
    pub fn all(&self) -> Vec<Letter> {
        let mut letters = self.held.lock().unwrap_or_else(PoisonError::into_inner).letters.clone();
        letters.sort_by(|a, b| (&a.input, &a.row, &a.reason).cmp(&(&b.input, &b.row, &b.reason)));
        letters
    }
}

/// One row of a batch as a JSON object, with its nulls.
pub(crate) fn row_as_json(batch: &RecordBatch, row: usize) -> String {
    if row >= batch.num_rows() {
        return "{}".to_owned();
    }
    let one = batch.slice(row, 1);
    let mut writer = WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, LineDelimited>(Vec::new());
    let written = writer.write(&one).and_then(|()| writer.finish());
    match (written, String::from_utf8(writer.into_inner())) {
        (Ok(()), Ok(text)) => text.trim_end().to_owned(),
        // A map whose keys are no texts: its values as texts.
        _ => as_texts(&one),
    }
}

fn as_texts(one: &RecordBatch) -> String {
    let options = FormatOptions::default().with_display_error(true);
    let columns = one.schema_ref().fields().iter().zip(one.columns());
    let object: serde_json::Map<String, serde_json::Value> = columns
        .map(|(field, column)| {
            let text = ArrayFormatter::try_new(column, &options).map(|formatter| formatter.value(0).to_string());
            let text = text.unwrap_or_else(|error| error.to_string());
            (field.name().clone(), serde_json::Value::String(text))
        })
        .collect();
    serde_json::Value::Object(object).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{ArrayRef, Int64Array, MapBuilder, StringArray};

    fn letter(row: &str) -> Letter {
        Letter {
            input: "rows".into(),
            row: row.into(),
            cause: Cause::Rejected,
            reason: "no".into(),
        }
    }

    #[test]
    fn as_many_are_kept_as_are_allowed_and_all_are_counted() {
        let letters = Letters::new(2);
        assert!(letters.take(letter("b")) && letters.take(letter("a")));
        assert_eq!(letters.all(), [letter("a"), letter("b")]);
        for _ in 0..2 * KEPT_OF_A_FAILURE {
            assert!(!letters.take(letter("c")));
        }
        assert_eq!(letters.count(), 2 + 2 * KEPT_OF_A_FAILURE as u64);
        assert_eq!(letters.all().len(), KEPT_OF_A_FAILURE);
    }

    #[test]
    fn rows_are_objects_with_their_nulls() {
        let columns: [(&str, ArrayRef); 2] = [
            ("id", std::sync::Arc::new(Int64Array::from(vec![1, 2]))),
            ("text", std::sync::Arc::new(StringArray::from(vec![Some("a\"b"), None]))),
        ];
        let batch = RecordBatch::try_from_iter(columns).expect("a batch");
        assert_eq!(row_as_json(&batch, 0), r#"{"id":1,"text":"a\"b"}"#);
        assert_eq!(row_as_json(&batch, 1), r#"{"id":2,"text":null}"#);
        assert_eq!(row_as_json(&batch, 2), "{}");
    }

    #[test]
    fn a_map_of_numbers_is_shown_too() {
        let mut map = MapBuilder::new(
            None,
            arrow::array::Int64Builder::new(),
            arrow::array::Int64Builder::new(),
        );
        map.keys().append_value(1);
        map.values().append_value(2);
        map.append(true).expect("an entry");
        let column: ArrayRef = std::sync::Arc::new(map.finish());
        let batch = RecordBatch::try_from_iter([("m", column)]).expect("a batch");
        assert!(row_as_json(&batch, 0).contains('1'), "{}", row_as_json(&batch, 0));
    }
}
