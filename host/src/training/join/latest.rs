use std::collections::HashMap;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::interleave;
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use datafusion::common::{Result, internal_err};

use super::cursor::{Cursor, held};
use crate::definition::FeatureView;
use crate::time::{Span, Timestamp};

/// Joins the latest row of a view to a spine: the last one of the key that is visible at the spine's time and not expired.
pub(super) struct LatestJoin {
    view: FeatureView,
    data_delay: Span,
    /// The columns that are joined.
    features: SchemaRef,
    time_column: String,
    spine: Cursor,
    rows: Cursor,
    /// The key that the rows are at, and its last visible row.
    current: Option<Vec<u8>>,
    latest: Option<Row>,
    /// The next row of the key, if there is one.
    next: Option<usize>,
}

#[derive(Clone)]
struct Row {
    batch: RecordBatch,
    number: u64,
    row: usize,
    time: Timestamp,
}

impl LatestJoin {
    pub(super) fn new(
        view: FeatureView,
        data_delay: Span,
        features: SchemaRef,
        time_column: String,
        spine: Cursor,
        rows: Cursor,
    ) -> Self {
        Self {
            view,
            data_delay,
            features,
            time_column,
            spine,
            rows,
            current: None,
            latest: None,
            next: None,
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
        let mut picked = Picked::default();
        while let Some((rows, key)) = self.spine.run() {
            if key.is_none() || self.current.as_deref() != key {
                self.latest = None;
                self.next = None;
                let before = self.current.take();
                if let Some(key) = key.map(|key| held(before, key)) {
                    if self.rows.seek(&key).await? {
                        self.next = self.rows.run().map(|(rows, _)| rows.start);
                    }
                    self.current = Some(key);
                }
            }
            for row in rows {
                if times.is_null(row) {
                    picked.none();
                    continue;
                }
                let at = Timestamp::from_micros(times.value(row));
                self.advance(at).await?;
                match self.latest.as_ref().filter(|latest| self.is_alive(latest.time, at)) {
                    Some(latest) => picked.row(latest),
                    None => picked.none(),
                }
            }
            if !self.spine.next_run() {
                break;
            }
        }
        Ok(Some((batch, picked.columns(&self.features)?, 0)))
    }

    fn is_alive(&self, time: Timestamp, at: Timestamp) -> bool {
        self.view.expiry(time, self.data_delay).is_none_or(|expiry| at < expiry)
    }

    /// Goes over the key's rows that are visible at `at`.
    async fn advance(&mut self, at: Timestamp) -> Result<()> {
        while let Some(row) = self.next {
            let (Some(batch), Some((run, _))) = (self.rows.batch(), self.rows.run()) else {
                break;
            };
            let Some(times) = batch
                .column_by_name(&self.view.timestamp_column)
                .and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>())
            else {
                return internal_err!("rows without times");
            };
            let time = Timestamp::from_micros(times.value(row));
            if self.view.effective_time(time, self.data_delay) > at {
                break;
            }
            self.latest = Some(Row {
                batch: batch.clone(),
                number: self.rows.number(),
                row,
                time,
            });
            self.next = match (row + 1 < run.end, &self.current) {
                (true, _) => Some(row + 1),
                (false, Some(key)) if self.rows.next_of(key).await? => self.rows.run().map(|(rows, _)| rows.start),
                _ => None,
            };
        }
        Ok(())
    }
}

/// Rows of other batches, one for each row of the spine.
#[derive(Default)]
struct Picked {
    batches: Vec<RecordBatch>,
    /// By their numbers.
    known: HashMap<u64, usize>,
    places: Vec<(usize, usize)>,
}

impl Picked {
    /// Place 0 is that of a null.
    fn none(&mut self) {
        self.places.push((0, 0));
    }

    fn row(&mut self, row: &Row) {
        let batches = &mut self.batches;
        let place = *self.known.entry(row.number).or_insert_with(|| {
            batches.push(row.batch.clone());
            batches.len()
        });
        self.places.push((place, row.row));
    }

    fn columns(&self, features: &SchemaRef) -> Result<Vec<ArrayRef>> {
        let columns = features.fields().iter().map(|field| {
            let null = new_null_array(field.data_type(), 1);
            let found = self.batches.iter().map(|batch| batch.column_by_name(field.name()));
            let Some(found) = found.collect::<Option<Vec<_>>>() else {
                return internal_err!("rows without a column `{}`", field.name());
            };
            let arrays: Vec<&dyn Array> = std::iter::once(&null).chain(found).map(AsRef::as_ref).collect();
            Ok(interleave(&arrays, &self.places)?)
        });
        columns.collect()
    }
}
