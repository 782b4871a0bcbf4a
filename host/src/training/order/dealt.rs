use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{Array, AsArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, interleave_record_batch, take_record_batch};
use arrow::datatypes::{SchemaRef, UInt64Type};
use datafusion::common::{Result, internal_err};
use datafusion::execution::TaskContext;
use datafusion::execution::disk_manager::DiskManager;
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder};

use crate::training::ROWS_MAX;
use crate::training::parked::{Budget, Share, Spill, plain, shaped};

/// Ranges at most: so many counters are gone through for each batch, and so many pieces a spilled file has.
const RANGES_MAX: u64 = 4096;
/// Ranges that are made at once, and how large they may be for that, in bytes.
const AHEAD: usize = 2;
const AHEAD_BYTES: u64 = 16 << 20;

/// How places are cut into ranges.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ranges {
    rows: u64,
    /// Of the column with the places.
    column: usize,
    /// A range has two to the power of this places.
    bits: u32,
}

impl Ranges {
    pub(super) fn new(rows: u64, column: usize) -> Self {
        let places = rows.div_ceil(RANGES_MAX).max(ROWS_MAX as u64);
        let bits = places.next_power_of_two().trailing_zeros();
        Self { rows, column, bits }
    }

    pub(super) fn count(self) -> u32 {
        // At most `RANGES_MAX`, as a range has at least so many places.
        u32::try_from(self.rows.div_ceil(1 << self.bits)).unwrap_or(u32::MAX)
    }

    fn of(self, place: u64) -> usize {
        (place >> self.bits) as usize
    }

    fn first(self, range: u32) -> u64 {
        u64::from(range) << self.bits
    }

    pub(super) fn length(self, range: u32) -> usize {
        (self.rows - self.first(range)).min(1 << self.bits) as usize
    }

    fn places(self, batch: &RecordBatch) -> Result<&[u64]> {
        match batch.column(self.column).as_primitive_opt::<UInt64Type>() {
            Some(places) if places.null_count() == 0 => Ok(places.values()),
            _ => internal_err!("places that are no uint64 without nulls"),
        }
    }
}

/// A batch whose rows lie range by range.
struct Hand {
    rows: RecordBatch,
    /// Ranges that it has rows of, and where each begins; rising.
    starts: Vec<(u32, u32)>,
}

impl Hand {
    fn new(batch: &RecordBatch, ranges: Ranges) -> Result<Self> {
        let places = ranges.places(batch)?;
        let mut next = vec![0_u32; ranges.count() as usize];
        for place in places {
            match next.get_mut(ranges.of(*place)) {
                Some(count) if *place < ranges.rows => *count += 1,
                _ => return internal_err!("place {place} of {}", ranges.rows),
            }
        }
        let (mut starts, mut start) = (Vec::new(), 0);
        for (range, next) in (0..).zip(&mut next) {
            let count = std::mem::replace(next, start);
            if count > 0 {
                starts.push((range, start));
                start += count;
            }
        }
        let mut order = vec![0_u32; places.len()];
        for (row, place) in (0..).zip(places) {
            if let Some(next) = next.get_mut(ranges.of(*place)) {
                if let Some(at) = order.get_mut(*next as usize) {
                    *at = row;
                }
                *next += 1;
            }
        }
        Ok(Self {
            rows: take_record_batch(batch, &UInt32Array::from(order))?,
            starts,
        })
    }

    /// Where a range's rows lie.
    fn piece(&self, range: u32) -> Option<std::ops::Range<usize>> {
        let found = self.starts.binary_search_by_key(&range, |(range, _)| *range).ok()?;
        let start = self.starts.get(found)?.1 as usize;
        let end = self.starts.get(found + 1).map(|(_, end)| *end as usize);
        Some(start..end.unwrap_or(self.rows.num_rows()))
    }

    fn bytes(&self) -> usize {
        self.rows.get_array_memory_size() + self.starts.capacity() * size_of::<(u32, u32)>()
    }
}

/// The rows that have come so far.
pub(super) struct Dealt {
    ranges: Ranges,
    /// The columns as they come and go, and as they are held.
    schema: SchemaRef,
    plain: SchemaRef,
    held: Mutex<Held>,
    disk: Arc<DiskManager>,
    spill_count: Count,
    spilled_bytes: Count,
}

struct Held {
    hands: Vec<Hand>,
    bytes: usize,
    spills: Vec<Arc<Spill>>,
    share: Option<Share>,
}

