//! Reads tables of a definition key by key and gathers every problem with its span, instead of stopping at the first.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Problem, Problems, list, similar};

/// Where problems go.
#[derive(Default)]
pub(super) struct Findings {
    problems: RefCell<Vec<Problem>>,
    /// Where something is written that must not be shown.
    hidden: RefCell<Vec<Range<usize>>>,
}

impl Findings {
    pub(super) fn add(&self, span: Range<usize>, message: impl Into<String>, hint: Option<String>) {
        self.problems.borrow_mut().push(Problem {
            message: message.into(),
            hint,
            span,
        });
    }

    pub(super) fn take(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    /// The text as it may be shown.
    pub(super) fn shown(&self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        for span in self.hidden.borrow().iter() {
            for byte in bytes.get_mut(span.clone()).into_iter().flatten() {
                if *byte != b'\n' {
                    *byte = b'*';
                }
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.problems.borrow().is_empty()
    }
}

/// A text's tables; every place where it is not TOML is in the error.
pub(super) fn document<'t>(file: &str, text: &'t str) -> Result<Spanned<DeTable<'t>>, Problems> {
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok(document);
    }
    let problem = |error: toml::de::Error| Problem {
        message: format!("not TOML: {}", error.message()),
        hint: None,
        span: error.span().unwrap_or(0..0),
    };
    Err(Problems::new(file, text, errors.into_iter().map(problem).collect()))
}

/// A value with its place.
#[derive(Clone, Copy)]
pub(super) struct Value<'a> {
    pub(super) findings: &'a Findings,
    spanned: &'a Spanned<DeValue<'a>>,
    /// What it is called in messages.
    name: &'a str,
}

/// A table whose keys are read one by one; what is left unread at the end is unknown.
pub(super) struct Table<'a> {
    pub(super) findings: &'a Findings,
    table: &'a DeTable<'a>,
    /// Where the table itself is.
    pub(super) span: Range<usize>,
    /// Such as "feature view `clicks`".
    pub(super) what: String,
    known: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Value<'a> {
    pub(super) fn span(&self) -> Range<usize> {
        self.spanned.span()
    }

    /// What it is called in messages.
    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    /// A problem with what must not be shown, in no message.
    pub(super) fn hidden(&self, message: &str, hint: Option<String>) {
        self.findings.hidden.borrow_mut().push(self.span());
        self.findings.add(self.span(), message, hint);
    }

    pub(super) fn problem(&self, message: impl Into<String>, hint: Option<String>) {
        self.findings.add(self.span(), message, hint);
    }

    fn mistyped<T>(&self, wanted: &str) -> Option<T> {
        let found = self.spanned.get_ref().type_str();
        self.problem(
            format!("`{}` is {}, it should be {wanted}", self.name, article(found)),
            None,
        );
        None
    }

    pub(super) fn raw(&self) -> &'a DeValue<'a> {
        self.spanned.get_ref()
    }

    pub(super) fn text(&self) -> Option<&'a str> {
        match self.raw() {
            DeValue::String(text) => Some(text),
            _ => self.mistyped("a string"),
        }
    }

    /// A text of such characters, with one at least.
    pub(super) fn checked(&self, is_valid: impl Fn(char) -> bool, longest: usize, what: &str) -> Option<String> {
        let text = self.text()?;
        if text.is_empty() || text.len() > longest || !text.chars().all(is_valid) {
            self.problem(format!("`{}` should be {what}", self.name), None);
            return None;
        }
        Some(text.to_owned())
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        match self.raw() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.mistyped("true or false"),
        }
    }

    pub(super) fn whole(&self) -> Option<u64> {
        match self.integer() {
            Some(Ok(value)) if value >= 0 => value.try_into().ok(),
            Some(_) => {
                self.problem(
                    format!("`{}` should be a whole number from 0 to {}", self.name, i64::MAX),
                    None,
                );
                None
            }
            None => self.mistyped("a whole number"),
        }
    }

    /// None if it is no integer at all, an error if it does not fit.
    pub(super) fn integer(&self) -> Option<Result<i64, ()>> {
        match self.raw() {
            DeValue::Integer(number) => Some(i64::from_str_radix(number.as_str(), number.radix()).map_err(|_| ())),
            _ => None,
        }
    }

    /// A string that parses, or a TOML date or time.
    pub(super) fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self) -> Option<T> {
        let text = match self.raw() {
            DeValue::Datetime(time) => time.to_string(),
            _ => self.text()?.to_owned(),
        };
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(error.to_string(), None);
                None
            }
        }
    }

    /// One of these words.
    pub(super) fn one_of<T: Copy>(&self, words: &[(&'static str, T)]) -> Option<T> {
        let text = self.text()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let names = || words.iter().map(|(word, _)| *word);
        let hint = similar(text, names()).map(|word| format!("did you mean `{word}`?"));
        self.problem(
            format!("`{}` is \"{text}\"; it can be {}", self.name, list(names())),
            hint,
        );
        None
    }

    pub(super) fn array(&self) -> Option<Vec<Value<'a>>> {
        match self.raw() {
            DeValue::Array(values) => Some(
                values
                    .iter()
                    .map(|spanned| Value {
                        findings: self.findings,
                        spanned,
                        name: self.name,
                    })
                    .collect(),
            ),
            _ => self.mistyped("an array"),
        }
    }

    pub(super) fn is_text(&self) -> bool {
        matches!(self.raw(), DeValue::String(_))
    }

    pub(super) fn is_array(&self) -> bool {
        matches!(self.raw(), DeValue::Array(_))
    }

    pub(super) fn is_table(&self) -> bool {
        matches!(self.raw(), DeValue::Table(_))
    }

    pub(super) fn table(&self, what: impl Into<String>) -> Option<Table<'a>> {
        match self.raw() {
            DeValue::Table(table) => Some(Table::new(self.findings, table, self.span(), what.into())),
            _ => self.mistyped("a table"),
        }
    }
}

