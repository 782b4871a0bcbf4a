use std::cmp::Ordering;
use std::ops::Range;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::partition;
use datafusion::common::{DataFusionError, Result, internal_err};
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;

use crate::definition::JoinKey;
use crate::key::KeyColumns;

/// A copy of a key, in the memory of the one before.
pub(super) fn held(before: Option<Vec<u8>>, key: &[u8]) -> Vec<u8> {
    let mut held = before.unwrap_or_default();
    held.clear();
    held.extend_from_slice(key);
    held
}

/// A stream of rows sorted by key, run by run: rows of one key that follow each other in one batch.
pub(super) struct Cursor {
    stream: SendableRecordBatchStream,
    /// The key's columns, by the names that they have here.
    keys: Vec<JoinKey>,
    batch: Option<RecordBatch>,
    /// How many batches there have been.
    count: u64,
    /// Runs of the batch.
    runs: Vec<Run>,
    /// Their keys, one behind the other.
    bytes: Vec<u8>,
    at: usize,
}

struct Run {
    rows: Range<usize>,
    /// Where its key is; none if a part of the key is null.
    key: Option<Range<usize>>,
}

impl Cursor {
    pub(super) fn new(stream: SendableRecordBatchStream, keys: Vec<JoinKey>) -> Self {
        Self {
            stream,
            keys,
            batch: None,
            count: 0,
            runs: Vec::new(),
            bytes: Vec::new(),
            at: 0,
        }
    }

    /// Goes to the next batch; whether there is one.
    pub(super) async fn next_batch(&mut self) -> Result<bool> {
        loop {
            self.at = 0;
            self.runs.clear();
            self.bytes.clear();
            self.batch = self.stream.next().await.transpose()?;
            self.count += 1;
            let Some(batch) = &self.batch else { return Ok(false) };
            if batch.num_rows() > 0 {
                break;
            }
        }
        self.find_runs()?;
        Ok(true)
    }

    fn find_runs(&mut self) -> Result<()> {
        let Some(batch) = &self.batch else { return Ok(()) };
        let columns = self.keys.iter().map(|key| batch.column_by_name(&key.name).cloned());
        let Some(columns) = columns.collect::<Option<Vec<ArrayRef>>>() else {
            return internal_err!("rows without their keys");
        };
        let keys = KeyColumns::new(batch, &self.keys).map_err(|error| DataFusionError::Internal(error.message))?;
        for rows in partition(&columns)?.ranges() {
            let start = self.bytes.len();
            let is_null = keys.is_null(rows.start);
            if !is_null {
                keys.append_to(rows.start, &mut self.bytes);
            }
            let key = (!is_null).then_some(start..self.bytes.len());
            self.runs.push(Run { rows, key });
        }
        Ok(())
    }

    /// The current batch.
    pub(super) fn batch(&self) -> Option<&RecordBatch> {
        self.batch.as_ref()
    }

    /// The number of the current batch.
    pub(super) fn number(&self) -> u64 {
        self.count
    }

    /// The current run.
    pub(super) fn run(&self) -> Option<(Range<usize>, Option<&[u8]>)> {
        let Run { rows, key } = self.runs.get(self.at)?;
        Some((rows.clone(), key.clone().and_then(|key| self.bytes.get(key))))
    }

    /// Goes to the next run of the batch; whether there is one.
    pub(super) fn next_run(&mut self) -> bool {
        self.at += 1;
        self.at < self.runs.len()
    }

    /// Goes to the next run, over batches.
    async fn advance(&mut self) -> Result<()> {
        if !self.next_run() {
            self.next_batch().await?;
        }
        Ok(())
    }

    /// Goes to the first run whose key is not before `key`, and says whether it is that key's.
    pub(super) async fn seek(&mut self, key: &[u8]) -> Result<bool> {
        loop {
            if self.run().is_none() && !self.next_batch().await? {
                return Ok(false);
            }
            match self.run().and_then(|(_, key)| key).map(|found| found.cmp(key)) {
                None | Some(Ordering::Less) => self.advance().await?,
                Some(Ordering::Equal) => return Ok(true),
                Some(Ordering::Greater) => return Ok(false),
            }
        }
    }

    /// Goes to the next run; whether it is of the same key.
    pub(super) async fn next_of(&mut self, key: &[u8]) -> Result<bool> {
        self.advance().await?;
        Ok(self.run().and_then(|(_, key)| key) == Some(key))
    }
}
