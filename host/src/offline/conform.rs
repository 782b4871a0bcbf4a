//! Rows that come are brought to the table's schema: columns by name, in the table's order and Arrow types. Only forms of
//! one and the same type are changed into each other, never values.

use std::sync::Arc;

use arrow::array::{Array, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Schema, SchemaRef};

use super::OfflineError;
use super::layout::Layout;
use super::spec::is_utc;

/// Checks a schema once and then changes batches of it.
#[derive(Debug)]
pub(super) struct Conform {
    target: SchemaRef,
    /// For each column of the target its place in what comes.
    places: Vec<usize>,
    label: String,
}

impl Conform {
    pub(super) fn new(layout: &Layout, incoming: &Schema) -> Result<Self, OfflineError> {
        let refuse = |reason: String| Err(OfflineError::internal(&layout.label, reason));
        let mut places = Vec::with_capacity(layout.schema.fields().len());
        for field in layout.schema.fields() {
            let Ok(place) = incoming.index_of(field.name()) else {
                return refuse(format!("staged rows lack column `{}`", field.name()));
            };
            let found = incoming.field(place).data_type();
            if !same_values(found, field.data_type()) {
                return refuse(format!(
                    "staged rows have column `{}` as {found}, the table as {}",
                    field.name(),
                    field.data_type()
                ));
            }
            places.push(place);
        }
        if let Some(extra) = incoming
            .fields()
            .iter()
            .find(|f| layout.schema.index_of(f.name()).is_err())
        {
            return refuse(format!(
                "staged rows have column `{}`, which the table lacks",
                extra.name()
            ));
        }
        Ok(Self {
            target: layout.schema.clone(),
            places,
            label: layout.label.clone(),
        })
    }

    pub(super) fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch, OfflineError> {
        let mut columns = Vec::with_capacity(self.places.len());
        for (field, place) in self.target.fields().iter().zip(&self.places) {
            let column = batch.column(*place);
            if !field.is_nullable() && column.null_count() > 0 {
                return Err(OfflineError::internal(
                    &self.label,
                    format!("staged rows have nulls in column `{}`, which holds none", field.name()),
                ));
            }
            columns.push(if column.data_type() == field.data_type() {
                Arc::clone(column)
            } else {
                cast(column, field.data_type()).map_err(|error| OfflineError::Internal {
                    table: self.label.clone(),
                    reason: format!("column `{}` cannot be brought to {}", field.name(), field.data_type()),
                    source: Some(Box::new(error)),
                })?
            });
        }
        RecordBatch::try_new(self.target.clone(), columns).map_err(|error| OfflineError::Internal {
            table: self.label.clone(),
            reason: "staged rows do not fit the table's schema".to_owned(),
            source: Some(Box::new(error)),
        })
    }
}

/// Whether two types hold the same values: names of list items, nullability and the layout of strings aside.
fn same_values(a: &DataType, b: &DataType) -> bool {
    use DataType::*;
    match (a, b) {
        (Utf8 | LargeUtf8 | Utf8View, Utf8 | LargeUtf8 | Utf8View) => true,
        (Binary | LargeBinary | BinaryView, Binary | LargeBinary | BinaryView) => true,
        (Timestamp(a, Some(zone_a)), Timestamp(b, Some(zone_b))) => a == b && is_utc(zone_a) && is_utc(zone_b),
        (List(a) | LargeList(a), List(b) | LargeList(b)) => same_values(a.data_type(), b.data_type()),
        (Struct(a), Struct(b)) => {
            a.len() == b.len()
                && a.iter()
                    .zip(b)
                    .all(|(a, b)| a.name() == b.name() && same_values(a.data_type(), b.data_type()))
        }
        (Map(a, _), Map(b, _)) => match (a.data_type(), b.data_type()) {
            (Struct(a), Struct(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_values(a.data_type(), b.data_type()))
            }
            _ => false,
        },
        _ => a == b,
    }
}