impl<'a> Table<'a> {
    pub(super) fn new(findings: &'a Findings, table: &'a DeTable<'a>, span: Range<usize>, what: String) -> Self {
        Self {
            findings,
            table,
            span,
            what,
            known: RefCell::default(),
        }
    }

    pub(super) fn get(&self, key: &'static str) -> Option<Value<'a>> {
        self.known.borrow_mut().insert(key);
        self.table.get(key).map(|spanned| Value {
            findings: self.findings,
            spanned,
            name: key,
        })
    }

    pub(super) fn require(&self, key: &'static str) -> Option<Value<'a>> {
        let value = self.get(key);
        if value.is_none() {
            self.findings
                .add(self.span.clone(), format!("{} has no `{key}`", self.what), None);
        }
        value
    }

    /// Keys and values in the order of the text.
    pub(super) fn entries(&self) -> Vec<(&'a str, Range<usize>, Value<'a>)> {
        let mut entries: Vec<_> = self
            .table
            .iter()
            .map(|(key, spanned)| {
                let name: &'a str = key.get_ref();
                (
                    name,
                    key.span(),
                    Value {
                        findings: self.findings,
                        spanned,
                        name,
                    },
                )
            })
            .collect();
        entries.sort_by_key(|(_, span, _)| span.start);
        entries
    }

    /// Refuses every key that nobody asked for.
    pub(super) fn finish(&self) {
        let known = self.known.borrow();
        for (key, span, _) in self.entries() {
            if known.contains(key) {
                continue;
            }
            let hint = match similar(key, known.iter().copied()) {
                Some(other) => format!("did you mean `{other}`?"),
                None => format!("there are {}", list(known.iter().copied())),
            };
            self.findings
                .add(span, format!("{} has no key `{key}`", self.what), Some(hint));
        }
    }
}

fn article(noun: &str) -> String {
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {noun}")
}
