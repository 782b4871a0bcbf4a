//! A Delta table as the files of one of its versions. They are read as any Parquet files are, so that times are filtered,
//! checked and counted in the same way.

use std::path::{Component, Path};

use arrow::datatypes::Schema;
use deltalake::DeltaTableError;
use deltalake::table::state::DeltaTableState;

use super::error::Unread;
use super::files::SourceFile;
use crate::definition::Partition;
use crate::storage::{Place, log_store};
use crate::time::Timestamp;

/// A version of a table.
#[derive(Debug)]
pub(super) struct DeltaFiles {
    pub(super) version: u64,
    /// Of the table, its partition columns among them.
    pub(super) schema: Schema,
    pub(super) partition_columns: Vec<String>,
    pub(super) files: Vec<SourceFile>,
}

/// Reads the log up to a version, or all of it.
pub(super) async fn open(folder: &Place, version: Option<u64>) -> Result<DeltaFiles, Unread> {
    let folder = folder.absolute().map_err(|error| error.to_string())?;
    // A task of its own: whatever a damaged log does to the reader ends there.
    let load = tokio::spawn(async move { load(&folder, version).await });
    match load.await {
        Ok(result) => result,
        Err(_) => Err("the Delta log is damaged: its reader gave up".to_owned().into()),
    }
}

async fn load(folder: &Place, version: Option<u64>) -> Result<DeltaFiles, Unread> {
    let says = |error: DeltaTableError| match (&error, version) {
        (DeltaTableError::ObjectStore { source }, _) if folder.folder().is_none() => {
            Unread::Away(folder.of_object(source))
        }
        (_, Some(version)) => format!("the Delta log cannot be read at version {version}: {error}").into(),
        (_, None) => format!("the Delta log cannot be read: {error}").into(),
    };
    let log = log_store(folder).map_err(says)?;
    if let Some(version) = version {
        let newest = log.get_latest_version(0).await.map_err(says)?;
        if version > newest {
            return Err(format!("the Delta table has no version {version}; the newest is {newest}").into());
        }
    }
    let state = DeltaTableState::try_new(log.as_ref(), version).await.map_err(says)?;
    let metadata = state.metadata();
    let mode = metadata.configuration().get("delta.columnMapping.mode");
    if let Some(mode) = mode.filter(|mode| *mode != "none") {
        return Err(format!(
            "the Delta table maps columns by {mode} (`delta.columnMapping.mode`), which is not supported: copy it to one that does not"
        )
        .into());
    }
    let schema = state.snapshot().arrow_schema();
    let partition_columns = metadata.partition_columns().to_vec();
    let mut files = Vec::new();
    for file in state.log_data().iter() {
        let path = file.path().into_owned();
        if file.deletion_vector_descriptor().is_some() {
            return Err(format!(
                "file {path} of the Delta table has a deletion vector, which is not supported: rewrite the files \
                 (`REORG TABLE … APPLY (PURGE)`) and set `delta.enableDeletionVectors = false`"
            )
            .into());
        }
        let inside = Path::new(&path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if !inside || path.contains("://") {
            return Err(format!(
                "file {path} of the Delta table lies outside of its folder (a shallow clone?), which is not supported"
            )
            .into());
        }
        let values = file.partition_values_map();
        let values = partition_columns.iter().map(|column| {
            let value = values.get(column).cloned().flatten();
            // The protocol's null.
            value.filter(|value| !value.is_empty())
        });
        let folders = path.rsplit_once('/').map_or("", |(folders, _)| folders).to_owned();
        files.push(SourceFile {
            place: folder.join(&path),
            size_bytes: u64::try_from(file.size()).unwrap_or(0),
            modified: Timestamp::from_micros(file.modification_time().saturating_mul(1_000)),
            e_tag: None,
            partition: Partition {
                folder: folders,
                range: None,
                values: values.collect(),
            },
        });
    }
    files.sort_by(|a, b| a.place.cmp(&b.place));
    Ok(DeltaFiles {
        version: state.version(),
        schema: schema.as_ref().clone(),
        partition_columns,
        files,
    })
}
