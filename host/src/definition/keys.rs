//! Keys that tables of several kinds have, and what reads their values.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::de::DeValue;

use super::model::{Float, LimitsOverride, Meta, OnlineLoad, ParameterText, Transformation};
use super::problem::list;
use super::reader::{Findings, Table, Value};
use crate::time::Span;
use crate::workspace::check_identifier;

/// How items are written, as definitions say it.
const ONLINE_LOADS: [(&str, OnlineLoad); 3] = [
    ("auto", OnlineLoad::Auto),
    ("bulk", OnlineLoad::Bulk),
    ("rows", OnlineLoad::Rows),
];

/// `entities`, which every view has whose rows are kept.
pub(super) fn entities(table: &Table<'_>) -> Option<Vec<String>> {
    table.require("entities").and_then(|value| {
        let names = value
            .array()?
            .iter()
            .map(|value| value.text().map(str::to_owned))
            .collect::<Option<Vec<_>>>()?;
        if names.is_empty() {
            value.problem("`entities` is empty; a view's rows are about at least one", None);
        }
        Some(names)
    })
}

/// `offline`, which no view is without.
pub(super) fn offline(table: &Table<'_>, why: &'static str) -> Option<()> {
    let offline = boolean(table, "offline", true);
    if let (Some(false), Some(value)) = (offline, table.get("offline")) {
        let hint = "set `online = true` or false as you like, and leave `offline` out".to_owned();
        value.problem(why, Some(hint));
    }
    offline.map(|_| ())
}

/// `online_load`, of a view or of all that do not say it.
pub(super) fn online_load(table: &Table<'_>) -> Option<Option<OnlineLoad>> {
    optional(table, "online_load", |value| value.one_of(&ONLINE_LOADS))
}

/// A length of time that is longer than nothing.
pub(super) fn positive(key: &'static str) -> impl Fn(Value<'_>) -> Option<Span> {
    move |value| {
        let span: Span = value.parsed()?;
        if span <= Span::ZERO {
            value.problem(format!("`{key}` should be longer than nothing"), None);
            return None;
        }
        Some(span)
    }
}

/// A length of time that is not negative.
pub(super) fn not_negative(key: &'static str) -> impl Fn(Value<'_>) -> Option<Span> {
    move |value| {
        let span: Span = value.parsed()?;
        if span < Span::ZERO {
            value.problem(format!("`{key}` is negative"), None);
            return None;
        }
        Some(span)
    }
}

/// None if the value is there and wrong.
pub(super) fn optional<'a, T>(
    table: &Table<'a>,
    key: &'static str,
    read: impl FnOnce(Value<'a>) -> Option<T>,
) -> Option<Option<T>> {
    match table.get(key) {
        None => Some(None),
        Some(value) => read(value).map(Some),
    }
}

pub(super) fn boolean(table: &Table<'_>, key: &'static str, default: bool) -> Option<bool> {
    table.get(key).map_or(Some(default), |value| value.boolean())
}

pub(super) fn meta(table: &Table<'_>) -> Meta {
    let text = |key| table.get(key).and_then(|value| value.text()).map(str::to_owned);
    let (description, owner) = (text("description"), text("owner"));
    let mut tags = BTreeMap::new();
    if let Some(entries) = table.get("tags").and_then(|value| value.table("`tags`")) {
        for (key, _, value) in entries.entries() {
            if let Some(text) = value.text() {
                tags.insert(key.to_owned(), text.to_owned());
            }
        }
    }
    Meta {
        description,
        owner,
        tags,
    }
}

pub(super) fn column(value: &Value<'_>) -> Option<String> {
    let name = value.text()?;
    check_column(value.findings, name, value.span())?;
    Some(name.to_owned())
}

/// Whether a column may have this name; if not, that is a problem.
pub(super) fn check_column(findings: &Findings, name: &str, span: Range<usize>) -> Option<()> {
    if !name.is_empty() && !name.starts_with("__") {
        return Some(());
    }
    let message = format!("`{name}` cannot be a column: names that begin with `__` are the store's own");
    findings.add(span, message, None);
    None
}

