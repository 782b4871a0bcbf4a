//! Training data.

mod join;

pub use join::{AsOf, PointInTimeExec, Side};
