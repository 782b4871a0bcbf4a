use std::io;
use std::path::Path;

use datafusion::error::DataFusionError;

use sandglass_runtime::RunError;

use crate::error::{Classified, Kind};
use crate::offline::OfflineError;
use crate::source::SourceError;
use crate::tile::TileError;
use crate::transform::TransformError;

/// Why there is no training data.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The spine is not what it has to be.
    #[error("spine {path}: {problem}")]
    Spine {
        /// The file.
        path: String,
        /// In words, with the line or row where it is one's.
        problem: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The spine is another file than when it was opened.
    #[error("spine {path}: it was changed while it was read")]
    Changed {
        /// The file.
        path: String,
    },
    /// The output cannot be written as it was asked for.
    #[error("output {path}: {problem}")]
    Output {
        /// The file.
        path: String,
        /// In words.
        problem: String,
        /// What to do.
        hint: Option<String>,
    },
    /// A manifest cannot be followed.
    #[error("manifest {path}: {problem}")]
    Manifest {
        /// The file.
        path: String,
        /// In words.
        problem: String,
        /// What to do.
        hint: Option<String>,
    },
    /// The file system did not do what it was asked to.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// The file.
        path: String,
        /// What the system said.
        source: io::Error,
    },
    /// Values at these times are made of rows that have not been materialized.
    #[error("feature view `{view}`: {gap} has not been materialized, and values at the spine's times are made of it")]
    Gap {
        /// The view.
        view: String,
        /// The first gap.
        gap: String,
    },
    /// A request view failed on a row.
    #[error("request view `{view}`: row {row} of the spine: {error} ({allowed} rejected rows are allowed)")]
    Request {
        /// The view.
        view: String,
        /// What the view read of it.
        row: String,
        /// `max_rejected` of the view.
        allowed: u64,
        /// What happened in the run.
        error: Box<RunError>,
    },
    /// A view's tables cannot be read.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// The rows failed on their way.
    #[error("the rows of the training data failed on their way")]
    Rows(#[source] DataFusionError),
    /// A promise was broken.
    #[error("{0}")]
    Internal(String),
}

impl TrainingError {
    /// What a stream of rows ended with; of an error of this module, that error.
    pub fn from_plan(error: DataFusionError) -> Self {
        match error {
            DataFusionError::External(inner) => match inner.downcast::<Self>() {
                Ok(error) => *error,
                Err(inner) => Self::Rows(DataFusionError::External(inner)),
            },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => Self::from_plan(*inner),
            DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
                Ok(inner) => Self::from_plan(inner),
                Err(inner) => Self::Rows(DataFusionError::Shared(inner)),
            },
            other => Self::Rows(other),
        }
    }

    pub(super) fn spine(path: &Path, problem: impl Into<String>) -> Self {
        Self::Spine {
            path: path.display().to_string(),
            problem: problem.into(),
            hint: None,
        }
    }

    pub(super) fn output(path: &Path, problem: impl Into<String>) -> Self {
        Self::Output {
            path: path.display().to_string(),
            problem: problem.into(),
            hint: None,
        }
    }

    pub(super) fn io(doing: &'static str, path: &Path, source: io::Error) -> Self {
        Self::Io {
            doing,
            path: path.display().to_string(),
            source,
        }
    }

    /// The same with what to do, where the error has room for it.
    pub(super) fn with_hint(mut self, text: impl Into<String>) -> Self {
        if let Self::Spine { hint, .. } | Self::Output { hint, .. } | Self::Manifest { hint, .. } = &mut self {
            *hint = Some(text.into());
        }
        self
    }
}

impl Classified for TrainingError {
    fn kind(&self) -> Kind {
        match self {
            Self::Spine { .. } | Self::Output { .. } | Self::Manifest { .. } | Self::Gap { .. } => Kind::Invalid,
            Self::Changed { .. } => Kind::Conflict,
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::PermissionDenied
                | io::ErrorKind::IsADirectory
                | io::ErrorKind::NotADirectory => Kind::Invalid,
                _ => Kind::Unavailable,
            },
            Self::Rows(error) => match classified(error) {
                Some(inner) => inner.kind(),
                None => match error.find_root() {
                    DataFusionError::ResourcesExhausted(_)
                    | DataFusionError::IoError(_)
                    | DataFusionError::ObjectStore(_) => Kind::Unavailable,
                    _ => Kind::Internal,
                },
            },
            Self::Offline(error) => error.kind(),
            Self::Request { error, .. } => error.kind(),
            Self::Internal(_) => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Spine { hint, .. } | Self::Output { hint, .. } | Self::Manifest { hint, .. } => hint.clone(),
            Self::Gap { .. } => Some(
                "run `sandglass materialize`, or take what is there with `--allow-gaps`; what is not due at `--now` has no values yet"
                    .to_owned(),
            ),
            Self::Changed { .. } => Some("run the command again when nobody writes to the file".to_owned()),
            Self::Rows(error) => classified(error).and_then(Classified::hint),
            Self::Offline(error) => error.hint(),
            Self::Request { error, .. } => error.hint(),
            Self::Io { .. } | Self::Internal(_) => None,
        }
    }
}

/// The first error of ours in a plan's error.
fn classified<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a dyn Classified> {
    let mut next = Some(error);
    while let Some(error) = next {
        let found = (error
            .downcast_ref()
            .map(|error: &'a TrainingError| error as &dyn Classified))
        .or_else(|| error.downcast_ref().map(|error: &'a SourceError| error as _))
        .or_else(|| error.downcast_ref().map(|error: &'a OfflineError| error as _))
        .or_else(|| error.downcast_ref().map(|error: &'a TransformError| error as _))
        .or_else(|| error.downcast_ref().map(|error: &'a TileError| error as _));
        if found.is_some() {
            return found;
        }
        next = error.source();
    }
    None
}
