//! `kind = "table"`: feature tables, whose rows are brought along and not made of a source.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use sandglass_runtime::host_type;
use serde::{Deserialize, Serialize};

use super::keys::{boolean, check_column, column, entities, meta, offline, online_load, optional, positive};
use super::model::{FeatureView, LimitsOverride, OnlineLoad, Trigger};
use super::reader::{Table, Value};
use crate::time::{Span, Timestamp};

/// A column of a feature table that is neither a key nor the time: a feature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub kind: ColumnKind,
}

/// Types that a feature table's columns may have. As definitions spell them: `float64`, `list of float32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ColumnKind {
    /// One value.
    One(ValueKind),
    /// Any number of values; some may be null.
    List(ValueKind),
}

/// Types that have no parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// True or false.
    Boolean,
    /// A whole number of 32 bits.
    Int32,
    /// A whole number.
    Int64,
    /// A number of 32 bits.
    Float32,
    /// A number.
    Float64,
    /// Text.
    Utf8,
    /// Days since 1970.
    Date,
    /// Microseconds since 1970, UTC.
    Timestamp,
}

/// The types by their words; the first word of a type is the one that messages use.
pub(super) const VALUE_KINDS: [(&str, ValueKind); 9] = [
    ("boolean", ValueKind::Boolean),
    ("int32", ValueKind::Int32),
    ("int64", ValueKind::Int64),
    ("float32", ValueKind::Float32),
    ("float64", ValueKind::Float64),
    ("utf8", ValueKind::Utf8),
    ("string", ValueKind::Utf8),
    ("date", ValueKind::Date),
    ("timestamp", ValueKind::Timestamp),
];

/// Before the type of a list's values.
pub(super) const LIST_OF: &str = "list of ";

impl ValueKind {
    fn data_type(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::Int32 => DataType::Int32,
            Self::Int64 => DataType::Int64,
            Self::Float32 => DataType::Float32,
            Self::Float64 => DataType::Float64,
            Self::Utf8 => DataType::Utf8,
            Self::Date => DataType::Date32,
            Self::Timestamp => host_type::timestamp(),
        }
    }
}

impl fmt::Display for ValueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = VALUE_KINDS.iter().find(|(_, kind)| kind == self);
        f.write_str(word.map_or("", |(word, _)| word))
    }
}

impl ColumnKind {
    /// Its Arrow type.
    pub fn data_type(self) -> DataType {
        match self {
            Self::One(kind) => kind.data_type(),
            Self::List(kind) => DataType::List(Arc::new(Field::new("item", kind.data_type(), true))),
        }
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(kind) => kind.fmt(f),
            Self::List(kind) => write!(f, "{LIST_OF}{kind}"),
        }
    }
}

impl FromStr for ColumnKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (make, word): (fn(ValueKind) -> Self, _) = match text.strip_prefix(LIST_OF) {
            Some(word) => (Self::List, word),
            None => (Self::One, text),
        };
        let kind = VALUE_KINDS.iter().find(|(other, _)| *other == word);
        kind.map(|(_, kind)| make(*kind)).ok_or_else(|| {
            let words = VALUE_KINDS.map(|(word, _)| format!("`{word}`")).join(", ");
            format!(
                "`{text}` is not a type of a feature table's column; there are {words}, and `{LIST_OF}` before each"
            )
        })
    }
}

impl TryFrom<String> for ColumnKind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<ColumnKind> for String {
    fn from(kind: ColumnKind) -> Self {
        kind.to_string()
    }
}

/// Our column of a feature table's rows: which of those that were brought for one key and time came last. No feature.
pub const INGESTED: &str = "__ingested";

/// Rows of a table become visible a microsecond after their time: a read at T sees rows before T.
const INSTANT: Span = Span::from_micros(1);

/// Keys of views that make their rows.
const OF_VIEWS: [&str; 16] = [
    "sources",
    "transformation",
    "parameters",
    "batch_schedule",
    "feature_start_time",
    "incremental_backfills",
    "max_backfill_interval",
    "trigger",
    "manual_backfill_end_time",
    "aggregation",
    "aggregation_interval",
    "aggregation_secondary_key",
    "lifetime_start_time",
    "compaction_schedule",
    "max_rejected",
    "limits",
];

/// Reads one feature table.
pub(super) fn read(table: &Table<'_>, name: String, default_load: OnlineLoad) -> Option<FeatureView> {
    let meta = meta(table);
    let entities = entities(table);
    let columns = table.require("columns").and_then(|value| columns(&value));
    let timestamp_column = table.require("timestamp_column").and_then(|value| column(&value));
    let order_by = optional(table, "order_by", |value| column(&value));
    let ttl = optional(table, "ttl", positive("ttl"));
    let online = boolean(table, "online", false);
    let offline = offline(
        table,
        "a feature table is kept offline always: its rows are nowhere else",
    );
    for key in OF_VIEWS {
        if let Some(value) = table.get(key) {
            let hint = match key.contains("aggregat") || key == "lifetime_start_time" {
                true => "leave it out; to aggregate rows, let a batch view read them from a source",
                false => "leave it out; `sandglass ingest` brings a table's rows",
            };
            let message = format!("`{key}` is for views that make their rows, and a feature table's are brought along");
            value.problem(message, Some(hint.to_owned()));
        }
    }
    let compaction_enabled = boolean(table, "compaction_enabled", true);
    let online_load = online_load(table);
    offline?;
    Some(FeatureView {
        name,
        entities: entities?,
        join_keys: Vec::new(),
        table: Some(columns?),
        sources: Vec::new(),
        transformation: None,
        parameters: Default::default(),
        timestamp_column: timestamp_column?,
        order_by: order_by?,
        batch_schedule: INSTANT,
        feature_start_time: Timestamp::MIN,
        incremental_backfills: false,
        max_backfill_interval: None,
        trigger: Trigger::Manual,
        manual_backfill_end_time: None,
        ttl: ttl?,
        aggregation: None,
        online: online?,
        compaction_enabled: compaction_enabled?,
        compaction_schedule: None,
        online_load: online_load?.unwrap_or(default_load),
        max_rejected: 0,
        limits: LimitsOverride::default(),
        meta,
    })
}

/// `columns = { plan = "utf8", scores = "list of float32" }`.
fn columns(value: &Value<'_>) -> Option<Vec<TableColumn>> {
    let columns = value.table("`columns`")?.entries().into_iter();
    let columns: Vec<_> = columns
        .map(|(name, span, value)| {
            check_column(value.findings, name, span)?;
            let kind = value.parsed()?;
            Some(TableColumn {
                name: name.to_owned(),
                kind,
            })
        })
        .collect();
    if columns.is_empty() {
        let hint = "write `columns = { plan = \"utf8\" }`".to_owned();
        value.problem("`columns` names no feature", Some(hint));
        return None;
    }
    // All of them are read, so that every problem is found.
    columns.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_read_as_they_are_written() {
        for (word, kind) in VALUE_KINDS {
            assert_eq!(word.parse(), Ok(ColumnKind::One(kind)));
            assert_eq!(format!("{LIST_OF}{word}").parse(), Ok(ColumnKind::List(kind)));
            assert_eq!(ColumnKind::List(kind).to_string().parse(), Ok(ColumnKind::List(kind)));
        }
        for wrong in [
            "",
            "list of ",
            "list of list of int64",
            "List of int64",
            "decimal128(10, 2)",
        ] {
            assert!(wrong.parse::<ColumnKind>().is_err(), "{wrong}");
        }
    }
}
