use std::num::NonZeroU64;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringBuilder};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::execution::SendableRecordBatchStream;
use deltalake::datafile::writer::{DeltaWriter, WriterConfig};
use deltalake::kernel::Add;
use deltalake::table::config::TablePropertiesExt;
use futures::StreamExt;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::WriterProperties;

use super::error::OfflineError;
use super::table::{OfflineTable, with_partition};
use crate::time::{Interval, Timestamp};

/// Files of a job that no commit names yet.
#[derive(Debug, Clone)]
pub struct Staged {
    /// The job's interval.
    pub interval: Interval,
    /// The files.
    pub(super) adds: Vec<Add>,
    /// Their rows.
    pub rows: u64,
    /// Their size.
    pub bytes: u64,
}

const FILE_BYTES: u64 = 128 << 20;
const ROW_GROUP_ROWS: usize = 128 << 10;

/// Writes a job's rows, which come sorted by time and lie in its interval, to files. Nothing is visible before the commit.
pub async fn stage(
    table: &OfflineTable,
    interval: Interval,
    mut rows: SendableRecordBatchStream,
) -> Result<Staged, StageError> {
    let mut writer = writer(table).map_err(StageError::Store)?;
    let mut count = 0;
    while let Some(batch) = rows.next().await {
        let written = match batch {
            Err(error) => Err(StageError::Rows(error)),
            Ok(batch) if batch.num_rows() == 0 => Ok(()),
            Ok(batch) => {
                count += batch.num_rows() as u64;
                match table.partitioned(&batch, Some(interval)) {
                    Ok(batch) => writer
                        .write(&batch)
                        .await
                        .map_err(|error| StageError::Store(table.delta(error))),
                    Err(error) => Err(StageError::Store(error)),
                }
            }
        };
        if let Err(error) = written {
            // What was written is of no commit; a failure to take it away again changes nothing.
            let _ = writer.abort().await;
            return Err(error);
        }
    }
    let adds = writer
        .close()
        .await
        .map_err(|error| StageError::Store(table.delta(error)))?;
    let bytes = adds.iter().map(|add| u64::try_from(add.size).unwrap_or(0)).sum();
    Ok(Staged {
        interval,
        adds,
        rows: count,
        bytes,
    })
}

/// Why a job's rows are not staged.
#[derive(Debug)]
pub enum StageError {
    /// They could not be made.
    Rows(datafusion::common::DataFusionError),
    /// They could not be written.
    Store(OfflineError),
}

pub(super) fn writer(table: &OfflineTable) -> Result<DeltaWriter, OfflineError> {
    let state = table.table.snapshot().map_err(|error| table.delta(error))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build();
    let spec = table.spec();
    let config = WriterConfig::new(
        with_partition(spec),
        vec![spec.granularity.column().to_owned()],
        Some(properties),
        NonZeroU64::new(FILE_BYTES),
        None,
        state.table_config().num_indexed_cols(),
        None,
    );
    Ok(DeltaWriter::new(table.object_store(), config))
}

impl OfflineTable {
    /// Adds the partition column; a row outside of `interval` is an error, as whoever made it has cut it before.
    pub(super) fn partitioned(
        &self,
        batch: &RecordBatch,
        interval: Option<Interval>,
    ) -> Result<RecordBatch, OfflineError> {
        let wrong = |message: String| OfflineError::Rows {
            table: self.spec.name.to_string(),
            message,
        };
        if batch.schema_ref().fields() != self.spec.schema.fields() {
            for (have, want) in batch.schema_ref().fields().iter().zip(self.spec.schema.fields()) {
                if have.name() != want.name() || have.data_type() != want.data_type() {
                    let message = format!(
                        "column `{}` is {}, the table has `{}` {}",
                        have.name(),
                        have.data_type(),
                        want.name(),
                        want.data_type()
                    );
                    return Err(wrong(message));
                }
            }
            if batch.num_columns() != self.spec.schema.fields().len() {
                let message = format!(
                    "{} columns, the table has {}",
                    batch.num_columns(),
                    self.spec.schema.fields().len()
                );
                return Err(wrong(message));
            }
        }
        let times = batch
            .column_by_name(&self.spec.time_column)
            .ok_or_else(|| wrong("no time column".to_owned()))?;
        let times = times
            .as_primitive_opt::<TimestampMicrosecondType>()
            .ok_or_else(|| wrong(format!("column `{}` holds no time", self.spec.time_column)))?;
        let mut partitions = StringBuilder::with_capacity(batch.num_rows(), batch.num_rows() * 8);
        let mut last: Option<(Interval, String)> = None;
        for row in 0..times.len() {
            let at = Timestamp::from_micros(times.value(row));
            if times.is_null(row) || interval.is_some_and(|interval| !interval.contains(at)) {
                return Err(wrong(format!("a row at {at}, outside of its job's interval")));
            }
            // Rows come sorted by time: formatting each would cost more than writing it.
            if let Some((day, partition)) = &last
                && day.contains(at)
            {
                partitions.append_value(partition);
                continue;
            }
            let partition = self
                .spec
                .granularity
                .partition(at)
                .ok_or_else(|| wrong(format!("a row at {at}")))?;
            partitions.append_value(&partition);
            let days = crate::time::Grid::new(Timestamp::from_micros(0), crate::time::Span::DAY);
            last = days.map(|days| (days.interval(at), partition));
        }
        let partitions: ArrayRef = Arc::new(partitions.finish());
        let columns = batch.columns().iter().cloned().chain([partitions]).collect();
        RecordBatch::try_new(with_partition(&self.spec), columns).map_err(|error| wrong(error.to_string()))
    }
}
