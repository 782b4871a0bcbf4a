//! Errors answer one question: who has to do something about it.

pub use sandglass_runtime::{Classified, Kind};
