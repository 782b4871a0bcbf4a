//! Materialization: jobs from source rows to committed offline rows, then the online store.
//!
//! For a job: [`job`] makes one DataFusion plan (scan, shape, transformation, cut, sort), stages its files, and
//! [`drive`] commits the jobs that have finished together. When a version's backfill is complete, [`online`] brings the
//! latest row of each key online, as a new generation or as a small change. Rows that a transformation could not use go to the
//! version's [`dead`] letters. Neighbouring jobs read their
//! sources once ([`shared`]). [`replay`] runs intervals on two components and compares their rows.

mod cut;
mod dead;
mod drive;
mod error;
mod failed;
mod job;
mod latest;
mod online;
mod replay;
mod shared;
mod stale;
mod tiles;
mod windowed;

pub use cut::CutCounts;
pub use dead::{DeadLetters, dead_letter_schema};
pub use drive::{Failure, Outcome, Progress, Settings, Task, materialize};
pub use error::MaterializeError;
pub use failed::{FailedJob, FailedJobs};
pub use job::{Inputs, JobReport, read_sources, run_to_stream, stage_job};
pub use online::{GRACE, OnlineOutcome, Visible, bring_online, take_down};
pub use replay::{Replayed, RowDifference, replay};
pub use stale::{Stale, stale};
pub use tiles::{TilesOutcome, build_tiles, fold};
