//! The offline store: one Delta table of transformed rows for each version of a view.
//!
//! The law kept here: a job is done if and only if its commit is in the log. A commit replaces all rows of its jobs' intervals
//! and carries a `txn` action for each (application id: the version and the interval; version: the attempt), so there is no
//! second ledger to disagree with. A crash at any point leaves the old or the new version of the table; files that no commit
//! names may remain.

mod commit;
mod coverage;
mod error;
mod reads;
mod table;
mod write;

pub use commit::{JobCommit, commit};
pub use coverage::{Coverage, Done};
pub use error::OfflineError;
pub use reads::{FileRead, Reads, SourceRead};
pub use table::{Granularity, OfflineTable, TableSpec};
pub use write::{StageError, Staged, stage};
