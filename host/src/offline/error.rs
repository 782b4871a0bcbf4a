use std::error::Error as StdError;

use datafusion::error::DataFusionError;
use deltalake::DeltaTableError;

use crate::aws::ObjectsCause;
use crate::error::{Classified, Kind};
use crate::time::Interval;

type Source = Box<dyn StdError + Send + Sync>;

/// Why the offline store did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub enum OfflineError {
    /// Another driver has committed this attempt, or a later one.
    #[error("table `{table}`, interval {interval}: {reason}")]
    Conflict {
        /// The table's name.
        table: String,
        /// The job's interval.
        interval: Interval,
        /// What was expected and what was found.
        reason: String,
    },
    /// The log or a file cannot be understood.
    #[error("table `{table}`: {reason}")]
    Corrupt {
        /// The table's name or place.
        table: String,
        /// What is damaged.
        reason: String,
        /// What the reader said.
        source: Option<Source>,
    },
    /// The storage did not answer.
    #[error("table `{table}`: {reason}")]
    Unavailable {
        /// The table's name or place.
        table: String,
        /// What was being done.
        reason: String,
        /// What the storage said.
        source: Option<Source>,
    },
    /// The table cannot be made as it was asked for, or what is there is not one of ours.
    #[error("table `{table}`: {reason}")]
    Invalid {
        /// The table's name or place.
        table: String,
        /// What has to be changed.
        reason: String,
    },
    /// The rows that were to be written, or read, failed on their way. What is behind it is the source, of which
    /// this module knows nothing.
    #[error("table `{table}`: {reason}")]
    Rows {
        /// The table's name.
        table: String,
        /// What was being done, with the interval.
        reason: String,
        /// What the plan said.
        source: DataFusionError,
    },
    /// A caller broke a promise, or this module did.
    #[error("table `{table}`: {reason}")]
    Internal {
        /// The table's name.
        table: String,
        /// Which promise.
        reason: String,
        /// What lies behind it.
        source: Option<Source>,
    },
}

impl Classified for OfflineError {
    fn kind(&self) -> Kind {
        match self {
            Self::Conflict { .. } => Kind::Conflict,
            Self::Corrupt { .. } => Kind::Corrupt,
            Self::Unavailable { source, .. } => match source.as_deref().and_then(|source| ObjectsCause::behind(source))
            {
                // Trying again would not help.
                Some(ObjectsCause::Denied | ObjectsCause::Rejected) => Kind::Invalid,
                _ => Kind::Unavailable,
            },
            Self::Invalid { .. } => Kind::Invalid,
            Self::Rows { source, .. } => match source.find_root() {
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
            Self::Conflict { .. } => Some("another driver works on this view; plan again".to_owned()),
            Self::Unavailable { source, .. } => {
                let cause = ObjectsCause::behind(source.as_deref()?)?;
                (cause == ObjectsCause::Denied)
                    .then(|| "whose the credentials are has to have rights on the bucket".to_owned())
            }
            _ => None,
        }
    }
}

impl OfflineError {
    pub(super) fn internal(table: &str, reason: impl Into<String>) -> Self {
        Self::Internal {
            table: table.to_owned(),
            reason: reason.into(),
            source: None,
        }
    }

    pub(super) fn invalid(table: &str, reason: impl Into<String>) -> Self {
        Self::Invalid {
            table: table.to_owned(),
            reason: reason.into(),
        }
    }

    pub(super) fn corrupt(table: &str, reason: impl Into<String>) -> Self {
        Self::Corrupt {
            table: table.to_owned(),
            reason: reason.into(),
            source: None,
        }
    }

    pub(super) fn rows(table: &str, reason: impl Into<String>, source: DataFusionError) -> Self {
        Self::Rows {
            table: table.to_owned(),
            reason: reason.into(),
            source,
        }
    }

    /// The storage's failures are to be tried again, a log that does not parse is damaged, and the rest is ours.
    pub(super) fn delta(table: &str, doing: &str, source: DeltaTableError) -> Self {
        let (table, reason) = (table.to_owned(), doing.to_owned());
        if comes_from_storage(&source) {
            return Self::Unavailable {
                table,
                reason,
                source: Some(Box::new(source)),
            };
        }
        match source {
            DeltaTableError::InvalidJsonLog { .. }
            | DeltaTableError::InvalidStatsJson { .. }
            | DeltaTableError::NotATable(_)
            | DeltaTableError::KernelError(_)
            | DeltaTableError::Parquet { .. } => Self::Corrupt {
                table,
                reason,
                source: Some(Box::new(source)),
            },
            source => Self::Internal {
                table,
                reason,
                source: Some(Box::new(source)),
            },
        }
    }

    pub(super) fn storage(table: &str, doing: &str, source: impl StdError + Send + Sync + 'static) -> Self {
        Self::Unavailable {
            table: table.to_owned(),
            reason: doing.to_owned(),
            source: Some(Box::new(source)),
        }
    }
}

fn comes_from_storage(error: &(dyn StdError + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<object_store::Error>() || error.is::<std::io::Error>() {
            return true;
        }
        next = error.source();
    }
    false
}
