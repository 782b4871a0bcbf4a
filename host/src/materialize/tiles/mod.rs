//! Tiles of rows: a table that is derived from the rows of a version, and made again where these have changed.
//!
//! Each job of the rows has an entry in the tiles' log with the attempt that its tiles were made of. So tiles are missing where the
//! attempts differ, for whatever reason: the job is new, was run again, a process was killed between the two commits, or the view's
//! aggregations have changed, which is another table.

mod build;
mod fold;
mod state;

pub use build::{TilesOutcome, build_level, build_tiles};
pub use fold::fold;
