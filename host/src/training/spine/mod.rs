//! The spine: the rows that training data is asked for, one local file of Parquet, CSV or Arrow IPC.
//!
//! Its columns are handed on as they are. Beside them lie ours: the row's place in the file, its time, and its keys in
//! the types that they are compared in. A row whose time or key is null stays, and has no features; a value that is no
//! time or key is an error that names its row.

mod bind;
mod cells;
mod look;
mod read;
mod rows;
#[cfg(test)]
mod tests;
mod text;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use arrow::datatypes::SchemaRef;
use datafusion::error::DataFusionError;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{LexOrdering, PhysicalSortExpr};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::StreamingTableExec;

use serde::{Deserialize, Serialize};

use bind::{Bad, Layout};
use look::Stat;
use read::Reader;
use rows::Rows;

use super::{FileFormat, TrainingError};
use crate::definition::{ContextField, JoinKey};
use crate::source::Extent;

/// Our column with a row's place in the file, from 0, as uint64.
pub const ROW: &str = "__row";
/// Our column with a row's time, in microseconds UTC.
pub const TIME: &str = "__time";
/// What the names of our columns with keys begin with; the spine's column follows.
pub const KEY: &str = "__key_";
/// What the names of our columns with the context of requests begin with; the spine's column follows.
pub const CONTEXT: &str = "__context_";

/// What is said of a spine beside its path.
#[derive(Debug, Clone, Default)]
pub struct SpineOptions {
    /// What the file is; else its name says, or its first bytes.
    pub format: Option<FileFormat>,
    /// The column with the times; else `timestamp`, or the only column of timestamps.
    pub timestamp_column: Option<String>,
    /// What becomes of the cells of CSV.
    pub cells: Cells,
    /// Columns that stand for the context of requests, in the types that request views read.
    pub context: Vec<ContextField>,
}

/// What becomes of the cells of a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Cells {
    /// Keys have the types of their join keys, other columns those that all of their cells look like.
    #[default]
    Typed,
    /// All stay the text that they are, so that CSV that is made from CSV has it again.
    Text,
}

/// A spine that was read once: its rows are counted, and every time and key in it can be used.
#[derive(Debug, Clone)]
pub struct Spine {
    file: Arc<File>,
    times: Option<Extent>,
    null_times: u64,
    digest: String,
}

/// What has to be known to read the rows.
#[derive(Debug)]
struct File {
    path: PathBuf,
    format: FileFormat,
    cells: Cells,
    reader: Reader,
    /// The columns as they are read.
    schema: SchemaRef,
    layout: Layout,
    rows: u64,
    stat: Stat,
}

impl Spine {
    /// Opens a file and reads it once: its times and keys, and all of it for its digest and the types of CSV. `keys`
    /// name the spine's columns that have to be there, with the kinds that they are compared in.
    pub async fn open(path: &Path, keys: &[JoinKey], options: &SpineOptions) -> Result<Self, TrainingError> {
        let (owned, keys, options) = (path.to_owned(), keys.to_vec(), options.clone());
        tokio::task::spawn_blocking(move || look::look(&owned, &keys, &options))
            .await
            .map_err(|_| TrainingError::spine(path, "it is damaged"))?
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// What it is.
    pub fn format(&self) -> FileFormat {
        self.file.format
    }

    /// What becomes of its cells, where it is CSV.
    pub fn cells(&self) -> Cells {
        self.file.cells
    }

    /// Its own columns, as they are handed on.
    pub fn schema(&self) -> &SchemaRef {
        &self.file.layout.own
    }

    /// The name of the column with its times.
    pub fn timestamp_column(&self) -> &str {
        self.file.schema.field(self.file.layout.time).name()
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.file.rows
    }

    /// The first and the last of its times; none where no row has one.
    pub fn times(&self) -> Option<Extent> {
        self.times
    }

    /// Rows without a time.
    pub fn null_times(&self) -> u64 {
        self.null_times
    }

    /// The SHA-256 of the file's bytes, hexadecimal.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// A leaf with all rows in the order of the file, in one partition: the spine's columns, then [`ROW`], [`TIME`] and
    /// one [`KEY`] for each key.
    pub fn plan(&self) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        self.leaf(true)
    }

    /// The same with our columns only; of Parquet no others are read.
    pub fn matching(&self) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        self.leaf(false)
    }

    fn leaf(&self, whole: bool) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let file = Arc::clone(&self.file);
        let schema = match whole {
            true => Arc::clone(&file.layout.whole),
            false => Arc::clone(&file.layout.ours),
        };
        let row = Column::new_with_schema(ROW, &schema)?;
        let ordering = LexOrdering::new([PhysicalSortExpr::new(Arc::new(row), SortOptions::default())]);
        let rows = Arc::new(Rows { file, whole });
        let node = StreamingTableExec::try_new(schema, vec![rows], None, ordering, false, None)?;
        Ok(Arc::new(node))
    }
}

impl File {
    /// Hands out the rows, batch by batch, until `take` wants no more.
    fn each(&self, whole: bool, mut take: impl FnMut(RecordBatch) -> bool) -> Result<(), TrainingError> {
        let changed = || TrainingError::Changed {
            path: self.path.display().to_string(),
        };
        if Stat::of(&self.path)? != self.stat {
            return Err(changed());
        }
        let columns = match whole {
            true => (0..self.schema.fields().len()).collect(),
            false => self.layout.matching(),
        };
        let schema = match whole {
            true => &self.layout.whole,
            false => &self.layout.ours,
        };
        let mut rows = 0;
        for batch in self.reader.batches(&self.path, &self.schema, &columns)? {
            let batch = batch?;
            let bad = |bad: Bad| look::at(&self.path, self.reader, rows, bad);
            let mut all = match whole {
                true => self.layout.own(&batch).map_err(bad)?,
                false => Vec::new(),
            };
            all.extend(self.layout.ours(&batch, &columns, rows).map_err(bad)?);
            rows += batch.num_rows() as u64;
            if rows > self.rows {
                return Err(changed());
            }
            let batch = RecordBatch::try_new(Arc::clone(schema), all)
                .map_err(|error| TrainingError::spine(&self.path, error.to_string()))?;
            if !take(batch) {
                return Ok(());
            }
        }
        match rows == self.rows && Stat::of(&self.path)? == self.stat {
            true => Ok(()),
            false => Err(changed()),
        }
    }
}
