//! Sandglass
pub mod error;
pub mod time;
pub mod transform;
