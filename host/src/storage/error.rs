use crate::aws::ObjectsCause;
use crate::error::{Classified, Kind};

/// What goes wrong with a file or an object.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// A file or folder of this machine.
    #[error("{place}: {source}")]
    File {
        /// Its path.
        place: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// An object, or a bucket.
    #[error("{place}: {message}")]
    Object {
        /// Its address.
        place: String,
        /// What it means.
        cause: ObjectsCause,
        /// What the service says.
        message: String,
    },
}

impl StorageError {
    pub(super) fn object(place: impl ToString, error: &object_store::Error) -> Self {
        Self::Object {
            place: place.to_string(),
            cause: ObjectsCause::of(error),
            message: error.to_string(),
        }
    }
}

impl Classified for StorageError {
    fn kind(&self) -> Kind {
        match self {
            Self::File { .. } => Kind::Unavailable,
            Self::Object { cause, .. } => match cause {
                ObjectsCause::Denied | ObjectsCause::Rejected => Kind::Invalid,
                ObjectsCause::NotFound | ObjectsCause::Unavailable => Kind::Unavailable,
            },
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Object {
                cause: ObjectsCause::Denied,
                ..
            } => Some(
                "credentials are looked for as AWS's own tools do: the environment, the profile, the machine's role; whose they are has to \
                 have rights on the bucket"
                    .to_owned(),
            ),
            Self::Object {
                cause: ObjectsCause::Rejected,
                ..
            } => Some("check the bucket's name, its `region` and its `endpoint`".to_owned()),
            _ => None,
        }
    }
}
