//! Sandglass: a feature platform whose user code is sandboxed WebAssembly.
//!
//! The way of the data, and of this crate:
//! 1. [`definition`]: the text of `sandglass.toml`, its problems, the valid project.
//! 2. [`project`]: components are built and checked against the definitions and the sources; [`registry`] keeps what was applied.
//! 3. [`plan`]: which jobs are left, a pure function of the definition, what is done, and the time.
//! 4. [`source`]: rows of a time range, in the columns and types that are asked for.
//! 5. [`transform`]: the DataFusion node that runs a component over them, by `sandglass-runtime`.
//! 6. [`offline`]: the rows, in a Delta table for each version of a view; a job is done if and only if its commit is there.
//! 7. [`online`]: the item of each [`key`], in generations that are switched atomically.
//! 8. [`training`]: the rows that are asked about, and the file and manifest that answer.
//! 9. [`materialize`] puts 4 to 6 in sequence, [`ingest`] adds rows of feature tables to 6, [`compaction`] brings what is there to 7, [`maintain`] drops what is not needed any more, [`cli`] does
//!    everything; [`golden`] runs transformations over files beside them.
//!
//! Files of 2, 4 and 6 lie where [`storage`] says: in folders, or in S3 ([`aws`]).
//! [`price`] and [`iam`] say what services of Amazon's cost and which rights they take.
//!
//! [`time`], [`key`] and [`workspace`] hold the words that all of them share; errors answer [`error::Classified`].

pub mod aggregate;
pub mod aws;
pub mod cli;
pub mod compaction;
mod componentize;
pub mod conformance;
pub mod definition;
pub mod error;
pub mod folders;
pub mod golden;
pub mod iam;
pub mod ingest;
pub mod key;
pub mod maintain;
pub mod materialize;
pub mod offline;
pub mod online;
pub mod plan;
pub mod price;
pub mod project;
pub mod registry;
pub mod server;
pub mod serving;
pub mod source;
pub mod storage;
pub mod tile;
pub mod time;
pub mod training;
pub mod transform;
pub mod workspace;
