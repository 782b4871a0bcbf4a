use datafusion::common::DataFusionError;

use crate::aggregate::StateError;
use crate::error::{Classified, Kind, cause};
use crate::offline::OfflineError;
use crate::online::OnlineError;
use crate::tile::TileError;

/// What goes wrong in a pass of compaction.
#[derive(Debug, thiserror::Error)]
pub enum CompactionError {
    /// The offline store.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// The online store.
    #[error(transparent)]
    Online(#[from] OnlineError),
    /// Tiles, or what they come to.
    #[error("{label}: {error}")]
    Tile {
        /// The view.
        label: String,
        /// What is wrong.
        error: TileError,
    },
    /// The plan failed.
    #[error("{label}: its items cannot be made: {error}")]
    Plan {
        /// The view.
        label: String,
        /// What DataFusion says.
        error: DataFusionError,
    },
    /// A promise was broken.
    #[error("{label}: {message}")]
    Internal {
        /// The view.
        label: String,
        /// Which.
        message: String,
    },
}

impl CompactionError {
    /// A plan's error; of states that cannot be read, that error.
    pub(super) fn from_plan(label: &str, error: DataFusionError) -> Self {
        let label = label.to_owned();
        match cause::<StateError>(&error) {
            Some(error) => Self::Tile {
                label,
                error: TileError::State(error.clone()),
            },
            None => Self::Plan { label, error },
        }
    }
}

impl Classified for CompactionError {
    fn kind(&self) -> Kind {
        match self {
            Self::Offline(error) => error.kind(),
            Self::Online(error) => error.kind(),
            Self::Tile { error, .. } => error.kind(),
            Self::Plan { error, .. } => match error.find_root() {
                DataFusionError::ResourcesExhausted(_)
                | DataFusionError::IoError(_)
                | DataFusionError::ObjectStore(_) => Kind::Unavailable,
                _ => Kind::Internal,
            },
            Self::Internal { .. } => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Offline(error) => error.hint(),
            Self::Online(error) => error.hint(),
            Self::Tile { error, .. } => error.hint(),
            Self::Plan { error, .. } => match error.find_root() {
                DataFusionError::ResourcesExhausted(_) => {
                    Some("give it more memory with `--memory-bytes`; sorts spill to disk beyond it".to_owned())
                }
                _ => None,
            },
            Self::Internal { .. } => None,
        }
    }
}
