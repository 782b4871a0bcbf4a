//! Rows into a file, which has its name only when all of it is on the disk. The bytes depend on the rows alone: batches
//! are cut anew, to [`ROWS_MAX`] rows each.

mod canonical;
mod columns;
mod sink;
#[cfg(test)]
mod tests;
mod text;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use arrow::array::RecordBatch;
use arrow::compute::BatchCoalescer;
use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use futures::StreamExt;
use sha2::{Digest, Sha256};
use tokio::sync::mpsc;
use uuid::Uuid;

use sink::Sink;

use super::{FileFormat, Manifest, ROWS_MAX, TrainingError, hex, manifest_path};

/// Batches that wait to be written.
const BATCHES_AHEAD: usize = 2;

/// Where an output goes.
#[derive(Debug, Clone)]
pub struct Target {
    path: PathBuf,
    format: FileFormat,
    overwrite: bool,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Rows.
    pub rows: u64,
    /// The file's size.
    pub bytes: u64,
    /// The SHA-256 of its bytes, hexadecimal.
    pub digest: String,
}

/// An output that is complete and on the disk, under another name. Dropped, it is removed.
#[derive(Debug)]
pub struct Staged {
    temporary: Temporary,
    target: Target,
    written: Written,
}

impl Target {
    /// A file of a format, by default that of its ending. What exists is kept, unless `overwrite`.
    pub fn new(path: &Path, format: Option<FileFormat>, overwrite: bool) -> Result<Self, TrainingError> {
        let Some(format) = format.or_else(|| FileFormat::of(path)) else {
            let endings = FileFormat::ALL.map(|format| format.endings().join(", ")).join(", ");
            return Err(TrainingError::output(path, "its ending does not say its format")
                .with_hint(format!("name the format, or let it end in one of {endings}")));
        };
        let compressed = path.extension().is_some_and(|ending| {
            let ending = format!(".{}", ending.to_string_lossy());
            crate::definition::COMPRESSED.contains(&ending.as_str())
        });
        if compressed {
            return Err(TrainingError::output(path, "compressed text is not written")
                .with_hint("write Parquet, which is compressed"));
        }
        if path.is_dir() {
            return Err(TrainingError::output(path, "a folder; an output is one file"));
        }
        let target = Self {
            path: path.to_owned(),
            format,
            overwrite,
        };
        match !overwrite && path.symlink_metadata().is_ok() {
            true => Err(target.exists()),
            false => Ok(target),
        }
    }

    /// Where it goes.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it will be.
    pub fn format(&self) -> FileFormat {
        self.format
    }

    /// Whether it is this file: an output must not replace what it is made from.
    pub fn is(&self, other: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().ok();
        real(&self.path).is_some_and(|path| real(other) == Some(path))
    }

    fn exists(&self) -> TrainingError {
        TrainingError::output(&self.path, "there is such a file").with_hint("name another, or say to overwrite it")
    }
}

/// Writes all rows of a stream. After a failure, and where this is given up, nothing is left.
pub async fn write(target: Target, mut rows: SendableRecordBatchStream) -> Result<Staged, TrainingError> {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let schema = rows.schema();
    let writer = tokio::task::spawn_blocking(move || stage(target, &schema, receiver));
    let mut failed = None;
    while let Some(batch) = rows.next().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(error) => {
                failed = Some(TrainingError::from_plan(error));
                break;
            }
        };
        // A writer that takes no more has failed, and says why.
        if sender.send(batch).await.is_err() {
            break;
        }
    }
    drop(sender);
    let staged = writer.await;
    match failed {
        Some(error) => Err(error),
        None => staged.map_err(|error| TrainingError::Internal(format!("the writer ended: {error}")))?,
    }
}

impl Staged {
    /// What was written.
    pub fn written(&self) -> &Written {
        &self.written
    }

    /// Gives the output its name. The manifest is there before it: a manifest without an output is harmless.
    pub fn publish(self, manifest: Option<&Manifest>) -> Result<Written, TrainingError> {
        let Self {
            temporary,
            target,
            written,
        } = self;
        if let Some(manifest) = manifest {
            let path = manifest_path(&target.path);
            let mut beside = Temporary::create(&path)?;
            let written = beside.file.write_all(&manifest.to_bytes()?);
            written
                .and_then(|()| beside.file.sync_all())
                .map_err(|error| TrainingError::io("write", &path, error))?;
            beside.publish(&path, true)?;
        }
        match temporary.publish(&target.path, target.overwrite)? {
            true => Ok(written),
            false => Err(target.exists()),
        }
    }
}

fn stage(
    target: Target,
    schema: &SchemaRef,
    mut batches: mpsc::Receiver<RecordBatch>,
) -> Result<Staged, TrainingError> {
    let io = |error| TrainingError::io("write", &target.path, error);
    let temporary = Temporary::create(&target.path)?;
    let hashing = Hashing {
        file: temporary.file.try_clone().map_err(io)?,
        hash: Sha256::new(),
        bytes: 0,
    };
    let mut sink = Sink::new(&target.path, target.format, schema, hashing)?;
    let mut coalescer = BatchCoalescer::new(sink.schema(), ROWS_MAX);
    let internal = |error: arrow::error::ArrowError| TrainingError::Internal(error.to_string());
    let mut rows = 0;
    loop {
        let more = match batches.blocking_recv() {
            // As they should be already: cutting anew would copy them.
            Some(batch) if batch.num_rows() == ROWS_MAX && coalescer.is_empty() => {
                rows += ROWS_MAX as u64;
                sink.write(&sink.shaped(batch)?)?;
                true
            }
            Some(batch) => {
                coalescer.push_batch(sink.shaped(batch)?).map_err(internal)?;
                true
            }
            None => {
                coalescer.finish_buffered_batch().map_err(internal)?;
                false
            }
        };
        while let Some(batch) = coalescer.next_completed_batch() {
            rows += batch.num_rows() as u64;
            sink.write(&batch)?;
        }
        if !more {
            break;
        }
    }
    let hashing = sink.finish()?;
    temporary.file.sync_all().map_err(io)?;
    Ok(Staged {
        temporary,
        target,
        written: Written {
            rows,
            bytes: hashing.bytes,
            digest: hex(&hashing.hash.finalize()),
        },
    })
}

/// A file beside the one that it is to become; removed where it does not become it.
#[derive(Debug)]
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(target: &Path) -> Result<Self, TrainingError> {
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let path = target.with_file_name(format!(".{name}.{}", Uuid::new_v4()));
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = file.map_err(|error| TrainingError::io("write", target, error))?;
        Ok(Self { path, file })
    }

    /// Gives it its name; false where there is such a file and it is not to be replaced.
    fn publish(self, target: &Path, overwrite: bool) -> Result<bool, TrainingError> {
        let io = |error| TrainingError::io("write", target, error);
        if overwrite {
            fs::rename(&self.path, target).map_err(io)?;
        } else {
            // A link is refused where there is such a file, also one that came meanwhile.
            match fs::hard_link(&self.path, target) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(false),
                Err(_) if target.symlink_metadata().is_ok() => return Ok(false),
                // Not every file system has links.
                Err(_) => fs::rename(&self.path, target).map_err(io)?,
            }
        }
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))
            .and_then(|folder| folder.sync_all())
            .map_err(io)?;
        Ok(true)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // Gone already where it was renamed; and where it cannot be removed, nobody takes it for an output.
        let _ = fs::remove_file(&self.path);
    }
}

/// A file whose bytes are hashed and counted as they are written.
struct Hashing {
    file: File,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let written = self.file.write(buffer)?;
        self.hash.update(buffer.get(..written).unwrap_or_default());
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
