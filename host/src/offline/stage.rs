use std::num::NonZeroU64;
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch, StringArray};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::execution::context::SessionConfig;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::prelude::SessionContext;
use deltalake::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake::kernel::Add;
use deltalake::parquet::basic::{Compression, ZstdLevel};
use deltalake::parquet::file::properties::WriterProperties;
use futures::StreamExt;

use super::conform::Conform;
use super::layout::Layout;
use super::sort::sort_by_time;
use super::{OfflineError, OfflineTable};
use crate::time::{Interval, Timestamp};

/// A file is closed when it is about this long.
const FILE_BYTES: NonZeroU64 = NonZeroU64::new(128 * 1024 * 1024).expect("not zero");

/// Files are sorted by time, so a row group is the least that a scan of a range reads.
const ROW_GROUP_ROWS: usize = 128 * 1024;

/// A job's rows, in files that no version of the table has yet. Dropped, they are left for `maintain` to remove.
#[derive(Debug, Clone)]
pub struct Staged {
    /// What the job materialized. Every row lies inside.
    pub interval: Interval,
    /// The files, each in one partition and sorted by time.
    pub adds: Vec<Add>,
    /// How many rows.
    pub rows: u64,
    /// How many bytes, compressed.
    pub bytes: u64,
}

impl OfflineTable {
    /// Sorts the rows, which may come in any order, by time, and writes them into new files. Sorting takes from the
    /// runtime's memory pool and spills. A row outside the interval, a null timestamp or another schema is the
    /// caller's mistake.
    pub async fn stage(&self, interval: Interval, rows: SendableRecordBatchStream) -> Result<Staged, OfflineError> {
        if interval.is_empty() || !interval.start.is_representable() || !interval.end.is_representable() {
            return Err(OfflineError::internal(
                self.name(),
                format!("{interval} is no interval for a job"),
            ));
        }
        let written = write_sorted(self, Some(interval), rows).await?;
        let bytes = written
            .adds
            .iter()
            .map(|add| u64::try_from(add.size).unwrap_or(0))
            .sum();
        Ok(Staged {
            interval,
            adds: written.adds,
            rows: written.rows,
            bytes,
        })
    }

    /// A session over the table's runtime, for sorting and rewriting.
    pub(super) fn session(&self) -> SessionContext {
        let config = SessionConfig::new().with_target_partitions(1);
        SessionContext::new_with_config_rt(config, self.runtime.clone())
    }
}

pub(super) struct Written {
    pub(super) adds: Vec<Add>,
    pub(super) rows: u64,
}

/// Sorts and writes rows, all of which lie in `bounds` if there are any.
pub(super) async fn write_sorted(
    table: &OfflineTable,
    bounds: Option<Interval>,
    rows: SendableRecordBatchStream,
) -> Result<Written, OfflineError> {
    let layout = table.layout.as_ref();
    let doing = || match bounds {
        Some(interval) => format!("the rows of {interval} failed"),
        None => "the rows of a file that is rewritten failed".to_owned(),
    };
    let conform = Conform::new(layout, &rows.schema())?;
    let task = table.session().task_ctx();
    let mut sorted = sort_by_time(&layout.time_column, rows, task)
        .map_err(|error| OfflineError::rows(&layout.label, doing(), error))?;
    let mut files = Files::new(table)?;
    let mut failed = None;
    while let Some(batch) = sorted.next().await {
        let written = match batch {
            Ok(batch) => match conform
                .batch(&batch)
                .and_then(|batch| check_times(layout, bounds, batch))
            {
                Ok((batch, times)) => files.write(&batch, &times).await,
                Err(error) => Err(error),
            },
            Err(error) => Err(OfflineError::rows(&layout.label, doing(), error)),
        };
        if let Err(error) = written {
            failed = Some(error);
            break;
        }
    }
    match failed {
        None => files.finish().await,
        Some(error) => {
            files.abort().await;
            Err(error)
        }
    }
}

