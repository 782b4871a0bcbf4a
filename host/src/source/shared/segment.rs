use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow::array::RecordBatch;
use arrow::ipc::reader::FileReader;
use arrow::ipc::writer::FileWriter;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SpillFile;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::runtime_env::RuntimeEnv;

use super::times;
use crate::time::{Interval, Timestamp};

/// Where rows are held that jobs may still read: in memory as far as that goes, then in temporary files.
pub struct Hold {
    runtime: Arc<RuntimeEnv>,
    memory_bytes_max: usize,
    pub(super) memory_bytes: AtomicUsize,
    spilled_bytes: AtomicUsize,
}

impl Hold {
    /// Holds at most so many bytes in memory, and no more than the runtime's pool grants.
    pub fn new(runtime: Arc<RuntimeEnv>, memory_bytes_max: usize) -> Arc<Self> {
        Arc::new(Self {
            runtime,
            memory_bytes_max,
            memory_bytes: AtomicUsize::new(0),
            spilled_bytes: AtomicUsize::new(0),
        })
    }

    /// Bytes that were written to files.
    pub fn spilled_bytes(&self) -> usize {
        self.spilled_bytes.load(Ordering::Relaxed)
    }

    fn reserve(self: &Arc<Self>, bytes: usize) -> Option<Reserved> {
        let before = self.memory_bytes.fetch_add(bytes, Ordering::Relaxed);
        let reserved = Reserved {
            hold: Arc::clone(self),
            bytes,
            pool: MemoryConsumer::new("shared scan").register(&self.runtime.memory_pool),
        };
        // Whatever is not granted is given back when `reserved` goes.
        let granted = before + bytes <= self.memory_bytes_max && reserved.pool.try_grow(bytes).is_ok();
        granted.then_some(reserved)
    }
}

struct Reserved {
    hold: Arc<Hold>,
    bytes: usize,
    pool: MemoryReservation,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.hold.memory_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Some rows, sorted by time.
pub(super) struct Segment {
    first: Timestamp,
    last: Timestamp,
    rows: Rows,
}

enum Rows {
    Memory { batch: RecordBatch, _reserved: Reserved },
    File(Arc<dyn SpillFile>),
}

impl Segment {
    pub(super) async fn new(
        rows: RecordBatch,
        (first, last): (Timestamp, Timestamp),
        hold: &Arc<Hold>,
    ) -> Result<Self> {
        let bytes = rows
            .columns()
            .iter()
            .map(|column| column.to_data().get_slice_memory_size().unwrap_or(0))
            .sum();
        let rows = match hold.reserve(bytes) {
            Some(reserved) => Rows::Memory {
                batch: rows,
                _reserved: reserved,
            },
            None => {
                let hold = Arc::clone(hold);
                Rows::File(blocking(move || spill(&rows, &hold)).await?)
            }
        };
        Ok(Self { first, last, rows })
    }

    /// The time of its first row.
    pub(super) fn first(&self) -> Timestamp {
        self.first
    }

    /// The time of its last row.
    pub(super) fn last(&self) -> Timestamp {
        self.last
    }

    /// Its rows of a range, without their time.
    pub(super) async fn read(self: &Arc<Self>, range: Option<Interval>) -> Result<RecordBatch> {
        let batch = match &self.rows {
            Rows::Memory { batch, .. } => batch.clone(),
            Rows::File(_) => {
                let segment = Arc::clone(self);
                blocking(move || match &segment.rows {
                    Rows::Memory { batch, .. } => Ok(batch.clone()),
                    Rows::File(file) => load(file.as_ref()),
                })
                .await?
            }
        };
        let (from, to) = match range {
            None => (0, batch.num_rows()),
            Some(range) => {
                let times = times(&batch)?;
                let place = |at: Timestamp| times.partition_point(|time| *time < at.micros());
                (place(range.start), place(range.end))
            }
        };
        let visible: Vec<usize> = (0..batch.num_columns() - 1).collect();
        Ok(batch.slice(from, to.saturating_sub(from)).project(&visible)?)
    }
}

fn spill(rows: &RecordBatch, hold: &Hold) -> Result<Arc<dyn SpillFile>> {
    let file = hold.runtime.disk_manager.create_tmp_file("rows of a shared scan")?;
    let mut writer = FileWriter::try_new(BufWriter::new(file.open_writer()?), rows.schema_ref())?;
    writer.write(rows)?;
    writer.finish()?;
    let buffered = writer.into_inner()?;
    let mut file_writer = buffered
        .into_inner()
        .map_err(|error| DataFusionError::IoError(error.into_error()))?;
    file_writer.finish()?;
    let bytes = usize::try_from(file.size().unwrap_or(0)).unwrap_or(usize::MAX);
    hold.spilled_bytes.fetch_add(bytes, Ordering::Relaxed);
    Ok(file)
}

fn load(file: &dyn SpillFile) -> Result<RecordBatch> {
    let empty = || DataFusionError::Execution("rows of a shared scan are gone from the disk".to_owned());
    let mut reader = FileReader::try_new(BufReader::new(File::open(file.path().ok_or_else(empty)?)?), None)?;
    reader.next().transpose()?.ok_or_else(empty)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(DataFusionError::Execution(error.to_string())))
}
