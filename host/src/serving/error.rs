use std::fmt::Display;

use super::request::RequestError;
use crate::error::{Classified, Kind};
use crate::online::OnlineError;
use crate::registry::RegistryError;

/// Letters of a message.
const MESSAGE_MAX: usize = 600;

/// Why a request has no answer, by the HTTP status that says whose fault it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ServeError {
    /// 400: the request is wrong.
    #[error("{0}")]
    Invalid(String),
    /// 401: no key, or one that is not known.
    #[error("{0}")]
    Unauthorized(String),
    /// 404: there is no such thing.
    #[error("{0}")]
    Unknown(String),
    /// 405: the path takes another method.
    #[error("{0}")]
    Method(String),
    /// 408: the client did not send its request in time.
    #[error("{0}")]
    Slow(String),
    /// 413: the request is too large.
    #[error("{0}")]
    TooLarge(String),
    /// 429: too much at once; the client should come again.
    #[error("{0}")]
    Busy(String),
    /// 500: ours.
    #[error("{0}")]
    Internal(String),
    /// 503: what is asked for cannot be served now.
    #[error("{0}")]
    Unavailable(String),
    /// 504: it took too long.
    #[error("{0}")]
    TimedOut(String),
}

impl ServeError {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            Self::Invalid(_) => 400,
            Self::Unauthorized(_) => 401,
            Self::Unknown(_) => 404,
            Self::Method(_) => 405,
            Self::Slow(_) => 408,
            Self::TooLarge(_) => 413,
            Self::Busy(_) => 429,
            Self::Internal(_) => 500,
            Self::Unavailable(_) => 503,
            Self::TimedOut(_) => 504,
        }
    }

    /// What is said of it, in some hundred letters at most: what clients send may be as long as a body.
    pub fn message(&self) -> String {
        let text = self.to_string();
        match text.char_indices().nth(MESSAGE_MAX) {
            Some((end, _)) => format!("{}…", &text[..end]),
            None => text,
        }
    }

    /// As programs read it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "INVALID_ARGUMENT",
            Self::Unauthorized(_) => "UNAUTHENTICATED",
            Self::Unknown(_) => "NOT_FOUND",
            Self::Method(_) => "METHOD_NOT_ALLOWED",
            Self::Slow(_) => "REQUEST_TIMEOUT",
            Self::TooLarge(_) => "PAYLOAD_TOO_LARGE",
            Self::Busy(_) => "RESOURCE_EXHAUSTED",
            Self::Internal(_) => "INTERNAL",
            Self::Unavailable(_) => "UNAVAILABLE",
            Self::TimedOut(_) => "DEADLINE_EXCEEDED",
        }
    }
}

impl From<RequestError> for ServeError {
    fn from(error: RequestError) -> Self {
        Self::Invalid(error.to_string())
    }
}

/// What clients can try again is unavailable; the rest is not their fault.
fn of_store(error: &(impl Classified + Display)) -> ServeError {
    match error.kind() {
        Kind::Unavailable | Kind::Conflict => ServeError::Unavailable(error.to_string()),
        Kind::Invalid | Kind::Guest | Kind::Corrupt | Kind::Internal => ServeError::Internal(error.to_string()),
    }
}

impl From<OnlineError> for ServeError {
    fn from(error: OnlineError) -> Self {
        of_store(&error)
    }
}

impl From<RegistryError> for ServeError {
    fn from(error: RegistryError) -> Self {
        of_store(&error)
    }
}
