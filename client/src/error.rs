/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The server could not be reached, or did not answer in time.
    #[error("the feature server cannot be reached: {0}")]
    Unreachable(String),
    /// The server refused.
    #[error("the feature server answered {status}: {message}")]
    Refused {
        /// The HTTP status: 400 the request is wrong, 401 the key, 404 the name of workspace or service, 429 it is busy, 503 what is asked
        /// for cannot be served now, 504 it took too long.
        status: u16,
        /// What it said.
        message: String,
    },
    /// What it answered makes no sense.
    #[error("the feature server's answer cannot be read: {0}")]
    Answer(String),
}

impl Error {
    /// Whether it may go well if it is tried again.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Unreachable(_) => true,
            Self::Refused { status, .. } => matches!(status, 429 | 503),
            Self::Answer(_) => false,
        }
    }
}
