use std::time::Duration;

use deltalake::table::config::TablePropertiesExt;
use deltalake::{DeltaTable, checkpoints};

use crate::offline::log::last_checkpoint;
use crate::offline::{OfflineError, OfflineTable};
use crate::time::{Span, Timestamp};

/// Entries of the log behind its last checkpoint.
pub(super) async fn tail(table: &OfflineTable) -> Result<u64, OfflineError> {
    let version = table.version();
    let store = table.log.object_store(None);
    let last = last_checkpoint(table.name(), store.as_ref(), table.log.log_path(), version).await?;
    Ok(last.map_or(version + 1, |(at, _)| version - at))
}

/// Sums up the log as of the snapshot.
pub(super) async fn write(table: &OfflineTable) -> Result<(), OfflineError> {
    let failed = |error| OfflineError::delta(table.name(), "a checkpoint cannot be written", error);
    let mut delta = DeltaTable::new(table.log.clone());
    delta.load_version(table.version()).await.map_err(failed)?;
    match checkpoints::create_checkpoint(&delta, None).await {
        Ok(()) => Ok(()),
        // Somebody else has written it meanwhile.
        Err(_) if tail(table).await? == 0 => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Removes what the log has kept for longer than its retention, up to a checkpoint; says how many entries.
pub(super) async fn clean_up(table: &OfflineTable, now: Timestamp) -> Result<u64, OfflineError> {
    let state = table.state();
    let kept_from = now.saturating_sub(span(state.delta.table_config().log_retention_duration()));
    let removed = checkpoints::cleanup_expired_logs_for(
        state.transactions.version,
        table.log.as_ref(),
        kept_from.micros().div_euclid(1000),
        None,
    );
    let removed = removed.await;
    removed
        .map(|count| count as u64)
        .map_err(|error| OfflineError::delta(table.name(), "old entries of the log cannot be removed", error))
}

/// How long files are kept that were removed from the table.
pub(super) fn file_retention(table: &OfflineTable) -> Span {
    span(table.state().delta.table_config().deleted_file_retention_duration())
}

fn span(duration: Duration) -> Span {
    Span::from_micros(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}
