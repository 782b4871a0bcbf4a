//! Sandglass
pub mod definition;
pub mod error;
pub mod offline;
pub mod source;
pub mod time;
pub mod transform;
pub mod workspace;
