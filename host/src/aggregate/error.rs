use crate::error::{Classified, Kind};

/// What goes wrong with states.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// Stored bytes are no state of this aggregation.
    #[error("a stored state of {function} cannot be read: {reason}")]
    Corrupt {
        /// The aggregation's state, as `last(5)`.
        function: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A later program wrote it.
    #[error("a stored state of {function} has format {found}; this program reads formats up to {known}")]
    Later {
        /// The aggregation's state.
        function: String,
        /// The format that was found.
        found: u8,
        /// The latest format that is known.
        known: u8,
    },
    /// A column is longer than Arrow can tell.
    #[error("the {what} of one column take more than 2 GiB")]
    TooLarge {
        /// Of what.
        what: &'static str,
    },
    /// A caller's mistake.
    #[error("{0}")]
    Internal(String),
}

/// A column is longer than Arrow can tell.
pub(super) fn too_large(what: &'static str) -> StateError {
    StateError::TooLarge { what }
}

impl Classified for StateError {
    fn kind(&self) -> Kind {
        match self {
            Self::Corrupt { .. } => Kind::Corrupt,
            Self::Later { .. } => Kind::Invalid,
            Self::TooLarge { .. } => Kind::Invalid,
            Self::Internal(_) => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Corrupt { .. } => {
                Some("delete the version's tiles and materialize: they are made again of offline rows".to_owned())
            }
            Self::Later { .. } => Some("use the program that wrote it, or a later one".to_owned()),
            Self::TooLarge { what: "states" } => Some(
                "set `max_backfill_interval` to a shorter time, or ask for fewer values in functions that keep many"
                    .to_owned(),
            ),
            Self::TooLarge { .. } => Some("ask for fewer values in functions that keep many".to_owned()),
            Self::Internal(_) => None,
        }
    }
}
