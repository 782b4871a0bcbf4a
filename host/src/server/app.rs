use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use tokio::sync::Semaphore;

use super::dataframes::Dataframes;
use super::keys::Keys;
use super::limits::Limits;
use super::metrics::Metrics;
use super::respond::{REQUEST_ID, STALE, answer, error_answer, given_id, json_answer};
use crate::registry::Registry;
use crate::serving::{self, BatchRequest, MetadataRequest, ServeError, Serving, VectorRequest, Vectors};

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    Vector,
    Batch,
    Metadata,
}

impl Call {
    fn name(self) -> &'static str {
        match self {
            Self::Vector => "get-features",
            Self::Batch => "get-features-batch",
            Self::Metadata => "metadata",
        }
    }
}

/// The names in a path of the second version.
pub(super) struct Names {
    pub(super) workspace: String,
    pub(super) service: String,
}

/// What all requests share.
pub(super) struct App {
    pub(super) serving: Arc<Serving>,
    pub(super) keys: Option<Keys>,
    pub(super) limits: Limits,
    pub(super) in_flight: Semaphore,
    pub(super) metrics: Metrics,
    stopping: AtomicBool,
    /// None where nothing is brought over HTTP.
    pub(super) dataframes: OnceLock<Arc<Dataframes>>,
    /// Numbers of requests: this process's and one for each.
    process: u64,
    requests: AtomicU64,
}

/// An answer and which service gave it.
struct Answered {
    service: String,
    body: Vec<u8>,
    stale: Option<HeaderValue>,
}

