//! How a run is fed, scope by scope.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::row::OwnedRow;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use futures::{FutureExt, StreamExt};
use sandglass_runtime::{GuestThreads, Scope};

use super::exec::Sink;
use super::range::{KeyReader, Keyed};
use super::steps::{Call, Stepper, step};

/// Rows and bytes of a batch at the boundary.
const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 8 << 20;
/// Batches that a step takes when its input has more of them ready, so that the hand-over between threads is shared.
const STEP_BATCHES: usize = 8;

/// Feeds one run from its inputs until they end; hands over its outputs as they come.
pub(super) struct Driver {
    pub(super) threads: Arc<GuestThreads>,
    /// None while it is on a guest's thread, and after an error.
    pub(super) stepper: Option<Stepper>,
    pub(super) sink: Sink,
}

impl Driver {
    pub(super) async fn drive(
        &mut self,
        scope: Scope,
        inputs: Vec<SendableRecordBatchStream>,
        keys: Vec<Vec<String>>,
    ) -> Result<()> {
        match scope {
            Scope::Aligned | Scope::Row | Scope::Interval => self.one_after_another(inputs).await?,
            Scope::Keyed => self.by_key(inputs, keys).await?,
        }
        self.give(Call::Finish)?;
        self.step().await
    }

    async fn one_after_another(&mut self, inputs: Vec<SendableRecordBatchStream>) -> Result<()> {
        for (index, mut input) in inputs.into_iter().enumerate() {
            while let Some(batch) = input.next().await {
                self.push(index, &batch?)?;
                while self.waiting() < STEP_BATCHES
                    && let Some(Some(batch)) = input.next().now_or_never()
                {
                    self.push(index, &batch?)?;
                }
                self.step().await?;
            }
        }
        Ok(())
    }

    /// Every input is sorted by key. The bound is the smallest of the inputs' last keys in sight: what lies before it is
    /// complete in all of them and makes a range. A key that fills its input's whole batch is pushed with its range open.
    async fn by_key(&mut self, inputs: Vec<SendableRecordBatchStream>, keys: Vec<Vec<String>>) -> Result<()> {
        let mut lanes = Vec::with_capacity(inputs.len());
        for (input, keys) in inputs.into_iter().zip(&keys) {
            let reader = KeyReader::new(&input.schema(), keys)?;
            lanes.push(Lane {
                input,
                reader,
                buffer: None,
            });
        }
        // The key of a range that has begun and whose end is not in sight.
        let mut open: Option<OwnedRow> = None;
        loop {
            for lane in &mut lanes {
                lane.fill().await?;
            }
            let Some(bound) = lanes
                .iter()
                .filter_map(|lane| lane.buffer.as_ref().map(Keyed::last))
                .min()
            else {
                break;
            };
            let mut complete = open.as_ref().is_some_and(|key| *key < bound);
            for (index, lane) in lanes.iter_mut().enumerate() {
                if let Some(rows) = lane.buffer.as_mut().and_then(|buffer| buffer.take_before(&bound)) {
                    self.push(index, &rows)?;
                    complete = true;
                }
            }
            if complete {
                self.give(Call::EndKeys)?;
                open = None;
            }
            for (index, lane) in lanes.iter_mut().enumerate() {
                if lane.buffer.as_ref().is_some_and(|buffer| buffer.last() == bound)
                    && let Some(rows) = lane.buffer.take().and_then(|mut buffer| buffer.take_all())
                {
                    self.push(index, &rows)?;
                    open = Some(bound.clone());
                }
            }
            if self.waiting() >= STEP_BATCHES {
                self.step().await?;
            }
        }
        if open.is_some() {
            self.give(Call::EndKeys)?;
        }
        self.step().await
    }

    fn waiting(&self) -> usize {
        self.stepper.as_ref().map_or(0, Stepper::waiting)
    }

    fn give(&mut self, call: Call) -> Result<()> {
        let stepper = self.stepper.as_mut().ok_or_else(|| internal("a run that is over"))?;
        stepper.give(call);
        Ok(())
    }

    fn push(&mut self, input: usize, batch: &RecordBatch) -> Result<()> {
        let input = u32::try_from(input).map_err(|_| internal("too many inputs"))?;
        for part in split(batch) {
            self.give(Call::Push(input, part))?;
        }
        Ok(())
    }

    /// Makes all waiting calls and hands over what they return.
    async fn step(&mut self) -> Result<()> {
        loop {
            let stepper = self.stepper.take().ok_or_else(|| internal("a run that is over"))?;
            if stepper.is_idle() {
                self.stepper = Some(stepper);
                return Ok(());
            }
            let (stepper, batches) = step(&self.threads, stepper)
                .await
                .map_err(|error| self.sink.failed(error))?;
            self.sink.used(stepper.run().usage());
            self.stepper = Some(stepper);
            for batch in batches {
                self.sink.send(batch).await?;
            }
        }
    }
}

struct Lane {
    input: SendableRecordBatchStream,
    reader: KeyReader,
    /// Never empty.
    buffer: Option<Keyed>,
}

impl Lane {
    async fn fill(&mut self) -> Result<()> {
        while self.buffer.as_ref().is_none_or(Keyed::is_empty) {
            self.buffer = None;
            match self.input.next().await {
                None => break,
                Some(batch) => self.buffer = Some(self.reader.read(batch?)?),
            }
        }
        Ok(())
    }
}

/// Parts of at most 8,192 rows and about 8 MiB; a single row may be larger.
fn split(batch: &RecordBatch) -> Vec<RecordBatch> {
    let rows = batch.num_rows();
    if rows == 0 {
        return Vec::new();
    }
    let bytes: usize = batch
        .columns()
        .iter()
        .map(|column| column.to_data().get_slice_memory_size().unwrap_or(0))
        .sum();
    if rows <= BATCH_ROWS && bytes <= BATCH_BYTES {
        return vec![batch.clone()];
    }
    let half = if rows > BATCH_ROWS { BATCH_ROWS } else { rows / 2 };
    if half == 0 {
        return vec![batch.clone()];
    }
    let mut parts = split(&batch.slice(0, half));
    parts.extend(split(&batch.slice(half, rows - half)));
    parts
}

fn internal(message: &str) -> DataFusionError {
    DataFusionError::Internal(format!("transform: {message}"))
}
