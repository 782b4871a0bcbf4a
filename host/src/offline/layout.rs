use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use deltalake::kernel::EagerSnapshot;
use deltalake::table::state::DeltaTableState;

use super::{Granularity, OfflineError};

/// The custom table property that says which column is the event time.
pub(super) const TIME_COLUMN_PROPERTY: &str = "sandglass.timeColumn";

/// What never changes about a table.
#[derive(Debug)]
pub(super) struct Layout {
    /// The label of the view's version.
    pub(super) label: String,
    pub(super) time_column: String,
    pub(super) partition: Granularity,
    /// The view's columns.
    pub(super) schema: SchemaRef,
    /// The view's columns and, last, the partition column.
    pub(super) table_schema: SchemaRef,
}

impl Layout {
    /// The view's columns, then the partition column.
    pub(super) fn table_schema(schema: &Schema, partition: Granularity) -> Schema {
        let mut fields = schema.fields().to_vec();
        fields.push(Arc::new(Field::new(partition.column(), DataType::Utf8, true)));
        Schema::new(fields)
    }

    /// Reads the layout from the table's metadata.
    pub(super) fn of(location: &str, state: &DeltaTableState) -> Result<Self, OfflineError> {
        let not_ours = |what: &str| OfflineError::invalid(location, format!("is no table of Sandglass: it has {what}"));
        let snapshot: &EagerSnapshot = state.snapshot();
        let metadata = snapshot.metadata();
        let label = metadata.name().ok_or_else(|| not_ours("no name"))?.to_owned();
        let time_column = metadata
            .configuration()
            .get(TIME_COLUMN_PROPERTY)
            .ok_or_else(|| not_ours(&format!("no property {TIME_COLUMN_PROPERTY}")))?
            .clone();
        let partition = match metadata.partition_columns() {
            [column] => Granularity::of_column(column).ok_or_else(|| not_ours("another partition column"))?,
            _ => return Err(not_ours("not one partition column")),
        };
        let table_schema = snapshot.arrow_schema();
        let columns = table_schema.fields().len() - 1;
        if table_schema.field(columns).name() != partition.column() {
            return Err(not_ours("a partition column that is not the last"));
        }
        let schema = Arc::new(Schema::new(table_schema.fields()[..columns].to_vec()));
        if schema.field_with_name(&time_column).is_err() {
            return Err(not_ours(&format!("no column `{time_column}`")));
        }
        Ok(Self {
            label,
            time_column,
            partition,
            schema,
            table_schema,
        })
    }
}
