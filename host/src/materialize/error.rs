use datafusion::common::DataFusionError;

use crate::aggregate::StateError;
use crate::error::{Classified, Kind, cause};
use crate::offline::OfflineError;
use crate::project::CompiledView;
use crate::source::SourceError;
use crate::tile::TileError;
use crate::time::Interval;
use crate::transform::{Letter, TransformError};

/// What goes wrong in materialization.
#[derive(Debug, thiserror::Error)]
pub enum MaterializeError {
    /// A run failed; its message names view and interval.
    #[error(transparent)]
    Transform(Box<TransformError>),
    /// A source's rows cannot be used.
    #[error("{label}: {error}")]
    Source {
        /// View and interval.
        label: String,
        /// Why.
        #[source]
        error: SourceError,
    },
    /// Too many rows were rejected.
    #[error("{label}: the transformation rejected {rejected} rows, {allowed} are allowed; the first: {}", listed(.first))]
    Rejected {
        /// View and interval.
        label: String,
        /// How many.
        rejected: u64,
        /// `max_rejected` of the view.
        allowed: u64,
        /// The first of them, and why.
        first: Vec<Letter>,
    },
    /// The offline store.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// The machine has no memory for the plan.
    #[error("{label}: {message}")]
    Resources {
        /// View and interval.
        label: String,
        /// What the pool says.
        message: String,
    },
    /// Tiles, or what they come to.
    #[error("{label}: {error}")]
    Tile {
        /// View and interval.
        label: String,
        /// What is wrong.
        error: TileError,
    },
    /// The rest.
    #[error("{label}: {message}")]
    Engine {
        /// View and interval.
        label: String,
        /// What DataFusion says.
        message: String,
    },
}

fn listed(letters: &[Letter]) -> String {
    let letters: Vec<_> = letters.iter().map(ToString::to_string).collect();
    letters.join("; ")
}

impl MaterializeError {
    /// What a job's rows ended with, instead of more rows.
    pub fn of_plan(view: &str, interval: Interval, error: DataFusionError) -> Self {
        Self::from_plan(&label(view, interval), error)
    }

    /// Finds in DataFusion's error what it wraps.
    pub(crate) fn from_plan(label: &str, error: DataFusionError) -> Self {
        let label = label.to_owned();
        match error {
            DataFusionError::External(inner) => match inner.downcast::<TransformError>() {
                Ok(error) => Self::Transform(error),
                Err(inner) => match inner.downcast::<SourceError>() {
                    Ok(error) => Self::Source { label, error: *error },
                    Err(inner) => match inner.downcast::<StateError>() {
                        Ok(error) => Self::Tile {
                            label,
                            error: TileError::State(*error),
                        },
                        Err(inner) => Self::Engine {
                            label,
                            message: inner.to_string(),
                        },
                    },
                },
            },
            DataFusionError::ObjectStore(error) => Self::unreadable(label, &*error),
            DataFusionError::IoError(error) => Self::unreadable(label, &error),
            DataFusionError::ParquetError(error) if cause::<object_store::Error>(&*error).is_some() => {
                Self::unreadable(label, &*error)
            }
            DataFusionError::ResourcesExhausted(message) => Self::Resources { label, message },
            DataFusionError::Context(_, inner) | DataFusionError::Diagnostic(_, inner) => {
                Self::from_plan(&label, *inner)
            }
            DataFusionError::Shared(inner) => match std::sync::Arc::try_unwrap(inner) {
                Ok(inner) => Self::from_plan(&label, inner),
                Err(inner) => Self::from_shared(label, &inner),
            },
            // What a file holds is the data's, not ours.
            DataFusionError::ArrowError(error, _) => Self::Source {
                error: SourceError::Rows {
                    source_name: "?".to_owned(),
                    problem: error.to_string(),
                },
                label,
            },
            other => Self::Engine {
                label,
                message: other.strip_backtrace(),
            },
        }
    }

    fn unreadable(label: String, error: &dyn std::error::Error) -> Self {
        Self::Source {
            label,
            error: SourceError::Unreadable {
                source_name: "?".to_owned(),
                problem: error.to_string(),
            },
        }
    }

    /// What the offline store could not write, for the rows' sake or its own.
    pub(crate) fn from_store(label: &str, error: OfflineError) -> Self {
        match error {
            OfflineError::Rows { source, .. } => Self::from_plan(label, source),
            other => Self::Offline(other),
        }
    }

    /// An error that several partitions hold.
    fn from_shared(label: String, error: &DataFusionError) -> Self {
        let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(inner) = cause {
            if let Some(error) = inner.downcast_ref::<SourceError>() {
                let (source_name, problem) = ("?".to_owned(), error.to_string());
                return Self::Source {
                    label,
                    error: SourceError::Rows { source_name, problem },
                };
            }
            if let Some(error) = inner.downcast_ref::<StateError>() {
                let error = TileError::State(error.clone());
                return Self::Tile { label, error };
            }
            cause = inner.source();
        }
        Self::Engine {
            label,
            message: error.strip_backtrace(),
        }
    }
}

impl MaterializeError {
    /// The error, or that a file of the view's sources is away, which is why.
    pub(super) fn or_unreachable(self, compiled: &CompiledView) -> Self {
        let label = match &self {
            Self::Source { label, .. } | Self::Engine { label, .. } => label.clone(),
            _ => return self,
        };
        let mut away = compiled.inputs.iter().filter_map(|(_, table)| table.unreachable());
        match away.next() {
            Some(error) => Self::Source { label, error },
            None => self,
        }
    }

    /// Whether the same again may go better: what could not be reached may be there again. Bad rows, guests that fail and memory
    /// that is short are what they are.
    pub fn is_worth_retrying(&self) -> bool {
        !matches!(self, Self::Resources { .. }) && self.kind() == Kind::Unavailable
    }
}

impl Classified for MaterializeError {
    fn kind(&self) -> Kind {
        match self {
            Self::Transform(error) => error.kind(),
            Self::Source { error, .. } => error.kind(),
            Self::Rejected { .. } => Kind::Invalid,
            Self::Offline(error) => error.kind(),
            Self::Resources { .. } => Kind::Unavailable,
            Self::Tile { error, .. } => error.kind(),
            Self::Engine { .. } => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Transform(error) => error.hint(),
            Self::Source { error, .. } => error.hint(),
            Self::Rejected { .. } => Some("mend the rows, or raise `max_rejected` of the view".to_owned()),
            Self::Offline(error) => error.hint(),
            Self::Resources { .. } => Some("run fewer jobs at once with `--parallel 1`".to_owned()),
            Self::Tile { error, .. } => error.hint(),
            Self::Engine { .. } => None,
        }
    }
}

/// View and interval, as errors and logs name a job.
pub(super) fn label(view: &str, interval: Interval) -> String {
    format!("feature view `{view}`, interval {interval}")
}
