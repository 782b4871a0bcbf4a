use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::take;
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::memory_pool::MemoryReservation;

use super::cursor::Cursor;
use crate::tile::{TileError, TileSpec, Tiles, Windows};
use crate::time::Timestamp;

/// Joins windows' values to a spine.
pub(super) struct WindowedJoin {
    spec: Arc<TileSpec>,
    time_column: String,
    windows: Windows,
    spine: Cursor,
    tiles: Cursor,
    /// The key whose tiles have been pushed.
    current: Option<Vec<u8>>,
    memory: MemoryReservation,
}

fn wrong(error: TileError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl WindowedJoin {
    pub(super) fn new(
        spec: Arc<TileSpec>,
        time_column: String,
        spine: Cursor,
        tiles: Cursor,
        memory: MemoryReservation,
    ) -> Self {
        Self {
            windows: Windows::new(Arc::clone(&spec)),
            spec,
            time_column,
            spine,
            tiles,
            current: None,
            memory,
        }
    }

    /// The next batch of the spine and the features of its rows.
    pub(super) async fn next(&mut self) -> Result<Option<(RecordBatch, Vec<ArrayRef>, u64)>> {
        if !self.spine.next_batch().await? {
            return Ok(None);
        }
        let Some(batch) = self.spine.batch().cloned() else {
            return Ok(None);
        };
        let Some(times) = batch
            .column_by_name(&self.time_column)
            .and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>())
        else {
            return internal_err!("a spine without times");
        };
        let mut answers: Vec<Option<u64>> = Vec::with_capacity(batch.num_rows());
        let mut edges = Vec::new();
        while let Some((rows, key)) = self.spine.run() {
            let key = key.map(<[u8]>::to_vec);
            if key.is_none() || self.current != key {
                self.windows.next_key();
                if let Some(key) = &key {
                    self.push_tiles(key).await?;
                }
                self.current = key;
            }
            edges.clear();
            for row in rows {
                if times.is_null(row) {
                    answers.push(None);
                    continue;
                }
                let edge = self.spec.leading_edge(Timestamp::from_micros(times.value(row)));
                if edges.last() != Some(&edge) {
                    edges.push(edge);
                }
                answers.push(Some((self.windows.answers() + edges.len() - 1) as u64));
            }
            self.windows.answer(&edges);
            self.memory.try_resize(self.windows.bytes())?;
            if !self.spine.next_run() {
                break;
            }
        }
        let flushed = self.windows.flush().map_err(wrong)?;
        self.memory.try_resize(self.windows.bytes())?;
        let places = UInt64Array::from(answers);
        let features = flushed.columns.iter().map(|column| take(column, &places, None));
        let features = features.collect::<std::result::Result<_, _>>()?;
        Ok(Some((batch, features, flushed.overflows)))
    }

    async fn push_tiles(&mut self, key: &[u8]) -> Result<()> {
        let mut more = self.tiles.seek(key).await?;
        while more {
            if let (Some(batch), Some((rows, _))) = (self.tiles.batch(), self.tiles.run()) {
                let tiles = Tiles::new(&self.spec, batch).map_err(wrong)?;
                self.windows.push(&tiles, rows).map_err(wrong)?;
                self.memory.try_resize(self.windows.bytes())?;
            }
            more = self.tiles.next_of(key).await?;
        }
        Ok(())
    }
}