impl App {
    pub(super) fn new(serving: Arc<Serving>, keys: Option<Registry>, limits: Limits) -> Self {
        let mut random = [0; 8];
        // Without randomness numbers of two processes may be equal, which only makes logs harder to read.
        let _ = getrandom::fill(&mut random);
        Self {
            serving,
            keys: keys.map(Keys::new),
            in_flight: Semaphore::new(limits.in_flight_max),
            limits,
            metrics: Metrics::new(),
            stopping: AtomicBool::new(false),
            dataframes: OnceLock::new(),
            process: u64::from_le_bytes(random),
            requests: AtomicU64::new(0),
        }
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// From now on `/ready` says no.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Looks for what was applied and materialized. Waits for files.
    pub(super) fn look_at_views(&self) {
        if let Err(error) = self.serving.refresh_blocking() {
            tracing::warn!(%error, "what was applied last cannot be read");
        }
        let fresh = self.serving.freshness_blocking().into_iter();
        self.metrics.fresh(fresh.map(|(view, through)| match through {
            Ok(through) => (view, Some(through)),
            Err(error) => {
                tracing::warn!(%error, view, "the online store cannot be read");
                (view, None)
            }
        }));
    }

    pub(super) fn registry_is_remote(&self) -> bool {
        self.serving.registry_is_remote()
    }

    /// Looks for keys that were removed. Waits for files.
    pub(super) fn look_at_keys(&self) {
        if let Some(keys) = &self.keys {
            keys.look();
        }
    }

    pub(super) fn ready(&self) -> Response {
        let why = match self.stopping.load(Ordering::Relaxed) {
            true => "stopping",
            false if self.serving.catalog().number() == 0 => "nothing has been applied yet",
            false => return answer(200, "text/plain", "ready\n"),
        };
        answer(503, "text/plain", format!("{why}\n"))
    }

    pub(super) async fn show_metrics(&self, request: Request) -> Response {
        if let Some(keys) = &self.keys
            && let Err(error) = keys.check(request.headers()).await
        {
            return self.refuse(&request, &error);
        }
        let in_flight = self.limits.in_flight_max - self.in_flight.available_permits();
        let store = (self.serving.cache_counts(), self.serving.store_requests());
        match self.metrics.text(store, in_flight, self.serving.now()) {
            Ok(text) => answer(200, "application/openmetrics-text; version=1.0.0; charset=utf-8", text),
            Err(error) => self.refuse(&request, &ServeError::Internal(error.to_string())),
        }
    }

    pub(super) fn refuse(&self, request: &Request, error: &ServeError) -> Response {
        let id = self.request_id(request);
        self.metrics.request("other", "", error.status());
        with_id(error_answer(error, &id), &id)
    }

    pub(super) fn request_id(&self, request: &Request) -> String {
        match given_id(request.headers()) {
            Some(given) => given.to_owned(),
            None => {
                let number = self.requests.fetch_add(1, Ordering::Relaxed);
                format!("{:016x}-{number}", self.process)
            }
        }
    }

    pub(super) async fn call(&self, call: Call, names: Option<Result<Names, String>>, request: Request) -> Response {
        let started = Instant::now();
        let id = self.request_id(&request);
        let answered = self.answer(call, names, request, started).await;
        let micros = started.elapsed().as_micros();
        let response = match answered {
            Ok(answered) => {
                tracing::debug!(
                    request_id = id,
                    call = call.name(),
                    service = answered.service,
                    status = 200,
                    micros,
                    "request"
                );
                let mut response = json_answer(200, answered.body);
                if let Some(stale) = answered.stale {
                    response.headers_mut().insert(STALE, stale);
                }
                response
            }
            Err(error) => {
                self.failed(call.name(), &id, micros, &error);
                error_answer(&error, &id)
            }
        };
        with_id(response, &id)
    }

    async fn answer(
        &self,
        call: Call,
        names: Option<Result<Names, String>>,
        request: Request,
        started: Instant,
    ) -> Result<Answered, ServeError> {
        if let Some(keys) = &self.keys {
            keys.check(request.headers()).await?;
        }
        let names = names.transpose().map_err(ServeError::Invalid)?;
        let body = match (call, &names) {
            // There the names are in the path, and there is no body.
            (Call::Metadata, Some(_)) => Bytes::from_static(b"{\"params\":{}}"),
            _ => self.body(request.into_body()).await?,
        };
        // Only now: who sends a body slowly holds no place.
        let _permit = self.in_flight.try_acquire().map_err(|_| self.full())?;
        match call {
            Call::Vector => {
                let mut read: VectorRequest = serving::read(&body)?;
                take_names(names, &mut read.workspace_name, &mut read.feature_service_name)?;
                let vectors = self.serving.vectors(&(&read).into()).await?;
                Ok(self.answered(call, &vectors, started, |took, out| {
                    vectors.write_one(&read.metadata_options, took, out);
                }))
            }
            Call::Batch => {
                let mut read: BatchRequest = serving::read(&body)?;
                take_names(names, &mut read.workspace_name, &mut read.feature_service_name)?;
                let vectors = self.serving.vectors(&(&read).into()).await?;
                Ok(self.answered(call, &vectors, started, |took, out| {
                    vectors.write_batch(&read.metadata_options, took, out);
                }))
            }
            Call::Metadata => {
                let mut read: MetadataRequest = serving::read(&body)?;
                take_names(names, &mut read.workspace_name, &mut read.feature_service_name)?;
                let (workspace, service) = (read.workspace_name.as_deref(), read.feature_service_name.as_deref());
                let (service, metadata) = self.serving.metadata(workspace, service).await?;
                self.metrics.request(call.name(), &service, 200);
                Ok(Answered {
                    service,
                    body: metadata.to_string().into_bytes(),
                    stale: None,
                })
            }
        }
    }

    fn answered(
        &self,
        call: Call,
        vectors: &Vectors,
        started: Instant,
        write: impl FnOnce(Duration, &mut Vec<u8>),
    ) -> Answered {
        let took = started.elapsed();
        // A feature with all that can be said of it has some hundred bytes.
        let mut body = Vec::with_capacity(256 + 96 * vectors.layout().features.len());
        write(took, &mut body);
        self.metrics.answered(call.name(), vectors, started.elapsed());
        let stale: Vec<&str> = vectors.stale().iter().map(|(view, _)| view.as_str()).collect();
        Answered {
            service: vectors.service().name.clone(),
            body,
            stale: (!stale.is_empty())
                .then(|| HeaderValue::from_str(&stale.join(", ")).ok())
                .flatten(),
        }
    }

    /// Counts and logs a request that could not be answered: what is the server's fault as an error.
    pub(super) fn failed(&self, call: &'static str, id: &str, micros: u128, error: &ServeError) {
        let (status, message) = (error.status(), error.message());
        self.metrics.request(call, "", status);
        match status {
            500.. => tracing::error!(request_id = id, call, status, micros, error = message, "request"),
            _ => tracing::info!(request_id = id, call, status, micros, error = message, "request"),
        }
    }

    pub(super) fn full(&self) -> ServeError {
        ServeError::Busy(format!(
            "{} requests are being answered, which is this server's limit",
            self.limits.in_flight_max
        ))
    }

    pub(super) async fn body(&self, body: Body) -> Result<Bytes, ServeError> {
        let most = self.limits.body_bytes_max;
        let too_large = || ServeError::TooLarge(format!("a request's body has at most {most} bytes"));
        if body.size_hint().lower() > most as u64 {
            return Err(too_large());
        }
        let mut reading = std::pin::pin!(Limited::new(body, most).collect());
        // A small body has mostly come with its head, and then no timer is needed.
        let read = match futures::poll!(&mut reading) {
            Poll::Ready(read) => Ok(read),
            Poll::Pending => tokio::time::timeout(self.limits.body_timeout, reading).await,
        };
        match read {
            Err(_) => Err(ServeError::Slow(format!(
                "the request's body did not come within {} ms",
                self.limits.body_timeout.as_millis()
            ))),
            Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
            Ok(Err(error)) => Err(ServeError::Invalid(format!(
                "the request's body could not be read: {error}"
            ))),
            Ok(Ok(read)) => Ok(read.to_bytes()),
        }
    }
}

/// Takes the names of the path; those of the body may be left out, and are not others.
fn take_names(
    names: Option<Names>,
    workspace: &mut Option<String>,
    service: &mut Option<String>,
) -> Result<(), ServeError> {
    let Some(names) = names else { return Ok(()) };
    for (what, own, other) in [
        ("workspace", &names.workspace, &*workspace),
        ("feature service", &names.service, &*service),
    ] {
        if let Some(other) = other
            && other != own
        {
            let message = format!("the path has {what} `{own}`, and the body `{other}`");
            return Err(ServeError::Invalid(message));
        }
    }
    *workspace = Some(names.workspace);
    *service = Some(names.service);
    Ok(())
}

pub(super) fn with_id(mut response: Response, id: &str) -> Response {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
