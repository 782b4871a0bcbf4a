//! Leaves rows out that belong to no key of the spine before they are sorted: most of them, where a spine asks about few keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arrow::array::{ArrayRef, BooleanArray, RecordBatch};
use arrow::buffer::BooleanBuffer;
use arrow::compute::BatchCoalescer;
use datafusion::common::hash_utils::{RandomState, create_hashes};
use datafusion::common::{Result, internal_err};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, ExecutionPlanProperties};
use futures::StreamExt;
use futures::stream::try_unfold;

use super::through::ThroughExec;
use crate::training::ROWS_MAX;

/// At most 8 MiB: 13 bits for each of 5 million keys, of which it takes one in thirty others for one of them. For fewer it is smaller, as
/// each look is at a random place of it.
const WORDS_MAX: u64 = 1 << 20;
/// Each row may be a key.
const ROWS_OF_A_WORD: u64 = 4;

/// The keys of a spine, or some more: a Bloom filter, each key in one word.
pub(crate) struct KeySet {
    words: Vec<AtomicU64>,
    /// Streams that are still adding keys.
    adding: AtomicUsize,
}

impl KeySet {
    /// Notes the keys of all rows that come out of a plan, about so many.
    pub(crate) fn of(
        input: Arc<dyn ExecutionPlan>,
        keys: Vec<String>,
        rows: u64,
    ) -> (Arc<Self>, Arc<dyn ExecutionPlan>) {
        let words = (rows / ROWS_OF_A_WORD).clamp(1, WORDS_MAX).next_power_of_two();
        let set = Arc::new(Self {
            words: (0..words).map(|_| AtomicU64::new(0)).collect(),
            adding: AtomicUsize::new(input.output_partitioning().partition_count()),
        });
        let shown = format!("Note, keys={}", keys.join(","));
        let noted = Arc::clone(&set);
        let through = move |input| noting(input, Arc::clone(&noted), keys.clone());
        (
            set,
            Arc::new(ThroughExec::new("KeysExec", shown, input, Arc::new(through))),
        )
    }

    /// The rows of a plan without those of other keys; while keys are still being added, these are all. The columns have the types of
    /// those that were noted.
    pub(crate) fn sift(self: &Arc<Self>, input: Arc<dyn ExecutionPlan>, keys: Vec<String>) -> Arc<dyn ExecutionPlan> {
        let shown = format!("Sift, keys={}", keys.join(","));
        let set = Arc::clone(self);
        let through = move |input| sifting(input, Arc::clone(&set), keys.clone());
        Arc::new(ThroughExec::new("KeysExec", shown, input, Arc::new(through)))
    }

    /// The word of a key.
    fn word(&self, hash: u64) -> &AtomicU64 {
        let word = ((hash >> 32) * self.words.len() as u64) >> 32;
        &self.words[word as usize]
    }

    /// The words of keys, as they are. Many are read at once, as most are not in the cache.
    fn words(&self, hashes: &[u64]) -> Vec<u64> {
        let words = hashes.iter().map(|hash| self.word(*hash).load(Ordering::Relaxed));
        words.collect()
    }

    fn add(&self, hashes: &[u64]) {
        for (hash, word) in hashes.iter().zip(self.words(hashes)) {
            let bits = bits(*hash);
            if word & bits != bits {
                self.word(*hash).fetch_or(bits, Ordering::Relaxed);
            }
        }
    }

    fn may_hold(&self, hashes: &[u64]) -> BooleanArray {
        let words = self.words(hashes);
        let held = BooleanBuffer::collect_bool(hashes.len(), |at| {
            let bits = bits(hashes[at]);
            words[at] & bits == bits
        });
        BooleanArray::from(held)
    }

    fn is_complete(&self) -> bool {
        self.adding.load(Ordering::Acquire) == 0
    }
}

/// Those that a key has in its word.
fn bits(hash: u64) -> u64 {
    (0..4).fold(0, |bits, at| bits | 1 << (hash >> (6 * at) & 63))
}

pub(super) fn hashes(batch: &RecordBatch, keys: &[String]) -> Result<Vec<u64>> {
    let columns = keys.iter().map(|key| batch.column_by_name(key));
    let Some(columns) = columns.collect::<Option<Vec<&ArrayRef>>>() else {
        return internal_err!("rows without their keys");
    };
    let mut hashes = vec![0; batch.num_rows()];
    create_hashes(columns, &RandomState::with_seed(0), &mut hashes)?;
    Ok(hashes)
}

/// Hands on all rows and adds their keys.
fn noting(input: SendableRecordBatchStream, set: Arc<KeySet>, keys: Vec<String>) -> SendableRecordBatchStream {
    let schema = input.schema();
    let rows = try_unfold((input, set, keys), |(mut input, set, keys)| async move {
        match input.next().await.transpose()? {
            Some(batch) => {
                set.add(&hashes(&batch, &keys)?);
                Ok(Some((batch, (input, set, keys))))
            }
            None => {
                // What is run again adds the same keys again.
                let left = |adding: usize| adding.checked_sub(1);
                let _ = set.adding.fetch_update(Ordering::Release, Ordering::Relaxed, left);
                Ok(None)
            }
        }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// Hands on rows whose keys may be there.
fn sifting(input: SendableRecordBatchStream, set: Arc<KeySet>, keys: Vec<String>) -> SendableRecordBatchStream {
    let schema = input.schema();
    let sieve = Sieve {
        rows: BatchCoalescer::new(Arc::clone(&schema), ROWS_MAX),
        input: Some(input),
        set,
        keys,
    };
    let rows = try_unfold(sieve, |mut sieve| async move {
        let next = sieve.next().await?;
        Ok(next.map(|batch| (batch, sieve)))
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, rows))
}

/// Rows that are left, in batches as large as others.
struct Sieve {
    /// None at its end.
    input: Option<SendableRecordBatchStream>,
    rows: BatchCoalescer,
    set: Arc<KeySet>,
    keys: Vec<String>,
}

impl Sieve {
    async fn next(&mut self) -> Result<Option<RecordBatch>> {
        loop {
            if let Some(batch) = self.rows.next_completed_batch() {
                return Ok(Some(batch));
            }
            let Some(input) = &mut self.input else { return Ok(None) };
            match input.next().await.transpose()? {
                Some(batch) if self.set.is_complete() => {
                    let held = self.set.may_hold(&hashes(&batch, &self.keys)?);
                    self.rows.push_batch_with_filter(batch, &held)?;
                }
                Some(batch) => self.rows.push_batch(batch)?,
                None => {
                    self.input = None;
                    self.rows.finish_buffered_batch()?;
                }
            }
        }
    }
}
