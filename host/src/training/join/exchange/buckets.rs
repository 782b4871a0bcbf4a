use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder};

use crate::training::join::sift::hashes;
use crate::training::parked::{Budget, Share, Spill, plain, shaped, together};

/// Rows by the hash of their key.
pub(super) struct Buckets {
    keys: Vec<String>,
    count: usize,
    /// The columns as they come and go, and as they are held.
    schema: SchemaRef,
    plain: SchemaRef,
    held: Mutex<Held>,
    disk: Arc<DiskManager>,
    spill_count: Count,
    spilled_bytes: Count,
}

struct Held {
    /// None where it has been taken.
    buckets: Vec<Option<Vec<RecordBatch>>>,
    bytes: usize,
    share: Share,
    spills: Vec<Arc<Spill>>,
}

impl Buckets {
    pub(super) fn new(
        schema: &SchemaRef,
        keys: Vec<String>,
        count: usize,
        budget: &Arc<Budget>,
        context: &TaskContext,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Self {
        Self {
            keys,
            count,
            schema: Arc::clone(schema),
            plain: plain(schema),
            held: Mutex::new(Held {
                buckets: vec![Some(Vec::new()); count],
                bytes: 0,
                share: Share::of(budget, context.memory_pool(), "ExchangeExec"),
                spills: Vec::new(),
            }),
            disk: Arc::clone(&context.runtime_env().disk_manager),
            spill_count: MetricBuilder::new(metrics).spill_count(0),
            spilled_bytes: MetricBuilder::new(metrics).spilled_bytes(0),
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a batch in.
    pub(super) fn put(&self, batch: RecordBatch) -> Result<()> {
        let batch = shaped(batch, &self.plain)?;
        let mut parts = Vec::new();
        for (bucket, rows) in by_bucket(&hashes(&batch, &self.keys)?, self.count) {
            parts.push((bucket, take_record_batch(&batch, &rows)?));
        }
        let mut held = self.held();
        let held = &mut *held;
        for (bucket, part) in parts {
            held.bytes += part.get_array_memory_size();
            match held.buckets.get_mut(bucket).and_then(Option::as_mut) {
                Some(rows) => rows.push(part),
                None => return internal_err!("rows for bucket {bucket} after it was taken"),
            }
        }
        match held.share.holds(held.bytes) {
            true => Ok(()),
            false => self.spill(held),
        }
    }

    fn spill(&self, held: &mut Held) -> Result<()> {
        let buckets = held.buckets.iter_mut().enumerate();
        let pieces = buckets.filter_map(|(bucket, rows)| {
            let rows = std::mem::take(rows.as_mut()?);
            (!rows.is_empty()).then_some(Ok((bucket, rows)))
        });
        let (spill, bytes) = Spill::write(&self.disk, &self.plain, pieces)?;
        self.spill_count.add(1);
        self.spilled_bytes.add(usize::try_from(bytes).unwrap_or(usize::MAX));
        held.spills.push(Arc::new(spill));
        held.bytes = 0;
        held.share.holds(0);
        Ok(())
    }

    /// The rows of a bucket when all are in, once.
    pub(super) fn take(&self, bucket: usize) -> Result<impl Iterator<Item = Result<RecordBatch>> + use<>> {
        let mut held = self.held();
        let Some(rows) = held.buckets.get_mut(bucket).and_then(Option::take) else {
            return internal_err!("bucket {bucket} was taken");
        };
        // From here on they are counted by whoever takes them.
        let bytes: usize = rows.iter().map(RecordBatch::get_array_memory_size).sum();
        held.bytes = held.bytes.saturating_sub(bytes);
        let left = held.bytes;
        held.share.holds(left);
        let spills = held.spills.clone();
        drop(held);
        let spilled = spills.into_iter().flat_map(move |spill| {
            let (rows, error) = match spill.read(bucket) {
                Ok(rows) => (Some(rows), None),
                Err(error) => (None, Some(Err(error))),
            };
            rows.into_iter().flatten().chain(error)
        });
        let held = together(rows, &self.plain);
        let schema = Arc::clone(&self.schema);
        Ok(spilled.chain(held).map(move |batch| shaped(batch?, &schema)))
    }
}

/// Each bucket that there are rows for, and these.
fn by_bucket(hashes: &[u64], count: usize) -> impl Iterator<Item = (usize, UInt32Array)> {
    let bucket = |hash: u64| (((hash >> 32) * count as u64) >> 32) as usize;
    let mut next = vec![0_u32; count];
    for hash in hashes {
        if let Some(next) = next.get_mut(bucket(*hash)) {
            *next += 1;
        }
    }
    let (mut starts, mut start) = (Vec::with_capacity(count), 0);
    for (bucket, next) in next.iter_mut().enumerate() {
        let rows = std::mem::replace(next, start);
        if rows > 0 {
            starts.push((bucket, start, rows));
        }
        start += rows;
    }
    let mut order = vec![0_u32; hashes.len()];
    for (row, hash) in (0..).zip(hashes) {
        if let Some(next) = next.get_mut(bucket(*hash)) {
            if let Some(place) = order.get_mut(*next as usize) {
                *place = row;
            }
            *next += 1;
        }
    }
    let order = UInt32Array::from(order);
    let starts = starts.into_iter();
    starts.map(move |(bucket, start, rows)| (bucket, order.slice(start as usize, rows as usize)))
}
