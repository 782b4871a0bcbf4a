//! Which files hold chosen rows: read as they lie there, whether a version has them or not.

use std::io::ErrorKind;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Scalar};
use arrow::compute::and_kleene;
use arrow::compute::kernels::cmp::{gt_eq, lt_eq};
use deltalake::Path;
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use deltalake::parquet::arrow::arrow_reader::statistics::StatisticsConverter;
use deltalake::parquet::errors::ParquetError;
use deltalake::parquet::file::reader::ChunkReader;
use object_store::{GetResultPayload, ObjectStoreExt};

use super::Chosen;
use crate::offline::{OfflineError, OfflineTable};

/// What a file holds.
pub(super) enum Holding {
    /// So many chosen rows.
    Rows(u64),
    /// It is no Parquet file, or not a whole one.
    Unreadable(String),
}

/// Looks for chosen rows in a file, in the row groups that may hold some, by the columns that decide. A file that is gone holds none.
pub(super) async fn look(table: &OfflineTable, path: &str, chosen: &Arc<dyn Chosen>) -> Result<Holding, OfflineError> {
    let unavailable = |error| OfflineError::storage(table.name(), &format!("{path} cannot be read"), error);
    let found = match table.log.object_store(None).get(&Path::from(path)).await {
        Ok(found) => found,
        Err(object_store::Error::NotFound { .. }) => return Ok(Holding::Rows(0)),
        Err(error) => return Err(unavailable(error)),
    };
    let chosen = Arc::clone(chosen);
    let counted = match found.payload {
        // Of a file only what is needed is read.
        GetResultPayload::File(file, _) => tokio::task::spawn_blocking(move || count(file, chosen.as_ref())),
        GetResultPayload::Stream(_) => {
            let bytes = found.bytes().await.map_err(unavailable)?;
            tokio::task::spawn_blocking(move || count(bytes, chosen.as_ref()))
        }
    };
    let counted = counted.await;
    match counted.map_err(|error| OfflineError::internal(table.name(), error.to_string()))? {
        Ok(rows) => Ok(Holding::Rows(rows)),
        Err(ParquetError::External(error)) => match error.downcast::<std::io::Error>() {
            Ok(error) if error.kind() != ErrorKind::UnexpectedEof => {
                let doing = format!("{path} cannot be read");
                Err(OfflineError::storage(table.name(), &doing, *error))
            }
            Ok(error) => Ok(Holding::Unreadable(error.to_string())),
            Err(error) => Ok(Holding::Unreadable(error.to_string())),
        },
        Err(error) => Ok(Holding::Unreadable(error.to_string())),
    }
}

fn count(file: impl ChunkReader + 'static, chosen: &dyn Chosen) -> Result<u64, ParquetError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    let metadata = Arc::clone(builder.metadata());
    let groups = metadata.row_groups();
    let mut may_hold = BooleanArray::from(vec![true; groups.len()]);
    for (column, value) in chosen.values() {
        let statistics = StatisticsConverter::try_new(&column, builder.schema(), builder.parquet_schema())?;
        let (least, greatest) = (statistics.row_group_mins(groups)?, statistics.row_group_maxes(groups)?);
        if let Some(between) = between(&least, &value, &greatest) {
            may_hold = and_kleene(&may_hold, &between)?;
        }
    }
    // Where nothing is known, it may.
    let may_hold = |group: &usize| may_hold.is_null(*group) || may_hold.value(*group);
    let groups: Vec<usize> = (0..groups.len()).filter(may_hold).collect();
    let columns = chosen.columns();
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().map(String::as_str));
    let batches = builder.with_row_groups(groups).with_projection(mask).build()?;
    let mut rows = 0;
    for batch in batches {
        rows += chosen.of(&batch?)?.true_count() as u64;
    }
    Ok(rows)
}

/// Whether a value lies between those of two arrays; none if they are not of one type.
fn between(least: &ArrayRef, value: &ArrayRef, greatest: &ArrayRef) -> Option<BooleanArray> {
    if least.data_type() != value.data_type() {
        return None;
    }
    let value = Scalar::new(Arc::clone(value));
    and_kleene(&lt_eq(least, &value).ok()?, &gt_eq(greatest, &value).ok()?).ok()
}
