//! The DataFusion node that runs a transformation: streaming in and out, bounded in memory, counted.
//!
//! [`plan`] puts the inputs in the shape that the transformation's scope asks for (hash partitioned and sorted by key for
//! `keyed`, one partition for `interval`) and [`WasmTransformExec`] on top of them. Each partition is one run in a store of
//! its own, driven by an async task that hands steps to the guests' threads.
//!
//! What is computed for each request has no plan: [`RequestRuns`].

mod budget;
mod drive;
mod exec;
mod letters;
mod range;
mod requests;
mod steps;

pub(crate) use exec::sorted;
pub use exec::{Guests, Log, Transform, TransformCounts, WasmTransformExec, plan};
pub(crate) use letters::row_as_json;
pub use letters::{Cause, Letter, Letters};
pub use requests::{Ask, Computed, Piece, RequestRuns, Room, RowError, is_of_rows};
pub use steps::{StepError, TransformError};
