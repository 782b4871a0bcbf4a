//! The item of a view without aggregations: the latest row of a key.

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::prelude::{DataFrame, SessionContext, ident};

use super::error::MaterializeError;
use super::online::Visible;
use crate::key::KeyColumns;
use crate::online::{Item, Value};
use crate::time::{Interval, Timestamp};

/// Rows by key, then time, then `order_by`, then all columns: the last of a key is its latest, whatever order rows were
/// written in.
pub(super) fn sorted(
    session: &SessionContext,
    visible: &Visible<'_>,
    range: Interval,
) -> Result<DataFrame, MaterializeError> {
    let view = &visible.compiled.view;
    let frame = visible.table.scan(session, Some(range), None)?;
    let keys = view.join_keys.iter().map(|key| key.name.clone());
    let order = keys.chain(view.row_order(&visible.compiled.schema));
    let order = order.map(|name| ident(name).sort(true, true)).collect();
    frame
        .sort(order)
        .map_err(|error| MaterializeError::from_plan(&view.name, error))
}

/// Keeps the last row of each key of rows that come sorted by key.
#[derive(Default)]
pub(super) struct Latest {
    pending: Option<(Vec<u8>, Item)>,
}

impl Latest {
    pub(super) fn push(
        &mut self,
        visible: &Visible<'_>,
        batch: &RecordBatch,
        out: &mut impl FnMut(Vec<u8>, Item),
    ) -> Result<(), MaterializeError> {
        let view = &visible.compiled.view;
        let wrong = |message: String| MaterializeError::Engine {
            label: view.name.clone(),
            message,
        };
        let keys = KeyColumns::new(batch, &view.join_keys).map_err(|error| wrong(error.message))?;
        let times = batch
            .column_by_name(&view.timestamp_column)
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>())
            .ok_or_else(|| wrong("no time column".to_owned()))?;
        let columns: Vec<&dyn Array> = visible
            .compiled
            .features()
            .iter()
            .filter_map(|(name, _)| batch.column_by_name(name).map(AsRef::as_ref))
            .collect();
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
                effective: view.effective_time(timestamp, visible.compiled.data_delay),
                expires: view.expiry(timestamp, visible.compiled.data_delay),
                as_of: visible.through,
                values,
            };
            if let Some((before, done)) = self.pending.replace((key.clone(), item))
                && before != *key
            {
                out(before, done);
            }
        }
        Ok(())
    }

    pub(super) fn take(&mut self) -> Option<(Vec<u8>, Item)> {
        self.pending.take()
    }
}
