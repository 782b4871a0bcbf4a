//! Feature tables: rows that somebody brings, and no job makes.
//!
//! Rows of a table are added to those that are there ([`ingest`]); of several with one key and time the one that was brought last is
//! meant. So that nothing has to be looked for when rows come, all of them are kept, with a number that says which came last
//! ([`INGESTED`](crate::definition::INGESTED)), and whoever reads puts them in that order
//! ([`FeatureView::row_order`](crate::definition::FeatureView::row_order)). The same rows once more change nothing that anybody reads.
//!
//! A table is there at every time: its first commit is a job over all of it that made no rows ([`begin`]). What reads tables of rows
//! then reads this one like any other.

mod error;
mod rows;
mod table;

pub use error::IngestError;
pub use rows::{Ingested, ingest};
pub use table::{begin, check_types, fit, stored};
