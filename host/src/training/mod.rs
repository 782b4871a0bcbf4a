//! Training data.

mod explain;
mod join;

pub use explain::{ExplainError, Explanation, Question, explain};
pub use join::{AsOf, PointInTimeExec, Side};
