use crate::error::{Classified, Kind};
use crate::storage::{Place, StorageError};

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

/// Why a file could not be looked at.
#[derive(Debug)]
pub(super) enum Unread {
    /// Its object cannot be reached.
    Away(StorageError),
    /// It cannot be opened, or is not what it should be.
    Wrong(String),
}

impl From<String> for Unread {
    fn from(problem: String) -> Self {
        Self::Wrong(problem)
    }
}

impl Unread {
    /// What a reader says, after these words.
    pub(super) fn reading(place: &Place, before: &str, error: &std::io::Error) -> Self {
        let object = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<object_store::Error>());
        match object {
            Some(object) => Self::Away(place.of_object(object)),
            None => Self::Wrong(format!("{before}{error}")),
        }
    }

    /// With the file, where that is not told already.
    pub(super) fn of(self, place: &Place) -> Self {
        match self {
            Self::Away(_) => self,
            Self::Wrong(problem) => Self::Wrong(format!("{place}: {problem}")),
        }
    }

    /// The source's error; `wrong` says what it is if the file is not what it should be.
    pub(super) fn of_source(self, source: &str, wrong: impl FnOnce(String) -> SourceError) -> SourceError {
        match self {
            Self::Away(error) => SourceError::Objects {
                source_name: source.to_owned(),
                error,
            },
            Self::Wrong(problem) => wrong(problem),
        }
    }
}
