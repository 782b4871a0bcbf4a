//! Sandglass
pub mod definition;
pub mod error;
pub mod source;
pub mod time;
pub mod transform;
pub mod workspace;
