use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use serde::{Deserialize, Serialize};

use super::coverage::Done;
use super::error::OfflineError;
use super::table::OfflineTable;

/// What a job read; kept beside the log, which it outlives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reads {
    /// Its sources.
    pub sources: Vec<SourceRead>,
}

/// Files of one source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRead {
    /// The source.
    pub source: String,
    /// Its files when they were read.
    pub files: Vec<FileRead>,
}

/// A file as it was when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRead {
    /// Where it was.
    pub path: String,
    /// Its size.
    pub size_bytes: u64,
    /// When it had been changed, RFC 3339.
    pub modified: String,
}

fn path(done: &Done) -> Path {
    let Done { interval, attempt } = done;
    Path::from(format!(
        "_sandglass/reads/{}-{}-{attempt}.json",
        interval.start.micros(),
        interval.end.micros()
    ))
}

impl OfflineTable {
    /// Writes down what a job read, before its commit: what a crash leaves behind is of no commit, and counts for nothing.
    pub(super) async fn put_reads(&self, done: &Done, reads: &Reads) -> Result<(), OfflineError> {
        let bytes = serde_json::to_vec(reads).map_err(|error| self.corrupt(error.to_string()))?;
        let store = self.object_store();
        store
            .put(&path(done), PutPayload::from(bytes))
            .await
            .map_err(|error| self.io(&error))?;
        Ok(())
    }

    /// What a job that is done read; none if nobody wrote it down.
    pub async fn reads(&self, done: &Done) -> Result<Option<Reads>, OfflineError> {
        let bytes = match self.object_store().get(&path(done)).await {
            Ok(found) => found.bytes().await.map_err(|error| self.io(&error))?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(self.io(&error)),
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| self.corrupt(format!("{} is damaged: {error}", path(done))))
    }
}
