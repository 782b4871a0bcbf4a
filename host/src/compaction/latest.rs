//! The item of a view without aggregations: the latest row of a key.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::common::DataFusionError;
use datafusion::prelude::{DataFrame, ident};

use super::error::CompactionError;
use super::items::Items;
use super::visible::Visible;
use crate::key::KeyColumns;
use crate::online::{Item, Value};
use crate::time::Timestamp;

/// Rows by key, then time, then `order_by`, then all columns: the last of a key is its latest, whatever order rows were
/// written in.
pub(super) fn sorted(visible: &Visible<'_>, rows: DataFrame) -> Result<DataFrame, DataFusionError> {
    let view = visible.view;
    let keys = view.join_keys.iter().map(|key| key.name.clone());
    let order = keys.chain(view.row_order(visible.rows.schema()));
    rows.sort(order.map(|name| ident(name).sort(true, true)).collect())
}

/// Keeps the last row of each key of rows that come sorted by key.
pub(super) struct Latest<'a> {
    visible: &'a Visible<'a>,
    features: Vec<String>,
    pending: Option<(Vec<u8>, Item)>,
}

impl<'a> Latest<'a> {
    pub(super) fn new(visible: &'a Visible<'a>) -> Self {
        let features = visible.state().columns.into_iter();
        Self {
            visible,
            features: features.map(|(name, _)| name).collect(),
            pending: None,
        }
    }

    /// Takes rows, and gives the items that are done.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<Items, CompactionError> {
        let Visible { view, data_delay, .. } = *self.visible;
        let wrong = |message: String| CompactionError::Internal {
            label: self.visible.label(),
            message,
        };
        let keys = KeyColumns::new(batch, &view.join_keys).map_err(|error| wrong(error.message))?;
        let times = batch
            .column_by_name(&view.timestamp_column)
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
            .ok_or_else(|| wrong("no time column".to_owned()))?;
        let columns: Vec<&dyn Array> = self
            .features
            .iter()
            .filter_map(|name| batch.column_by_name(name).map(AsRef::as_ref))
            .collect();
        let mut items = Vec::new();
        let encoded: Vec<Vec<u8>> = (0..batch.num_rows()).map(|row| keys.encode(row)).collect();
        for (row, key) in encoded.iter().enumerate() {
            // Only the last row of a key in this batch is worth an item.
            if encoded.get(row + 1) == Some(key) {
                continue;
            }
            let timestamp = Timestamp::from_micros(times.value(row));
            let values = columns
                .iter()
                .map(|column| Value::of(*column, row))
                .collect::<Result<_, _>>()
                .map_err(wrong)?;
            let item = Item {
                timestamp,
                effective: view.effective_time(timestamp, data_delay),
                expires: view.expiry(timestamp, data_delay),
                as_of: self.visible.through,
                values,
            };
            if let Some((before, done)) = self.pending.replace((key.clone(), item))
                && before != *key
            {
                items.push((before, done));
            }
        }
        Ok(items)
    }

    /// The item that is left.
    pub(super) fn finish(self) -> Items {
        self.pending.into_iter().collect()
    }
}
