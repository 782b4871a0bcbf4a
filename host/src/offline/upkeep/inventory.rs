//! What lies below a table. A local folder is looked at by itself: `object_store` leaves out of its lists what it has not finished writing,
//! which is what is looked for here.

use std::path::{Path as FilePath, PathBuf};

use futures::StreamExt;
use futures::TryStreamExt;
use object_store::path::Path;

use crate::offline::{OfflineError, OfflineTable};
use crate::storage::modified;
use crate::time::Timestamp;

/// A file below a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::offline) struct Stored {
    /// Below the table, with `/`.
    pub(in crate::offline) path: String,
    /// In bytes.
    pub(in crate::offline) size: u64,
    /// When it was last written.
    pub(in crate::offline) modified: Timestamp,
}

fn local(table: &OfflineTable) -> Option<PathBuf> {
    let url = table.log.root_url();
    (url.scheme() == "file").then(|| url.to_file_path().ok()).flatten()
}

/// All files, in no order. Links are not followed and not listed.
pub(in crate::offline) async fn list(table: &OfflineTable) -> Result<Vec<Stored>, OfflineError> {
    let Some(folder) = local(table) else {
        let store = table.log.object_store(None);
        let files = store.list(None).map_ok(|file| Stored {
            path: file.location.to_string(),
            size: file.size,
            modified: modified(&file),
        });
        let files: Result<Vec<_>, _> = files.try_collect().await;
        return files.map_err(|error| OfflineError::storage(table.name(), "its files cannot be listed", error));
    };
    let walked = tokio::task::spawn_blocking(move || walk(&folder)).await;
    match walked {
        Ok(Ok(files)) => Ok(files),
        Ok(Err(error)) => Err(OfflineError::storage(table.name(), "its files cannot be listed", error)),
        Err(error) => Err(OfflineError::storage(table.name(), "its files cannot be listed", error)),
    }
}

fn walk(root: &FilePath) -> std::io::Result<Vec<Stored>> {
    let (mut files, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
                continue;
            }
            let (true, Some(below)) = (kind.is_file(), below(root, &path)) else {
                continue;
            };
            match entry.metadata() {
                Ok(metadata) => files.push(Stored {
                    path: below,
                    size: metadata.len(),
                    modified: metadata.modified()?.into(),
                }),
                // Written under another name first, and by now it has its own.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(files)
}

fn below(root: &FilePath, path: &FilePath) -> Option<String> {
    let parts = path.strip_prefix(root).ok()?.components();
    let parts: Option<Vec<_>> = parts.map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

/// Removes files; those that are gone already are no error.
pub(in crate::offline) async fn delete(table: &OfflineTable, paths: Vec<String>) -> Result<(), OfflineError> {
    let failed = |error: Box<dyn std::error::Error + Send + Sync>| OfflineError::Unavailable {
        table: table.name().to_owned(),
        reason: "files that nobody reads any more cannot be removed".to_owned(),
        source: Some(error),
    };
    let Some(folder) = local(table) else {
        let store = table.log.object_store(None);
        let paths = paths.into_iter().map(|path| Ok(Path::from(path)));
        let mut deleted = store.delete_stream(futures::stream::iter(paths).boxed());
        while let Some(deleted) = deleted.next().await {
            match deleted {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(failed(Box::new(error))),
            }
        }
        return Ok(());
    };
    let removed = tokio::task::spawn_blocking(move || {
        paths
            .iter()
            .try_for_each(|path| match std::fs::remove_file(folder.join(path)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            })
    });
    match removed.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(failed(Box::new(error))),
        Err(error) => Err(failed(Box::new(error))),
    }
}
