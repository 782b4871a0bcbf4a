use deltalake::DeltaTableError;

use crate::error::{Classified, Kind};

/// What goes wrong in the offline store.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// Somebody else has done the job meanwhile.
    #[error("{table}: {message}")]
    Conflict {
        /// The table.
        table: String,
        /// Which job, and what is there now.
        message: String,
    },
    /// Stored files do not make sense.
    #[error("{table}: {message}")]
    Corrupt {
        /// The table.
        table: String,
        /// In words.
        message: String,
    },
    /// The rows do not fit the table.
    #[error("{table}: {message}")]
    Rows {
        /// The table.
        table: String,
        /// In words, naming the column.
        message: String,
    },
    /// The table format's library failed.
    #[error("{table}: {source}")]
    Delta {
        /// The table.
        table: String,
        /// What it says.
        #[source]
        source: Box<DeltaTableError>,
    },
    /// A file could not be read or written.
    #[error("{table}: {message}")]
    Io {
        /// The table.
        table: String,
        /// In words.
        message: String,
    },
}

impl Classified for OfflineError {
    fn kind(&self) -> Kind {
        match self {
            Self::Conflict { .. } => Kind::Conflict,
            Self::Corrupt { .. } => Kind::Corrupt,
            Self::Rows { .. } => Kind::Internal,
            Self::Delta { .. } | Self::Io { .. } => Kind::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Conflict { .. } => Some("run the command again: it plans what is left".to_owned()),
            _ => None,
        }
    }
}