fn check_times(
    layout: &Layout,
    bounds: Option<Interval>,
    batch: RecordBatch,
) -> Result<(RecordBatch, Vec<Timestamp>), OfflineError> {
    let column = batch
        .column_by_name(&layout.time_column)
        .expect("the table's schema has it");
    let column = column.as_primitive::<TimestampMicrosecondType>();
    if column.null_count() > 0 {
        return Err(OfflineError::internal(
            &layout.label,
            format!("a staged row has no timestamp in `{}`", layout.time_column),
        ));
    }
    let times: Vec<_> = column
        .values()
        .iter()
        .map(|micros| Timestamp::from_micros(*micros))
        .collect();
    if let Some(bounds) = bounds
        && let Some(outside) = times.iter().find(|time| !bounds.contains(**time))
    {
        return Err(OfflineError::internal(
            &layout.label,
            format!("a staged row is at {outside}, outside of its job's interval {bounds}"),
        ));
    }
    Ok((batch, times))
}

/// Writes sorted batches. As partitions follow each other in time, one file is open at a time.
struct Files<'a> {
    table: &'a OfflineTable,
    open: Option<(String, DeltaWriter)>,
    config: WriterConfig,
    written: Written,
}

impl<'a> Files<'a> {
    fn new(table: &'a OfflineTable) -> Result<Self, OfflineError> {
        let layout = table.layout.as_ref();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
            .build();
        let config = WriterConfig::new(
            layout.table_schema.clone(),
            vec![layout.partition.column().to_owned()],
            Some(properties),
            Some(FILE_BYTES),
            None,
            // Only the time column has statistics in the log: files are sorted by time, so others would not skip any.
            "0".try_into()
                .map_err(|_| OfflineError::internal(&layout.label, "delta has changed its settings"))?,
            Some(vec![layout.time_column.clone()]),
        );
        Ok(Self {
            table,
            open: None,
            config,
            written: Written {
                adds: Vec::new(),
                rows: 0,
            },
        })
    }

    async fn write(&mut self, batch: &RecordBatch, times: &[Timestamp]) -> Result<(), OfflineError> {
        let layout = self.table.layout.as_ref();
        let mut from = 0;
        while from < times.len() {
            let partition = layout.partition.value(times[from]);
            let interval = partition.as_deref().and_then(|value| layout.partition.interval(value));
            let (Some(partition), Some(interval)) = (partition, interval) else {
                let reason = format!("a staged row is at {}, outside of the years 1 to 9999", times[from]);
                return Err(OfflineError::internal(&layout.label, reason));
            };
            let rows = times[from..].partition_point(|time| *time < interval.end);
            let slice = self.with_partition(&batch.slice(from, rows), &partition)?;
            self.written.rows += rows as u64;
            from += rows;
            if self.open.as_ref().is_some_and(|(open, _)| *open != partition) {
                self.close().await?;
            }
            let (_, writer) = self.open.get_or_insert_with(|| {
                (
                    partition,
                    DeltaWriter::new(self.table.log.object_store(None), self.config.clone()),
                )
            });
            writer
                .write(&slice)
                .await
                .map_err(|error| cannot_write(layout, error))?;
        }
        Ok(())
    }

    fn with_partition(&self, batch: &RecordBatch, partition: &str) -> Result<RecordBatch, OfflineError> {
        let layout = self.table.layout.as_ref();
        let mut columns = batch.columns().to_vec();
        columns.push(Arc::new(StringArray::from_iter_values(std::iter::repeat_n(
            partition,
            batch.num_rows(),
        ))));
        RecordBatch::try_new(layout.table_schema.clone(), columns).map_err(|error| OfflineError::Internal {
            table: layout.label.clone(),
            reason: "staged rows do not fit the table's schema".to_owned(),
            source: Some(Box::new(error)),
        })
    }

    async fn close(&mut self) -> Result<(), OfflineError> {
        if let Some((_, writer)) = self.open.take() {
            let adds = writer
                .close()
                .await
                .map_err(|error| cannot_write(&self.table.layout, error))?;
            self.written.adds.extend(adds);
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Written, OfflineError> {
        self.close().await?;
        Ok(self.written)
    }

    async fn abort(mut self) {
        if let Some((_, writer)) = self.open.take() {
            // What has failed is reported by the caller; what stays behind is for `maintain`.
            let _ = writer.abort().await;
        }
    }
}

fn cannot_write(layout: &Layout, error: deltalake::DeltaTableError) -> OfflineError {
    OfflineError::delta(&layout.label, "a file of rows cannot be written", error)
}
