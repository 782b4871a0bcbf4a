//! What the fuzz targets run. `cargo test` runs the same bodies over the corpus, see `tests/fuzz.rs`.
#![allow(
    dead_code,
    unused_imports,
    reason = "of the host's modules only what the targets run is used"
)]

// The bodies say `sandglass::`, which is the host there and this crate here.
extern crate self as sandglass;

#[path = "../../../host/src/aggregate/mod.rs"]
pub mod aggregate;
#[path = "../../../host/src/definition/mod.rs"]
pub mod definition;
#[path = "../../../host/src/error.rs"]
pub mod error;
#[path = "../../../host/src/serving/request.rs"]
mod requests;
#[path = "../../../host/src/time/mod.rs"]
pub mod time;
#[path = "../../../host/src/tile/window.rs"]
mod windows;
#[path = "../../../host/src/workspace.rs"]
pub mod workspace;

pub mod component;
pub mod contract;
pub mod definitions;
pub mod lift;
pub mod request;
mod schema;

/// Of tiles what definitions ask for.
pub mod tile {
    pub use crate::windows::{TimeWindow, WindowError};
}

/// Of serving what reads requests.
pub mod serving {
    pub use crate::requests::{BATCH_ROWS_MAX, BatchRequest, Fields, MetadataRequest, VectorRequest, read};
}
