use crate::error::{Classified, Kind};
use crate::storage::StorageError;

/// What is wrong with a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Its path names nothing.
    #[error("source `{source_name}`: path `{path}`: {problem}")]
    Path {
        /// The source.
        source_name: String,
        /// As it is written.
        path: String,
        /// In words.
        problem: String,
    },
    /// A file or folder cannot be read.
    #[error("source `{source_name}`: cannot read {problem}")]
    Unreadable {
        /// The source.
        source_name: String,
        /// Path and reason.
        problem: String,
    },
    /// Objects cannot be reached, or may not be.
    #[error("source `{source_name}`: {error}")]
    Objects {
        /// The source.
        source_name: String,
        /// What is wrong.
        error: StorageError,
    },
    /// A file is not what its format says, or files differ.
    #[error("source `{source_name}`: {problem}")]
    Format {
        /// The source.
        source_name: String,
        /// In words.
        problem: String,
    },
    /// Columns are missing or of the wrong type.
    #[error("source `{source_name}`: {problem}")]
    Columns {
        /// The source.
        source_name: String,
        /// In words.
        problem: String,
    },
    /// A row cannot be used.
    #[error("source `{source_name}`: {problem}")]
    Rows {
        /// The source.
        source_name: String,
        /// In words.
        problem: String,
    },
}

impl Classified for SourceError {
    fn kind(&self) -> Kind {
        match self {
            Self::Unreadable { .. } => Kind::Unavailable,
            Self::Objects { error, .. } => error.kind(),
            _ => Kind::Invalid,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Objects { error, .. } => error.hint(),
            _ => None,
        }
    }
}
