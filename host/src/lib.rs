//! Sandglass
pub mod cli;
pub mod definition;
pub mod error;
pub mod key;
pub mod materialize;
pub mod offline;
pub mod online;
pub mod plan;
pub mod project;
pub mod registry;
pub mod source;
pub mod time;
pub mod transform;
pub mod workspace;
