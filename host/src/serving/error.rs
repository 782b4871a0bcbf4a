use std::fmt::Display;

use super::request::RequestError;
use crate::error::{Classified, Kind};
use crate::online::OnlineError;
use crate::registry::RegistryError;
use crate::time::Timestamp;

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
    /// 403: the key is for something else.
    #[error("{0}")]
    Forbidden(String),
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
    /// 500: the transformation of a request view failed.
    #[error("{0}")]
    Guest(String),
    /// 503: what is asked for cannot be served now.
    #[error("{0}")]
    Unavailable(String),
    /// 503: what is asked for is not materialized yet.
    #[error("{0}")]
    NotLive(String),
    /// 404: what is asked for is never materialized for requests.
    #[error("{0}")]
    NotOnline(String),
    /// 503: what is online is not effective yet.
    #[error(
        "feature view `{view}` is materialized for a time that is not yet here, {online_from}: look at this machine's clock, \
         which says {now}"
    )]
    Early {
        /// The view.
        view: String,
        /// When what is online is effective.
        online_from: Timestamp,
        /// When somebody asks.
        now: Timestamp,
    },
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
            Self::Forbidden(_) => 403,
            Self::Unknown(_) | Self::NotOnline(_) => 404,
            Self::Method(_) => 405,
            Self::Slow(_) => 408,
            Self::TooLarge(_) => 413,
            Self::Busy(_) => 429,
            Self::Internal(_) | Self::Guest(_) => 500,
            Self::Unavailable(_) | Self::NotLive(_) | Self::Early { .. } => 503,
            Self::TimedOut(_) => 504,
        }
    }

    /// What the one who runs the server should do.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotLive(_) => Some("run `sandglass materialize` first"),
            Self::NotOnline(_) => Some("set `online = true`, apply and materialize"),
            _ => None,
        }
    }

    /// What is said of it, in some hundred letters at most: what clients send may be as long as a body.
    pub fn message(&self) -> String {
        let mut text = self.to_string();
        if let Some(hint) = self.hint() {
            text.push_str("; ");
            text.push_str(hint);
        }
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
            Self::Forbidden(_) => "PERMISSION_DENIED",
            Self::Unknown(_) | Self::NotOnline(_) => "NOT_FOUND",
            Self::Method(_) => "METHOD_NOT_ALLOWED",
            Self::Slow(_) => "REQUEST_TIMEOUT",
            Self::TooLarge(_) => "PAYLOAD_TOO_LARGE",
            Self::Busy(_) => "RESOURCE_EXHAUSTED",
            Self::Internal(_) | Self::Guest(_) => "INTERNAL",
            Self::Unavailable(_) | Self::NotLive(_) | Self::Early { .. } => "UNAVAILABLE",
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
    let message = match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    };
    match error.kind() {
        Kind::Unavailable | Kind::Conflict => ServeError::Unavailable(message),
        Kind::Invalid | Kind::Guest | Kind::Corrupt | Kind::Internal => ServeError::Internal(message),
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
