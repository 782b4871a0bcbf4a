//! The offline store: one Delta table of rows per version of a view.
//!
//! In the order of a job's life:
//! 1. [`OfflineTable`] is created from a [`TableSpec`] or opened; it holds a snapshot of the log.
//! 2. [`OfflineTable::stage`] sorts a job's rows by time and writes them into files that nobody sees yet ([`Staged`]).
//! 3. [`OfflineTable::commit`] makes the files of any number of jobs visible at once, in the place of every row that
//!    their intervals held before. Each job leaves a `txn` action in the log ([`Attempt`]).
//!    A feature table's rows take the place of none: they are added ([`OfflineTable::append`]).
//! 4. [`Coverage`] is read from these actions, and from nothing else: a job is done if and only if its commit is in the
//!    log. What a job had read lies beside the log ([`Reads`]).
//! 5. [`OfflineTable::provider`] and [`OfflineTable::scan`] read one snapshot.
//!
//! Laws: a crash at any point leaves the version before or the version after a commit. Of two drivers with one attempt of
//! one job exactly one wins; the other gets [`OfflineError::Conflict`]. Commits of intervals that do not overlap
//! never fail because of each other.

mod append;
mod application;
mod commit;
mod conform;
mod coverage;
mod error;
mod forget;
mod layout;
mod log;
mod next;
mod partition;
mod provider;
mod reads;
mod replace;
mod sort;
mod spec;
mod stage;
mod table;
#[cfg(test)]
mod tests;
mod upkeep;

pub use application::Attempt;
pub use commit::{Committed, JobCommit};
pub use coverage::{Attempts, Coverage, Done};
pub use error::OfflineError;
pub use forget::{Chosen, Forgotten};
pub use log::Changed;
pub use partition::Granularity;
pub use provider::RowsProvider;
pub use reads::{FileRead, JobReads, Reads, SourceRead};
pub use spec::TableSpec;
pub use stage::Staged;
pub use table::{OfflineTable, TableFile};
pub use upkeep::{Size, Upkeep, UpkeepReport};
