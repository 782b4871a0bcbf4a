//! Golden cases: a transformation's input, and what it makes of it, as files beside the transformation.
//!
//! [`find`] lists the cases of a component, [`check`] runs one in the sandbox as production would and compares, or accepts what
//! comes out. A case is a folder `golden/<transformation>/<case>`: a CSV or Parquet file for each input, `context.toml` if there
//! is something to say, and `expected.csv` (or `.parquet`) with `rejected.jsonl` if rows are rejected, or `error.txt`.

mod case;
mod cell;
mod check;
mod csv;
mod difference;
mod rejected;
mod run;
mod table;

pub use case::{Case, find};
pub use check::{Outcome, check};
pub use run::Engine;

use std::path::Path;

/// Rows of a file: what is larger is no golden case but a load test.
const ROWS_MAX: usize = 100_000;

/// A case that cannot be run or compared as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Broken {
    /// In words, naming the file.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Broken {
    fn new(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { message, hint: None }
    }

    #[must_use]
    fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}