impl Dealt {
    pub(super) fn new(
        schema: &SchemaRef,
        ranges: Ranges,
        budget: &Arc<Budget>,
        context: &TaskContext,
        metrics: &ExecutionPlanMetricsSet,
    ) -> Self {
        Self {
            ranges,
            schema: Arc::clone(schema),
            plain: plain(schema),
            held: Mutex::new(Held {
                hands: Vec::new(),
                bytes: 0,
                spills: Vec::new(),
                share: Some(Share::of(budget, context.memory_pool(), "InOrderExec")),
            }),
            disk: Arc::clone(&context.runtime_env().disk_manager),
            spill_count: MetricBuilder::new(metrics).spill_count(0),
            spilled_bytes: MetricBuilder::new(metrics).spilled_bytes(0),
        }
    }

    /// Takes a batch in.
    pub(super) fn deal(&self, batch: RecordBatch) -> Result<()> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        let hand = Hand::new(&shaped(batch, &self.plain)?, self.ranges)?;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let held = &mut *held;
        held.bytes += hand.bytes();
        held.hands.push(hand);
        match held.share.as_mut().is_none_or(|share| share.holds(held.bytes)) {
            true => Ok(()),
            false => self.spill(held),
        }
    }

    fn spill(&self, held: &mut Held) -> Result<()> {
        let hands = std::mem::take(&mut held.hands);
        let ranges = (0..self.ranges.count()).filter_map(|range| {
            let pieces = hands.iter().filter_map(|hand| {
                let piece = hand.piece(range)?;
                Some(hand.rows.slice(piece.start, piece.len()))
            });
            let pieces: Vec<RecordBatch> = pieces.collect();
            (!pieces.is_empty()).then(|| Ok((range as usize, vec![concat_batches(&self.plain, &pieces)?])))
        });
        let (spill, bytes) = Spill::write(&self.disk, &self.plain, ranges)?;
        self.spill_count.add(1);
        self.spilled_bytes.add(usize::try_from(bytes).unwrap_or(usize::MAX));
        held.spills.push(Arc::new(spill));
        held.bytes = 0;
        drop(hands);
        if let Some(share) = &mut held.share {
            share.holds(0);
        }
        Ok(())
    }

    /// Says that all rows are in.
    pub(super) fn finish(&self) -> InOrder {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = held.bytes as u64 + self.spilled_bytes.value() as u64;
        InOrder {
            ranges: self.ranges,
            schema: Arc::clone(&self.schema),
            hands: std::mem::take(&mut held.hands),
            spills: std::mem::take(&mut held.spills),
            range_bytes: bytes / u64::from(self.ranges.count().max(1)),
            _share: held.share.take(),
        }
    }
}

/// All rows, range by range.
pub(super) struct InOrder {
    ranges: Ranges,
    schema: SchemaRef,
    hands: Vec<Hand>,
    spills: Vec<Arc<Spill>>,
    range_bytes: u64,
    /// Of the hands.
    _share: Option<Share>,
}

impl InOrder {
    /// How many ranges may be made at once.
    pub(super) fn ahead(&self) -> usize {
        if self.range_bytes > AHEAD_BYTES { 1 } else { AHEAD }
    }

    /// The rows of a range, in order.
    pub(super) fn range(&self, range: u32) -> Result<Vec<RecordBatch>> {
        let mut spilled = Vec::new();
        for spill in &self.spills {
            for rows in spill.read(range as usize)? {
                spilled.push(rows?);
            }
        }
        let pieces: Vec<(&RecordBatch, std::ops::Range<usize>)> = spilled
            .iter()
            .map(|rows| (rows, 0..rows.num_rows()))
            .chain(
                self.hands
                    .iter()
                    .filter_map(|hand| Some((&hand.rows, hand.piece(range)?))),
            )
            .collect();
        let first = self.ranges.first(range);
        let mut order = vec![(usize::MAX, 0); self.ranges.length(range)];
        let mut rows = 0;
        for (piece, (batch, at)) in pieces.iter().enumerate() {
            let places = self.ranges.places(batch)?;
            for row in at.clone() {
                let place = places.get(row).and_then(|place| place.checked_sub(first));
                let place = place.and_then(|place| order.get_mut(usize::try_from(place).ok()?));
                match place {
                    Some(place) if place.0 == usize::MAX => *place = (piece, row),
                    _ => return internal_err!("a place that is taken, or of another range"),
                }
                rows += 1;
            }
        }
        if rows != order.len() {
            return internal_err!("{rows} rows for {} places", order.len());
        }
        let batches: Vec<&RecordBatch> = pieces.iter().map(|(batch, _)| *batch).collect();
        let each = order.chunks(ROWS_MAX);
        each.map(|order| shaped(interleave_record_batch(&batches, order)?, &self.schema))
            .collect()
    }
}
