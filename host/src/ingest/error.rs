use crate::error::{Classified, Kind};
use crate::materialize::MaterializeError;
use crate::offline::OfflineError;
use crate::source::SourceError;
use crate::time::Timestamp;

/// Why nothing was brought into a feature table.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The file cannot be used.
    #[error("{0}")]
    File(SourceError),
    /// Rows that no read could find.
    #[error(
        "feature table `{table}`: nothing was ingested, for of its file's {rows} rows so many have {what}: {nulls}"
    )]
    Unusable {
        /// The table.
        table: String,
        /// Rows of the file.
        rows: u64,
        /// How many of them.
        nulls: u64,
        /// What is wrong with them.
        what: &'static str,
    },
    /// A row that is not to be seen yet.
    #[error(
        "feature table `{table}`: nothing was ingested, for a row is at {at}, and it is {now} now: no read could see it yet"
    )]
    Future {
        /// The table.
        table: String,
        /// The row's time.
        at: Timestamp,
        /// The time.
        now: Timestamp,
    },
    /// A column was there once, with another type.
    #[error("feature table `{table}`: column `{column}` is {wanted}, and rows that are there have it as {found}")]
    Type {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// As it is defined.
        wanted: String,
        /// As it is stored.
        found: String,
    },
    /// A column was there once, in other letters.
    #[error(
        "feature table `{table}`: column `{column}` and `{found}`, which rows that are there have, differ in nothing but case"
    )]
    Name {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The one that is there.
        found: String,
    },
    /// The offline store.
    #[error(transparent)]
    Offline(#[from] OfflineError),
    /// The rows, on their way.
    #[error(transparent)]
    Rows(#[from] MaterializeError),
}

impl Classified for IngestError {
    fn kind(&self) -> Kind {
        match self {
            Self::File(error) => error.kind(),
            Self::Unusable { .. } | Self::Future { .. } | Self::Type { .. } | Self::Name { .. } => Kind::Invalid,
            Self::Offline(error) => error.kind(),
            Self::Rows(error) => error.kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::File(error) => error.hint(),
            Self::Unusable { .. } => {
                Some("mend or leave out these rows: every row needs its keys and its time".to_owned())
            }
            Self::Future { .. } => Some("bring rows once their time has come; times without a zone are UTC".to_owned()),
            Self::Type { .. } | Self::Name { .. } => Some("give the new column a name of its own".to_owned()),
            Self::Offline(error) => error.hint(),
            Self::Rows(error) => error.hint(),
        }
    }
}
