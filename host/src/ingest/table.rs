//! What a feature table is made as, and what it becomes when its columns change.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use sandglass_runtime::kind_name;

use super::IngestError;
use crate::definition::INGESTED;
use crate::offline::{Attempt, JobCommit, OfflineError, OfflineTable, Reads};
use crate::time::{Interval, Timestamp};

/// All time.
pub(super) const ALWAYS: Interval = Interval {
    start: Timestamp::MIN,
    end: Timestamp::MAX,
};

/// The columns of a feature table's rows as they are stored, of those that they are brought with.
pub fn stored(brought: &SchemaRef) -> SchemaRef {
    let ingested = Arc::new(Field::new(INGESTED, DataType::Int64, true));
    let fields = brought.fields().iter().cloned().chain([ingested]);
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// Makes it known that a table is there at every time, if it is new.
pub async fn begin(table: &OfflineTable) -> Result<(), IngestError> {
    let coverage = table.coverage();
    if coverage.attempt(ALWAYS).is_some() {
        return Ok(());
    }
    let nothing = futures::stream::empty::<datafusion::error::Result<RecordBatch>>();
    let nothing = Box::pin(RecordBatchStreamAdapter::new(Arc::clone(table.schema()), nothing));
    let job = JobCommit {
        staged: table.stage(ALWAYS, nothing).await?,
        attempt: Attempt::FIRST,
        reads: Reads { sources: Vec::new() },
    };
    match table.commit(vec![job]).await {
        // Somebody else has.
        Err(OfflineError::Conflict { .. }) => {
            table.refresh().await?;
            Ok(())
        }
        done => Ok(done.map(|_| ())?),
    }
}

/// An error if a column has another type than rows that are there have it as: rows cannot be made again.
pub fn check_types(table: &OfflineTable, view: &str, brought: &Schema) -> Result<(), IngestError> {
    let there = table.schema();
    for field in brought.fields() {
        // Names that differ in nothing but case are one to Delta.
        let same = |other: &&Arc<Field>| other.name().eq_ignore_ascii_case(field.name());
        let Some(found) = there.fields().iter().find(same) else {
            continue;
        };
        if found.name() != field.name() {
            return Err(IngestError::Name {
                table: view.to_owned(),
                column: field.name().clone(),
                found: found.name().clone(),
            });
        }
        let (wanted, found) = (kind_name(field.data_type()), kind_name(found.data_type()));
        if wanted != found {
            return Err(IngestError::Type {
                table: view.to_owned(),
                column: field.name().clone(),
                wanted,
                found,
            });
        }
    }
    Ok(())
}

/// Adds columns that a table's definition has and its rows do not; whether there were any, so that the table has to be opened again.
/// Columns that it had once stay.
pub async fn fit(table: &OfflineTable, view: &str, brought: &Schema) -> Result<bool, IngestError> {
    check_types(table, view, brought)?;
    let there = table.schema();
    if brought
        .fields()
        .iter()
        .all(|field| there.index_of(field.name()).is_ok())
    {
        return Ok(false);
    }
    Ok(table.add_columns(brought).await?)
}