/// How a source's rows are filtered: its offset, and whether they are not filtered at all.
pub(super) fn filter(table: &Table<'_>) -> (Option<Span>, Option<bool>) {
    let offset_value = table.get("start_time_offset");
    let offset = match offset_value {
        None => Some(Span::ZERO),
        Some(value) => value.parsed::<Span>().and_then(|span| {
            if span > Span::ZERO {
                let hint = format!("to reach further back, write \"-{span}\"");
                value.problem("`start_time_offset` is zero or negative", Some(hint));
                return None;
            }
            Some(span)
        }),
    };
    let unfiltered = boolean(table, "unfiltered", false);
    if let (Some(true), Some(value)) = (unfiltered, offset_value) {
        value.problem(
            "an unfiltered source has no `start_time_offset`",
            Some("leave one of the two out".to_owned()),
        );
    }
    (offset, unfiltered)
}

pub(super) fn transformation(value: Value<'_>) -> Option<Transformation> {
    let text = value.text()?;
    let (path, name) = match text.split_once('#') {
        Some((path, name)) => (path, Some(name)),
        None => (text, None),
    };
    if path.is_empty() {
        let hint = "write a crate's folder or a .wasm file, and # with a name: \"transformations/rfm#customer_rfm\""
            .to_owned();
        value.problem("`transformation` names no component", Some(hint));
        return None;
    }
    if let Some(Err(error)) = name.map(check_identifier) {
        value.problem(error.to_string(), None);
        return None;
    }
    Some(Transformation {
        path: path.to_owned(),
        name: name.map(str::to_owned),
    })
}

/// `parameters` of a table; none if it has none.
pub(super) fn parameters(table: &Table<'_>) -> Option<BTreeMap<String, ParameterText>> {
    let mut parameters = BTreeMap::new();
    let Some(value) = table.get("parameters") else {
        return Some(parameters);
    };
    let table = value.table("`parameters`")?;
    for (name, _, value) in table.entries() {
        let parameter = match value.raw() {
            DeValue::Boolean(value) => ParameterText::Boolean(*value),
            DeValue::String(text) => ParameterText::Text(text.to_string()),
            DeValue::Datetime(time) => ParameterText::Text(time.to_string()),
            DeValue::Integer(_) => match value.integer() {
                Some(Ok(number)) => ParameterText::Integer(number),
                _ => {
                    value.problem(format!("parameter `{name}` does not fit int64"), None);
                    continue;
                }
            },
            DeValue::Float(number) => match number.as_str().parse() {
                Ok(number) => ParameterText::Float(Float(number)),
                Err(_) => {
                    value.problem(format!("parameter `{name}` is not a number"), None);
                    continue;
                }
            },
            DeValue::Array(_) | DeValue::Table(_) => {
                value.problem(format!("parameter `{name}` should be a single value"), None);
                continue;
            }
        };
        parameters.insert(name.to_owned(), parameter);
    }
    Some(parameters)
}

/// `limits` of a table; the tenant's where it has none.
pub(super) fn limits(table: &Table<'_>) -> Option<LimitsOverride> {
    let Some(value) = table.get("limits") else {
        return Some(LimitsOverride::default());
    };
    let table = &value.table("`limits`")?;
    let at_least = |key: &'static str, least: u64, unit: &'static str| {
        optional(table, key, |value| {
            let amount = value.whole()?;
            if amount < least {
                value.problem(format!("`{key}` should be at least {least} {unit}"), None);
                return None;
            }
            Some(amount)
        })
    };
    let memory = at_least("memory_bytes", 1 << 20, "bytes");
    let rows = at_least("output_rows", 1, "row");
    let bytes = at_least("output_bytes", 1 << 10, "bytes");
    let log = at_least("log_bytes", 0, "bytes");
    let guest_time = optional(table, "guest_time", |value| {
        let span: Span = value.parsed()?;
        if span < Span::from_micros(10_000) || span > Span::from_days(7) {
            value.problem("`guest_time` should be between 10ms and 7d", None);
            return None;
        }
        Some(span)
    });
    table.finish();
    Some(LimitsOverride {
        memory_bytes: memory?,
        guest_time: guest_time?,
        output_rows: rows?,
        output_bytes: bytes?,
        log_bytes: log?,
    })
}

/// What exists, as messages list it.
pub(super) fn existing<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    list(names)
}
