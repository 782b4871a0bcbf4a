//! Filtered sources: files, the time filter pushed into them, and rows in the shape that a transformation asks for.
//!
//! The law kept here: whatever the filter skips (files, row groups, pages), [`normalize`](Shape) looks at every row that is
//! read once more, so that what is handed on is exactly the rows with a timestamp in the range.

mod csv;
mod delta;
mod error;
mod exec;
mod explain;
mod files;
mod filter;
mod folders;
mod footer;
mod group;
mod lines;
mod metrics;
mod natural;
mod objects;
mod open;
mod scan;
mod shape;
mod shared;
mod table;
mod times;

pub use error::SourceError;
pub use exec::{NormalizeExec, SourceCounts};
pub use explain::{Explained, Pages, Skipped};
pub use files::SourceFile;
pub use footer::{Extent, RowGroup};
pub use metrics::{ScanMetrics, scan_metrics};
pub use scan::SourceScan;
pub use shape::{Column, Folders, Shape, ShapeError, Stored, Wanted};
pub use shared::{Hold, SharedScan, Window};
pub use table::{Contents, Skip, SourceTable};
pub use times::TimeKind;
pub(crate) use times::read as read_times;
