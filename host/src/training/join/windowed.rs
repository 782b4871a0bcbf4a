use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt64Array};
use arrow::compute::{concat, take};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::memory_pool::MemoryReservation;

use super::cursor::{Cursor, held};
use crate::tile::{TileError, TileSpec, Tiles, Windows};
use crate::time::Timestamp;

/// Joins windows' values to a spine.
pub(super) struct WindowedJoin {
    spec: Arc<TileSpec>,
    time_column: String,
    windows: Windows,
    spine: Cursor,
    tiles: Cursor,
    /// The columns of the tiles' current batch, by its number.
    read: Option<(u64, Tiles)>,
    /// The key whose tiles have been pushed.
    current: Option<Vec<u8>>,
    memory: MemoryReservation,
    /// What the reservation never goes below, and answers seldom beyond; one key's tiles may.
    kept: usize,
}

/// Rows of a key that are answered each by itself. More of them share the answers of equal leading edges, but where no row shares any the
/// answers are the columns, and need not be put in place.
const ROWS_APART: usize = 4;

/// Leading edges of one key that are answered before it is looked how much they take.
const EDGES: usize = 256;

/// What has been flushed of a batch.
#[derive(Default)]
struct Answered {
    answers: usize,
    parts: Vec<Vec<ArrayRef>>,
    overflows: u64,
}

impl Answered {
    /// The parts of each column, one after the other.
    fn columns(&mut self) -> Result<Vec<ArrayRef>> {
        if self.parts.len() <= 1 {
            return Ok(self.parts.pop().unwrap_or_default());
        }
        let count = self.parts.first().map_or(0, Vec::len);
        let columns = (0..count).map(|at| {
            let parts: Vec<&dyn Array> = self.parts.iter().map(|columns| columns[at].as_ref()).collect();
            Ok(concat(&parts)?)
        });
        columns.collect()
    }
}

fn wrong(error: TileError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl WindowedJoin {
    /// What is reserved already stays so.
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
            read: None,
            current: None,
            kept: memory.size(),
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
        let mut flushed = Answered::default();
        let mut edges = Vec::new();
        while let Some((rows, key)) = self.spine.run() {
            if key.is_none() || self.current.as_deref() != key {
                self.windows.next_key();
                let before = self.current.take();
                if let Some(key) = key.map(|key| held(before, key)) {
                    self.push_tiles(&key).await?;
                    self.current = Some(key);
                }
            }
            edges.clear();
            let shares = rows.len() > ROWS_APART;
            for row in rows {
                if times.is_null(row) {
                    answers.push(None);
                    continue;
                }
                let edge = self.spec.leading_edge(Timestamp::from_micros(times.value(row)));
                if !shares || edges.last() != Some(&edge) {
                    if edges.len() == EDGES {
                        self.answer(&edges, &mut flushed)?;
                        edges.clear();
                    }
                    edges.push(edge);
                }
                let before = flushed.answers + self.windows.answers();
                answers.push(Some((before + edges.len() - 1) as u64));
            }
            self.answer(&edges, &mut flushed)?;
            if !self.spine.next_run() {
                break;
            }
        }
        self.flush(&mut flushed)?;
        let mut features = flushed.columns()?;
        if (0..).zip(&answers).any(|(row, answer)| *answer != Some(row)) {
            let places = UInt64Array::from(answers);
            let taken = features.iter().map(|column| take(column, &places, None));
            features = taken.collect::<std::result::Result<_, _>>()?;
        }
        Ok(Some((batch, features, flushed.overflows)))
    }

    /// Answers, and flushes what would become too much.
    fn answer(&mut self, edges: &[Timestamp], flushed: &mut Answered) -> Result<()> {
        self.windows.answer(edges);
        match self.windows.answered_bytes() > self.kept {
            true => self.flush(flushed),
            false => Ok(()),
        }
    }

    fn flush(&mut self, flushed: &mut Answered) -> Result<()> {
        self.reserve(self.windows.answered_bytes())?;
        flushed.answers += self.windows.answers();
        let more = self.windows.flush().map_err(wrong)?;
        flushed.overflows += more.overflows;
        flushed.parts.push(more.columns);
        self.memory.try_resize(self.windows.bytes().max(self.kept))
    }

    fn reserve(&mut self, bytes: usize) -> Result<()> {
        match bytes > self.memory.size() {
            true => self.memory.try_resize(bytes),
            false => Ok(()),
        }
    }

    async fn push_tiles(&mut self, key: &[u8]) -> Result<()> {
        let mut more = self.tiles.seek(key).await?;
        while more {
            if let (Some(batch), Some((rows, _))) = (self.tiles.batch(), self.tiles.run()) {
                let tiles = match self.read.take() {
                    Some((number, tiles)) if number == self.tiles.number() => tiles,
                    _ => Tiles::new(&self.spec, batch).map_err(wrong)?,
                };
                self.windows.push(&tiles, rows).map_err(wrong)?;
                self.read = Some((self.tiles.number(), tiles));
                self.reserve(self.windows.bytes())?;
            }
            more = self.tiles.next_of(key).await?;
        }
        Ok(())
    }
}
