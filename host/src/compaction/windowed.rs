//! The item of a view with aggregations: the finished value of each window of a key, at one leading edge.

use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::prelude::{DataFrame, ident};

use super::error::CompactionError;
use super::items::Items;
use super::visible::Visible;
use crate::definition::JoinKey;
use crate::key::KeyColumns;
use crate::online::{Item, Value};
use crate::tile::{TileError, TileSpec, Tiles, Windows};
use crate::time::Timestamp;

/// Keys whose values are made at once.
const KEYS: usize = 1024;

/// Tiles by key, then secondary key, then time.
pub(super) fn sorted(spec: &TileSpec, tiles: DataFrame) -> Result<DataFrame, DataFusionError> {
    let columns = spec.sort_columns();
    tiles.sort(columns.iter().map(|name| ident(name).sort(true, true)).collect())
}

/// Makes items of tiles that come sorted by key.
pub(super) struct Windowed<'a> {
    visible: &'a Visible<'a>,
    spec: &'a TileSpec,
    windows: Windows,
    /// Keys that were answered, and when their items go.
    answered: Vec<(Vec<u8>, Option<Timestamp>)>,
    /// The key whose tiles are being pushed, and where its last one begins.
    current: Option<(Vec<u8>, i64)>,
    overflows: u64,
}

impl<'a> Windowed<'a> {
    pub(super) fn new(visible: &'a Visible<'a>, spec: &'a Arc<TileSpec>) -> Self {
        Self {
            visible,
            spec,
            windows: Windows::new(Arc::clone(spec)),
            answered: Vec::new(),
            current: None,
            overflows: 0,
        }
    }

    /// Takes tiles, and gives the items that are done.
    pub(super) fn push(&mut self, batch: &RecordBatch) -> Result<Items, CompactionError> {
        let tiles = Tiles::new(self.spec, batch).map_err(|error| self.tile(error))?;
        let keys: &[JoinKey] = &self.spec.keys;
        let keys = KeyColumns::new(batch, keys).map_err(|error| self.wrong(error.message))?;
        let mut items = Vec::new();
        let mut from = 0;
        let mut next = Vec::new();
        while from < batch.num_rows() {
            let key = keys.encode(from);
            let mut to = from + 1;
            while to < batch.num_rows() {
                keys.encode_into(to, &mut next);
                if next != key {
                    break;
                }
                to += 1;
            }
            if self.current.as_ref().is_some_and(|(current, _)| *current != key) {
                self.answer();
                if self.windows.answers() >= KEYS {
                    items.extend(self.flush()?);
                }
            }
            let last = (from..to).map(|row| tiles.start(row)).max().unwrap_or(i64::MIN);
            let before = self.current.take().map_or(i64::MIN, |(_, before)| before);
            self.current = Some((key, last.max(before)));
            self.windows.push(&tiles, from..to).map_err(|error| self.tile(error))?;
            from = to;
        }
        Ok(items)
    }

    /// The items that are left, and how many results did not fit their type and are null.
    pub(super) fn finish(mut self) -> Result<(Items, u64), CompactionError> {
        self.answer();
        let items = self.flush()?;
        Ok((items, self.overflows))
    }

    fn answer(&mut self) {
        if let Some((key, last)) = self.current.take() {
            self.windows.answer(&[self.visible.through]);
            self.windows.next_key();
            let life = self.spec.item_life();
            let expires = life.map(|life| Timestamp::from_micros(last).saturating_add(life));
            self.answered.push((key, expires));
        }
    }

    fn flush(&mut self) -> Result<Items, CompactionError> {
        let flushed = self.windows.flush().map_err(|error| self.tile(error))?;
        self.overflows += flushed.overflows;
        let through = self.visible.through;
        let items = std::mem::take(&mut self.answered).into_iter().enumerate();
        items
            .map(|(row, (key, expires))| {
                let values = flushed
                    .columns
                    .iter()
                    .map(|column| Value::of(column.as_ref(), row))
                    .collect::<Result<_, _>>()
                    .map_err(|message| self.wrong(message))?;
                let item = Item {
                    timestamp: through,
                    effective: through.saturating_add(self.spec.data_delay),
                    expires,
                    as_of: through,
                    values,
                };
                Ok((key, item))
            })
            .collect()
    }

    fn tile(&self, error: TileError) -> CompactionError {
        CompactionError::Tile {
            label: self.visible.label(),
            error,
        }
    }

    fn wrong(&self, message: String) -> CompactionError {
        CompactionError::Internal {
            label: self.visible.label(),
            message,
        }
    }
}
