//! Materialization: jobs from source rows to committed offline rows, and their tiles.
//!
//! For a job: [`job`] makes one DataFusion plan (scan, shape, transformation, cut, sort), stages its files, and
//! [`drive`] commits the jobs that have finished together. Rows that a transformation could not use go to the
//! version's [`dead`] letters. Neighbouring jobs read their
//! sources once ([`shared`]). [`replay`] runs intervals on two components and compares their rows.

mod cut;
mod dead;
mod drive;
mod error;
mod failed;
mod job;
mod replay;
mod shared;
mod stale;
mod tiles;

pub use cut::CutCounts;
pub use dead::{DeadLetters, dead_letter_schema};
pub use drive::{Failure, Outcome, Progress, Settings, Task, materialize};
pub use error::MaterializeError;
pub use failed::{FailedJob, FailedJobs};
pub use job::{Inputs, JobReport, read_sources, run_to_stream, stage_job};
pub use replay::{Replayed, RowDifference, replay};
pub use stale::{Stale, stale};
pub use tiles::{TilesOutcome, build_level, build_tiles, fold};
