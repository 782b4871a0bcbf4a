use deltalake::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions};
use serde::{Deserialize, Serialize};

use super::{Attempt, OfflineError};
use crate::time::{Interval, Timestamp};

/// What a job read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reads {
    /// One per source.
    pub sources: Vec<SourceRead>,
}

/// What a job read of one source: files, or a version of a Delta table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRead {
    /// The source's name.
    pub source: String,
    /// The files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileRead>,
    /// The version of the Delta table, where the source is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
}

/// A file as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRead {
    /// Where it lies.
    pub path: String,
    /// In bytes.
    pub size: u64,
    /// When it was last modified.
    pub modified: Timestamp,
    /// What S3 calls its bytes: there times are whole seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e_tag: Option<String>,
}

/// What the last attempt at an interval read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobReads {
    /// What the job materialized.
    pub interval: Interval,
    /// The attempt.
    pub attempt: Attempt,
    /// What it read.
    #[serde(flatten)]
    pub reads: Reads,
    /// When it was committed, in milliseconds since 1970, as the log has it: of two jobs the later one holds the rows of both.
    #[serde(skip)]
    pub committed_ms: i64,
}

/// The folder of these files, below the table.
pub(super) const READS: &str = "_sandglass/reads";

/// The file of an attempt. The time is that of its `txn` action, so that of two drivers with one attempt each has its own
/// file and the log says whose counts.
pub(super) fn reads_path(interval: Interval, attempt: Attempt, committed_ms: i64) -> Path {
    let compact = |at: Timestamp| at.to_string().replace([':', '-'], "");
    Path::from(format!(
        "{READS}/{}-{}-{attempt}-{committed_ms}.json",
        compact(interval.start),
        compact(interval.end)
    ))
}

impl JobReads {
    /// Writes the file, unless it is there already: then false.
    pub(super) async fn put(
        &self,
        table: &str,
        store: &dyn ObjectStore,
        committed_ms: i64,
    ) -> Result<bool, OfflineError> {
        let path = reads_path(self.interval, self.attempt, committed_ms);
        let bytes = serde_json::to_vec(self).map_err(|error| OfflineError::Internal {
            table: table.to_owned(),
            reason: "what was read cannot be written down".to_owned(),
            source: Some(Box::new(error)),
        })?;
        let options = PutOptions {
            mode: PutMode::Create,
            ..PutOptions::default()
        };
        match store.put_opts(&path, bytes.into(), options).await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(OfflineError::storage(
                table,
                &format!("{path} cannot be written"),
                error,
            )),
        }
    }

    pub(super) async fn get(table: &str, store: &dyn ObjectStore, path: &Path) -> Result<Self, OfflineError> {
        let unavailable = |error| OfflineError::storage(table, &format!("{path} cannot be read"), error);
        let bytes = match store.get(path).await {
            Ok(found) => found.bytes().await.map_err(unavailable)?,
            Err(object_store::Error::NotFound { .. }) => {
                return Err(OfflineError::corrupt(
                    table,
                    format!("{path} is missing, though the log has its commit"),
                ));
            }
            Err(error) => return Err(unavailable(error)),
        };
        serde_json::from_slice(&bytes).map_err(|error| OfflineError::Corrupt {
            table: table.to_owned(),
            reason: format!("{path} is not what was written there"),
            source: Some(Box::new(error)),
        })
    }
}
