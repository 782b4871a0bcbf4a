use std::collections::HashSet;

use arrow::datatypes::{DataType, Field, SchemaRef, TimeUnit};

use super::{Granularity, OfflineError};
use crate::time::Span;

/// What a table is made from.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// The label of the view's version: it names the table, and is part of every application id in its log.
    pub name: String,
    /// For those who find the table.
    pub description: String,
    /// The view's output columns. Names that begin with `__` are ours.
    pub schema: SchemaRef,
    /// The column with the event time: a timestamp in microseconds, UTC.
    pub time_column: String,
    /// How long a partition is.
    pub partition: Granularity,
    /// Whether its columns may be ours: a table that is derived from one of rows.
    pub derived: bool,
    /// How long log entries and removed files are kept, one setting: a reader may hold a snapshot for that long.
    pub retention: Span,
}

impl TableSpec {
    /// What can be stored, as Delta has it: no unsigned or half numbers, no time of day, no other time zone.
    pub(super) fn check(&self) -> Result<(), OfflineError> {
        let refuse = |reason: String| Err(OfflineError::invalid(&self.name, reason));
        if self.name.is_empty() || self.name.contains(':') {
            return refuse(format!(
                "`{}` is not a label: it must not be empty or hold a `:`",
                self.name
            ));
        }
        if self.retention <= Span::ZERO {
            return refuse(format!(
                "a retention of {} keeps nothing; it must be positive",
                self.retention
            ));
        }
        let mut names = HashSet::new();
        for field in self.schema.fields() {
            if field.name().starts_with("__") && !self.derived {
                return refuse(format!(
                    "column `{}`: names that begin with `__` are ours",
                    field.name()
                ));
            }
            // Delta's names differ in more than case.
            if !names.insert(field.name().to_lowercase()) {
                return refuse(format!("column `{}` is there twice", field.name()));
            }
            if let Some(problem) = problem_in(field) {
                return refuse(format!("column `{}`: {problem}", field.name()));
            }
        }
        match self.schema.field_with_name(&self.time_column) {
            Ok(field) if matches!(field.data_type(), DataType::Timestamp(TimeUnit::Microsecond, Some(_))) => Ok(()),
            Ok(field) => refuse(format!(
                "time column `{}` is {}, not a timestamp in microseconds, UTC",
                self.time_column,
                field.data_type()
            )),
            Err(_) => refuse(format!(
                "no time column `{}`; the columns are {}",
                self.time_column,
                self.schema
                    .fields()
                    .iter()
                    .map(|f| format!("`{}`", f.name()))
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        }
    }
}

pub(super) fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Z" | "+00:00" | "Etc/UTC")
}

fn problem_in(field: &Field) -> Option<String> {
    match field.data_type() {
        DataType::Boolean
        | DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(_, _)
        | DataType::Utf8
        | DataType::Binary
        | DataType::Date32 => None,
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if is_utc(zone) => None,
        DataType::List(item) => problem_in(item),
        DataType::Struct(fields) => fields.iter().find_map(|field| problem_in(field)),
        DataType::Map(entries, _) => problem_in(entries),
        other => Some(format!("{other} cannot be stored")),
    }
}
