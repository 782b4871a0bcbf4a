//! `[[source]]`: files, what is in them, and when it is there.

use std::collections::BTreeMap;

use super::buckets::{bucket_at, folder_or_objects};
use super::keys::{check_column, column, meta, not_negative, optional};
use super::model::{Format, Source, TimestampUnit};
use super::parse::Reading;
use super::partitions::Partitions;
use super::reader::{Table, Value};

/// A `[[source]]`.
pub(super) fn read(_: &mut Reading, table: &Table<'_>, name: String, _: &str) -> Option<Source> {
    let meta = meta(table);
    let path = table.require("path").and_then(|value| {
        let path = value.text()?;
        if path.is_empty() {
            value.problem("`path` is empty", None);
            return None;
        }
        folder_or_objects(&value)
    });
    let formats = [
        ("parquet", Format::Parquet),
        ("csv", Format::Csv),
        ("jsonl", Format::Jsonl),
        ("delta", Format::Delta),
    ];
    let bucket = bucket_at(table);
    let version = optional(table, "version", |value| value.whole());
    let format = match table.get("format") {
        Some(value) => value.one_of(&formats),
        None if table.get("version").is_some() => Some(Format::Delta),
        None => Some(path.as_deref().and_then(Format::of).unwrap_or(Format::Detect)),
    };
    let partitions = optional(table, "partitions", |value| value.parsed::<Partitions>());
    let partition_slack = optional(table, "partition_slack", not_negative("partition_slack"));
    let columns = match table.get("columns") {
        Some(value) => columns(&value),
        None => Some(BTreeMap::new()),
    };
    let timestamp_column = table.require("timestamp_column").and_then(|value| column(&value));
    let units = [
        ("s", TimestampUnit::S),
        ("ms", TimestampUnit::Ms),
        ("us", TimestampUnit::Us),
        ("ns", TimestampUnit::Ns),
    ];
    let timestamp_unit = optional(table, "timestamp_unit", |value| value.one_of(&units));
    let timestamp_format = optional(table, "timestamp_format", |value| {
        let text = value.text()?;
        let valid = chrono::format::StrftimeItems::new(text).all(|item| item != chrono::format::Item::Error);
        if !valid {
            value.problem(
                format!("`{text}` is not a time format: write it as strftime does, such as \"%d/%m/%Y %H:%M:%S\""),
                None,
            );
        }
        valid.then(|| text.to_owned())
    });
    let data_delay = optional(table, "data_delay", not_negative("data_delay"));
    Some(Source {
        name,
        path: path?,
        bucket: bucket?,
        format: format?,
        version: version?,
        partitions: partitions?,
        partition_slack: partition_slack?.unwrap_or_default(),
        columns: columns?,
        timestamp_column: timestamp_column?,
        timestamp_unit: timestamp_unit?,
        timestamp_format: timestamp_format?,
        data_delay: data_delay?.unwrap_or_default(),
        meta,
    })
}

/// `columns = { seen = "name in the files" }`.
fn columns(value: &Value<'_>) -> Option<BTreeMap<String, String>> {
    let mut columns: BTreeMap<String, String> = BTreeMap::new();
    let mut whole = true;
    for (seen, span, value) in value.table("`columns`")?.entries() {
        whole &= check_column(value.findings, seen, span).is_some();
        let Some(stored) = value.text() else {
            whole = false;
            continue;
        };
        if let Some((other, _)) = columns.iter().find(|(_, other)| *other == stored) {
            let message = format!("column `{stored}` of the files is `{other}` already: it cannot be `{seen}` too");
            value.problem(message, Some("leave one of the two out".to_owned()));
            whole = false;
        }
        columns.insert(seen.to_owned(), stored.to_owned());
    }
    whole.then_some(columns)
}
