//! The `txn` actions of one label, read from the last checkpoint and the entries after it in one pass, and carried on
//! from version to version.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use deltalake::Path;
use deltalake::logstore::LogStore;
use deltalake::parquet::arrow::ProjectionMask;
use deltalake::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};
use serde::Deserialize;

use super::application::{between, interval_of};
use super::{Attempt, OfflineError};
use crate::time::Interval;

/// Entries that are read at the same time.
const ENTRIES_AT_ONCE: usize = 16;

/// The last attempt at an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) attempt: Attempt,
    /// `txn.lastUpdated`, in milliseconds since 1970. It also names the job's file in the ledger of reads.
    pub(super) committed_ms: i64,
}

/// The last attempt at every interval, as of one version.
#[derive(Debug, Clone)]
pub(super) struct Transactions {
    pub(super) version: u64,
    pub(super) last: HashMap<Interval, Entry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    txn: Option<Txn>,
    commit_info: Option<Info>,
}

#[derive(Deserialize)]
struct Info {
    sandglass: Option<Details>,
}

/// What an entry says of itself, beside its jobs.
#[derive(Deserialize)]
struct Details {
    /// [`super::next::FORGOT`].
    #[serde(default)]
    forgot: Vec<String>,
    /// [`super::next::APPENDED`].
    #[serde(default)]
    appended: Vec<String>,
}

/// What some entries changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed {
    /// Of jobs, and of rows that were forgotten.
    pub intervals: Vec<Interval>,
    /// Files that were added to the others, whose rows took the place of none.
    pub appended: Vec<String>,
}

impl Changed {
    /// Whether it is nothing.
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty() && self.appended.is_empty()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Txn {
    app_id: String,
    version: i64,
    last_updated: Option<i64>,
}

impl Transactions {
    /// Reads the log up to `version`.
    pub(super) async fn load(label: &str, log: &dyn LogStore, version: u64) -> Result<Self, OfflineError> {
        let store = log.object_store(None);
        let mut transactions = Self {
            version: 0,
            last: HashMap::new(),
        };
        let checkpoint = last_checkpoint(label, store.as_ref(), log.log_path(), version).await?;
        let mut next = 0;
        if let Some((at, parts)) = checkpoint {
            for part in parts {
                transactions.read_checkpoint(label, store.as_ref(), &part).await?;
            }
            transactions.version = at;
            next = at + 1;
        }
        transactions.read_entries(label, log, next, version).await?;
        Ok(transactions)
    }

    /// The same at a later version, by the entries in between; all anew if these have been cleaned up.
    pub(super) async fn advance(&self, label: &str, log: &dyn LogStore, version: u64) -> Result<Self, OfflineError> {
        if version < self.version {
            return Self::load(label, log, version).await;
        }
        let mut later = self.clone();
        match later.read_entries(label, log, self.version + 1, version).await {
            Err(OfflineError::Corrupt { .. }) => Self::load(label, log, version).await,
            result => result.map(|_| later),
        }
    }

    /// What the entries after `from` changed, up to `to`; none if these have been cleaned up.
    pub(super) async fn changed(
        label: &str,
        log: &dyn LogStore,
        from: u64,
        to: u64,
    ) -> Result<Option<Changed>, OfflineError> {
        let mut later = Self {
            version: from,
            last: HashMap::new(),
        };
        match later.read_entries(label, log, from + 1, to).await {
            Err(OfflineError::Corrupt { .. }) => Ok(None),
            result => result.map(|mut changed| {
                changed.intervals.extend(later.last.into_keys());
                Some(changed)
            }),
        }
    }

    /// Takes the jobs of these entries over; says what else they changed.
    async fn read_entries(
        &mut self,
        label: &str,
        log: &dyn LogStore,
        from: u64,
        to: u64,
    ) -> Result<Changed, OfflineError> {
        let mut changed = Changed::default();
        let mut entries = futures::stream::iter(from..=to)
            .map(|version| async move { log.read_commit_entry(version).await.map(|bytes| (version, bytes)) })
            .buffered(ENTRIES_AT_ONCE);
        while let Some((version, bytes)) = entries
            .try_next()
            .await
            .map_err(|error| OfflineError::delta(label, "an entry of the log cannot be read", error))?
        {
            let Some(bytes) = bytes else {
                return Err(OfflineError::corrupt(
                    label,
                    format!("entry {version} of the log is missing"),
                ));
            };
            for line in bytes.split(|byte| *byte == b'\n') {
                // Most lines are files; parsing them is most of the work.
                let has = |name: &[u8]| line.windows(name.len()).any(|text| text == name);
                if !has(b"\"txn\"") && !has(b"\"forgot\"") && !has(b"\"appended\"") {
                    continue;
                }
                let line: Line = serde_json::from_slice(line).map_err(|error| OfflineError::Corrupt {
                    table: label.to_owned(),
                    reason: format!("entry {version} of the log is no JSON"),
                    source: Some(Box::new(error)),
                })?;
                if let Some(txn) = line.txn {
                    self.put(label, &txn.app_id, txn.version, txn.last_updated);
                }
                let Some(details) = line.commit_info.and_then(|info| info.sandglass) else {
                    continue;
                };
                changed.appended.extend(details.appended);
                for text in details.forgot {
                    let interval = between(&text).ok_or_else(|| {
                        OfflineError::corrupt(
                            label,
                            format!("entry {version} of the log forgot `{text}`, which is no interval"),
                        )
                    })?;
                    changed.intervals.push(interval);
                }
            }
        }
        self.version = to;
        Ok(changed)
    }

