//! Filtered sources: files, the time filter pushed into them, and rows in the shape that a transformation asks for.
//!
//! The law kept here: whatever the filter skips (files, row groups, pages), [`normalize`](Shape) looks at every row that is
//! read once more, so that what is handed on is exactly the rows with a timestamp in the range.

mod exec;
mod files;
mod filter;
mod shape;
mod shared;
mod table;
mod times;

pub use exec::{NormalizeExec, SourceCounts};
pub use files::{SourceFile, resolve};
pub use shape::{Shape, ShapeError, Wanted};
pub use shared::{Hold, SharedScan, Window, WindowExec};
pub use table::{ScanMetrics, SourceError, SourceTable, scan_metrics};
pub use times::TimeKind;
