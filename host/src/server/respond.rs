use axum::body::Body;
use axum::response::Response;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{HeaderMap, StatusCode};
use serde_json::json;

use crate::serving::ServeError;

/// The header with a request's number, in requests and answers.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header that names views of which more is due than is online.
pub(super) const STALE: HeaderName = HeaderName::from_static("sandglass-stale");
/// The longest number of a request that a client may give.
const REQUEST_ID_BYTES_MAX: usize = 128;

pub(super) fn json_answer(status: u16, body: Vec<u8>) -> Response {
    answer(status, "application/json", body)
}

pub(super) fn answer(status: u16, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// What is wrong, as Tecton's clients read it: they look at the status and at `message`.
pub(super) fn error_answer(error: &ServeError, request_id: &str) -> Response {
    let body = json!({ "error": error.name(), "message": error.message(), "requestId": request_id });
    let mut response = json_answer(error.status(), body.to_string().into_bytes());
    if matches!(error.status(), 429 | 503) {
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if matches!(error, ServeError::Slow(_) | ServeError::TooLarge(_)) {
        // What is left of the body is not waited for.
        response
            .headers_mut()
            .insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// What is wrong with rows or jobs, as Tecton's clients read it: there, `error` is the message.
pub(super) fn job_error_answer(error: &ServeError, request_id: &str) -> Response {
    let mut response = error_answer(error, request_id);
    let message = error.message();
    let body = json!({ "error": message, "message": message, "requestId": request_id });
    *response.body_mut() = body.to_string().into();
    response
}

/// The number that a client gave a request, if it can be written into a log.
pub(super) fn given_id(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(&REQUEST_ID)?.to_str().ok()?;
    (!given.is_empty() && given.len() <= REQUEST_ID_BYTES_MAX).then_some(given)
}