    async fn read_checkpoint(&mut self, label: &str, store: &dyn ObjectStore, path: &Path) -> Result<(), OfflineError> {
        let damaged = |error: Box<dyn std::error::Error + Send + Sync>| OfflineError::Corrupt {
            table: label.to_owned(),
            reason: format!("checkpoint {path} cannot be read"),
            source: Some(error),
        };
        let unavailable = |error| OfflineError::storage(label, "a checkpoint cannot be read", error);
        let bytes = store
            .get(path)
            .await
            .map_err(unavailable)?
            .bytes()
            .await
            .map_err(unavailable)?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(bytes).map_err(|error| damaged(Box::new(error)))?;
        let mask = ProjectionMask::columns(reader.parquet_schema(), ["txn.appId", "txn.version", "txn.lastUpdated"]);
        let reader = reader
            .with_projection(mask)
            .build()
            .map_err(|error| damaged(Box::new(error)))?;
        for batch in reader {
            let batch = batch.map_err(|error| damaged(Box::new(error)))?;
            let Some(txn) = batch.column_by_name("txn").and_then(|column| column.as_struct_opt()) else {
                continue;
            };
            let ids = txn
                .column_by_name("appId")
                .map(|column| arrow::compute::cast(column, &arrow::datatypes::DataType::Utf8));
            let versions = txn
                .column_by_name("version")
                .and_then(|column| column.as_primitive_opt::<Int64Type>());
            let (Some(Ok(ids)), Some(versions)) = (ids, versions) else {
                return Err(damaged("its `txn` is not as the protocol has it".into()));
            };
            let ids = ids.as_string::<i32>();
            let updated = txn
                .column_by_name("lastUpdated")
                .and_then(|column| column.as_primitive_opt::<Int64Type>());
            for row in (0..txn.len()).filter(|row| txn.is_valid(*row) && ids.is_valid(*row) && versions.is_valid(*row))
            {
                let updated = updated
                    .filter(|updated| updated.is_valid(row))
                    .map(|updated| updated.value(row));
                self.put(label, ids.value(row), versions.value(row), updated);
            }
        }
        Ok(())
    }

    fn put(&mut self, label: &str, application_id: &str, version: i64, updated: Option<i64>) {
        let attempt = u64::try_from(version).ok().and_then(Attempt::new);
        if let (Some(interval), Some(attempt)) = (interval_of(label, application_id), attempt) {
            self.last.insert(
                interval,
                Entry {
                    attempt,
                    committed_ms: updated.unwrap_or(0),
                },
            );
        }
    }
}

/// The files of the last complete checkpoint at or before `version`.
pub(super) async fn last_checkpoint(
    label: &str,
    store: &dyn ObjectStore,
    log_path: &Path,
    version: u64,
) -> Result<Option<(u64, Vec<Path>)>, OfflineError> {
    #[derive(Deserialize)]
    struct Hint {
        version: u64,
    }
    let unavailable = |error| OfflineError::storage(label, "the log cannot be listed", error);
    let hint = match store.get(&log_path.clone().join("_last_checkpoint")).await {
        Ok(hint) => serde_json::from_slice::<Hint>(&hint.bytes().await.map_err(unavailable)?).ok(),
        Err(object_store::Error::NotFound { .. }) => None,
        Err(error) => return Err(unavailable(error)),
    };
    let from = hint.map(|hint| hint.version).filter(|at| *at <= version).unwrap_or(0);
    let offset = log_path.clone().join(format!("{from:020}"));
    let mut checkpoints: HashMap<(u64, Option<usize>), Vec<Path>> = HashMap::new();
    let mut list = store.list_with_offset(Some(log_path), &offset);
    while let Some(file) = list.try_next().await.map_err(unavailable)? {
        if let Some((at, parts)) = file.location.filename().and_then(checkpoint_name)
            && at <= version
        {
            checkpoints.entry((at, parts)).or_default().push(file.location);
        }
    }
    Ok(checkpoints
        .into_iter()
        .filter(|((_, parts), files)| parts.is_none_or(|parts| files.len() == parts))
        .max_by_key(|((at, _), _)| *at)
        .map(|((at, _), files)| (at, files)))
}

/// The version of a checkpoint's file, and of how many files it is one.
fn checkpoint_name(name: &str) -> Option<(u64, Option<usize>)> {
    let name = name.strip_suffix(".parquet")?;
    let (version, rest) = name.split_once(".checkpoint")?;
    let version = version.parse().ok()?;
    match rest.split('.').collect::<Vec<_>>().as_slice() {
        ["", _, parts] => Some((version, Some(parts.parse().ok()?))),
        [""] | ["", _] => Some((version, None)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_checkpoints() {
        assert_eq!(
            checkpoint_name("00000000000000000010.checkpoint.parquet"),
            Some((10, None))
        );
        assert_eq!(
            checkpoint_name("00000000000000000010.checkpoint.0000000001.0000000003.parquet"),
            Some((10, Some(3)))
        );
        assert_eq!(checkpoint_name("00000000000000000010.json"), None);
    }
}
