//! `context.toml` of a golden case: how its transformation is run, in the words of a feature view.

use std::collections::BTreeMap;
use std::ops::Range;

use super::keys::{column, filter, limits, optional, parameters};
use super::model::{LimitsOverride, ParameterText};
use super::problem::{Problem, Problems};
use super::reader::{Findings, Table, document};
use crate::time::{Span, Timestamp};

/// How a golden case's transformation is run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CaseContext {
    /// Where the interval begins.
    pub start: Option<Timestamp>,
    /// Where it ends.
    pub end: Option<Timestamp>,
    /// Values for the transformation's parameters.
    pub parameters: BTreeMap<String, ParameterText>,
    /// What is said of inputs.
    pub inputs: BTreeMap<String, CaseInput>,
    /// Rows that may be rejected or trapped on; any number of them if it is not said.
    pub max_rejected: Option<u64>,
    /// What the run may use, where it differs from the tenant's quota.
    pub limits: LimitsOverride,
}

/// What a case says of an input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseInput {
    /// How far before the interval its rows begin: zero or negative.
    pub start_time_offset: Span,
    /// Whether its rows may lie anywhere.
    pub unfiltered: bool,
    /// The column that holds its rows' time.
    pub timestamp_column: Option<String>,
}

/// A valid context, and where in the text its parts are.
#[derive(Debug, Clone, Default)]
pub struct ParsedContext {
    /// The context.
    pub context: CaseContext,
    spans: BTreeMap<String, Range<usize>>,
    file: String,
    text: String,
}

impl ParsedContext {
    /// What a case without the file has.
    pub fn missing(file: &str) -> Self {
        Self {
            file: file.to_owned(),
            ..Self::default()
        }
    }

    /// A problem with a key, such as `inputs.purchases`, or with the whole of it.
    pub fn problem(&self, key: &str, message: impl Into<String>, hint: Option<String>) -> Problem {
        Problem {
            message: message.into(),
            hint,
            span: self.spans.get(key).cloned().unwrap_or(0..0),
        }
    }

    /// These problems with the text that they are in.
    pub fn problems(&self, problems: Vec<Problem>) -> Problems {
        Problems::new(&self.file, &self.text, problems)
    }
}

/// Parses a `context.toml`. Every problem is in the error, not only the first.
pub fn parse_context(file: &str, text: &str) -> Result<ParsedContext, Problems> {
    let document = document(file, text)?;
    let findings = Findings::default();
    let span = 0..text.lines().next().map_or(0, str::len);
    let table = Table::new(&findings, document.get_ref(), span, "the context".to_owned());
    let mut spans = BTreeMap::new();
    for (key, _, value) in table.entries() {
        spans.insert(key.to_owned(), value.span());
    }
    match read(&table, &mut spans) {
        Some(context) if findings.is_empty() => Ok(ParsedContext {
            context,
            spans,
            file: file.to_owned(),
            text: text.to_owned(),
        }),
        _ => Err(Problems::new(file, text, findings.take())),
    }
}

fn read(table: &Table<'_>, spans: &mut BTreeMap<String, Range<usize>>) -> Option<CaseContext> {
    let start: Option<Option<Timestamp>> = optional(table, "start", |value| value.parsed());
    let end: Option<Option<Timestamp>> = optional(table, "end", |value| {
        let end = value.parsed()?;
        match start {
            Some(Some(start)) if end <= start => {
                value.problem(format!("the interval ends at {end} and begins at {start}"), None);
                None
            }
            Some(None) => {
                value.problem("`end` without a `start`", Some("say where it begins, too".to_owned()));
                None
            }
            _ => Some(end),
        }
    });
    let parameters = parameters(table);
    let inputs = match table.get("inputs") {
        Some(value) => value.table("`inputs`").and_then(|table| inputs(&table, spans)),
        None => Some(BTreeMap::new()),
    };
    let max_rejected = optional(table, "max_rejected", |value| value.whole());
    let limits = limits(table);
    table.finish();
    Some(CaseContext {
        start: start?,
        end: end?,
        parameters: parameters?,
        inputs: inputs?,
        max_rejected: max_rejected?,
        limits: limits?,
    })
}

fn inputs(table: &Table<'_>, spans: &mut BTreeMap<String, Range<usize>>) -> Option<BTreeMap<String, CaseInput>> {
    let mut inputs = Some(BTreeMap::new());
    for (name, span, value) in table.entries() {
        spans.insert(format!("inputs.{name}"), span);
        let input = value.table(format!("input `{name}`")).and_then(|table| {
            let (start_time_offset, unfiltered) = filter(&table);
            let timestamp_column = optional(&table, "timestamp_column", |value| column(&value));
            table.finish();
            Some(CaseInput {
                start_time_offset: start_time_offset?,
                unfiltered: unfiltered?,
                timestamp_column: timestamp_column?,
            })
        });
        match (input, &mut inputs) {
            (Some(input), Some(inputs)) => {
                inputs.insert(name.to_owned(), input);
            }
            _ => inputs = None,
        }
    }
    inputs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything() {
        let text = "start = 2024-01-31\nend = \"2024-02-01T12:00:00Z\"\nmax_rejected = 2\nparameters = { n = 1 }\n\
                    limits = { guest_time = \"1s\" }\n[inputs.a]\nstart_time_offset = \"-6d\"\ntimestamp_column = \"at\"\n\
                    [inputs.b]\nunfiltered = true\n";
        let parsed = parse_context("context.toml", text).expect("valid");
        let context = parsed.context;
        assert_eq!(
            context.start.map(|at| at.to_string()).as_deref(),
            Some("2024-01-31T00:00:00Z")
        );
        assert_eq!(context.inputs["a"].start_time_offset, Span::from_days(-6));
        assert_eq!(context.inputs["a"].timestamp_column.as_deref(), Some("at"));
        assert!(context.inputs["b"].unfiltered);
        assert_eq!((context.max_rejected, context.parameters.len()), (Some(2), 1));
    }

    #[test]
    fn every_problem_at_once() {
        let text = "start = \"2024-02-01\"\nend = \"2024-01-01\"\nparameter = 1\n[inputs.a]\nstart_time_offset = \"1d\"\noffset = 1\n";
        let problems = parse_context("context.toml", text).expect_err("wrong");
        let messages: Vec<_> = problems
            .problems()
            .iter()
            .map(|problem| problem.message.as_str())
            .collect();
        assert_eq!(
            messages,
            [
                "the interval ends at 2024-01-01T00:00:00Z and begins at 2024-02-01T00:00:00Z",
                "the context has no key `parameter`",
                "`start_time_offset` is zero or negative",
                "input `a` has no key `offset`",
            ]
        );
    }
}
