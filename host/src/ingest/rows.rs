//! Rows of a file on their way into a feature table.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, new_null_array};
use arrow::compute::cast;
use arrow::datatypes::{SchemaRef, TimestampMicrosecondType};
use datafusion::common::DataFusionError;
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execute_stream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::SessionContext;
use futures::StreamExt;
use serde::Serialize;

use super::IngestError;
use super::table::ALWAYS;
use crate::definition::{INGESTED, Source};
use crate::materialize::MaterializeError;
use crate::offline::OfflineTable;
use crate::project::CompiledView;
use crate::source::{SourceTable, Wanted};
use crate::time::Timestamp;

/// What was brought into a feature table.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Ingested {
    /// Rows.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Times that had a fraction of a microsecond, which was cut off.
    pub floored_times: u64,
    /// Columns of the file that the table does not have, in their order.
    pub ignored_columns: Vec<String>,
    /// The table's version that has them; none if there were no rows.
    pub version: Option<u64>,
    /// What went wrong after the rows were in the log; a later commit tries again.
    #[serde(skip)]
    pub upkeep: Option<String>,
}

/// Adds the rows of a file to a table: all of them in one commit, or none. The file has the table's columns by their names, in types
/// that become the table's without loss.
pub async fn ingest(
    session: &SessionContext,
    root: &Path,
    file: &Source,
    compiled: &CompiledView,
    table: &OfflineTable,
    now: Timestamp,
) -> Result<Ingested, IngestError> {
    let name = &compiled.view.name;
    let label = format!("feature table `{name}`");
    let source = SourceTable::open(root, file).await.map_err(IngestError::File)?;
    let ignored = source
        .column_names()
        .filter(|name| compiled.schema.index_of(name).is_err());
    let ignored_columns = ignored.map(str::to_owned).collect();
    let wanted = Wanted {
        columns: Arc::clone(&compiled.schema),
        keys: compiled.view.join_keys.iter().map(|key| key.name.clone()).collect(),
        range: None,
        and_time: false,
    };
    let scan = source.scan(session, wanted).await.map_err(IngestError::File)?;
    let plan = Arc::new(CoalescePartitionsExec::new(Arc::clone(&scan.plan)));
    let rows = execute_stream(plan, session.task_ctx()).map_err(|error| MaterializeError::from_plan(&label, error))?;
    // Later than that of everything that is there, so that these are meant.
    let number = i64::try_from(table.version()).unwrap_or(i64::MAX).saturating_add(1);
    let future = Arc::new(Mutex::new(None));
    let complete = Complete {
        schema: Arc::clone(table.schema()),
        time_column: compiled.view.timestamp_column.clone(),
        number,
        now,
        future: Arc::clone(&future),
    };
    let schema = Arc::clone(table.schema());
    let rows = rows.map(move |batch| complete.batch(&batch?));
    let rows = Box::pin(RecordBatchStreamAdapter::new(schema, rows));
    let staged = table.stage(ALWAYS, rows).await;
    if let Some(at) = *future.lock().unwrap_or_else(PoisonError::into_inner) {
        let table = name.clone();
        return Err(IngestError::Future { table, at, now });
    }
    let staged = staged.map_err(|error| match source.unreachable() {
        Some(away) => IngestError::File(away),
        None => MaterializeError::from_store(&label, error).into(),
    })?;
    let counts = scan.counts();
    for (nulls, what) in [
        (counts.null_keys, "a null key"),
        (counts.null_times, "no time"),
        (counts.unrepresentable_times, "a time outside of the years 0001 to 9999"),
    ] {
        if nulls > 0 {
            // What cannot be removed now is for `maintain`.
            let _ = table.discard(staged).await;
            return Err(IngestError::Unusable {
                table: name.clone(),
                rows: counts.rows_read,
                nulls,
                what,
            });
        }
    }
    let mut ingested = Ingested {
        rows: staged.rows,
        bytes: staged.bytes,
        floored_times: counts.floored_times,
        ignored_columns,
        ..Ingested::default()
    };
    if staged.rows > 0 {
        let committed = table.append(staged).await?;
        ingested.version = Some(committed.version);
        ingested.upkeep = committed.upkeep;
    }
    Ok(ingested)
}

/// Makes rows as they are brought what they are as they are stored.
struct Complete {
    schema: SchemaRef,
    time_column: String,
    number: i64,
    now: Timestamp,
    /// The time of a row that has not come yet.
    future: Arc<Mutex<Option<Timestamp>>>,
}

impl Complete {
    fn batch(&self, batch: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
        let times = batch
            .column_by_name(&self.time_column)
            .and_then(|times| times.as_primitive_opt::<TimestampMicrosecondType>())
            .ok_or_else(|| DataFusionError::Internal("rows without a time".to_owned()))?;
        if let Some(at) = arrow::compute::max(times).map(Timestamp::from_micros)
            && at >= self.now
        {
            *self.future.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
            return Err(DataFusionError::Execution("a row of the future".to_owned()));
        }
        let column = |name: &String| -> Option<ArrayRef> {
            match name == INGESTED {
                true => Some(Arc::new(Int64Array::from_value(self.number, batch.num_rows()))),
                false => batch.column_by_name(name).cloned(),
            }
        };
        let columns = self.schema.fields().iter().map(|field| match column(field.name()) {
            // What the table had once, and its definition does not any more.
            None => Ok(new_null_array(field.data_type(), batch.num_rows())),
            // Parts of nested types have other names in Delta.
            Some(column) if column.data_type() != field.data_type() => cast(&column, field.data_type()),
            Some(column) => Ok(column),
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), columns)?)
    }
}
