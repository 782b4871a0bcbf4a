//! Training data: the rows that are asked about (the spine), what is written for them, and the manifest that makes it
//! again.
//!
//! The laws kept here: a spine row never disappears and never changes its place; the same rows give the same bytes,
//! whatever batches they came in; and an output has its name only when all of it is on the disk.

mod error;
mod explain;
mod format;
mod join;
mod manifest;
mod order;
mod output;
mod parked;
mod plan;
mod requests;
mod spine;
#[cfg(test)]
mod tests;

pub use error::TrainingError;
pub use explain::{ExplainError, Explanation, Question, explain};
pub use format::FileFormat;
pub use join::{AsOf, PointInTimeExec, Side};
pub use manifest::{Manifest, Options, OutputRecord, SpineRecord, ViewRecord, manifest_path};
pub use output::{Staged, Target, Written, write};
pub use plan::{SpineRows, TrainingPlan, TrainingView};
pub use requests::{RequestCounts, TrainingRequest};
pub use spine::{CONTEXT, Cells, KEY, ROW, Spine, SpineOptions, TIME};

/// Rows of a batch.
const ROWS_MAX: usize = 8_192;

use sandglass_runtime::hex;
