use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::response::Response;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use tokio::sync::Semaphore;

use super::dataframes::{Dataframes, Ingest};
use super::keys::Keys;
use super::limits::Limits;
use super::metrics::Metrics;
use super::respond::{REQUEST_ID, STALE, answer, error_answer, given_id, job_error_answer, json_answer};
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

/// What a request asks about rows of feature tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameCall {
    /// Where to put a data frame.
    Info,
    /// To take one.
    Upload,
    /// To ingest one.
    Ingest,
    /// How a job stands.
    Job,
    /// How all jobs of a table stand.
    Jobs,
}

impl FrameCall {
    fn name(self) -> &'static str {
        match self {
            Self::Info => "get-dataframe-info",
            Self::Upload => "dataframes",
            Self::Ingest => "ingest-dataframe",
            Self::Job => "get-materialization-job",
            Self::Jobs => "list-materialization-jobs",
        }
    }
}

/// What is asked about rows of a feature table; what is not known is passed over, as in all requests.
#[derive(serde::Deserialize)]
struct FrameRequest {
    workspace: String,
    #[serde(alias = "featureView")]
    feature_view: String,
    #[serde(default, alias = "dfPath")]
    df_path: Option<String>,
    #[serde(default, alias = "jobId")]
    job_id: Option<String>,
}

/// The names in a path of the second version.
pub(super) struct Names {
    pub(super) workspace: String,
    pub(super) service: String,
}

/// What all requests share.
pub(super) struct App {
    serving: Arc<Serving>,
    keys: Option<Keys>,
    limits: Limits,
    in_flight: Semaphore,
    metrics: Metrics,
    stopping: AtomicBool,
    /// None where nothing is brought over HTTP.
    dataframes: OnceLock<Arc<Dataframes>>,
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

    /// From now on data frames are taken.
    pub(super) fn take_dataframes(&self, folder: PathBuf, ingest: Arc<dyn Ingest>) {
        let serving = Arc::clone(&self.serving);
        let clock = Arc::new(move || serving.now());
        let _ = self.dataframes.set(Dataframes::new(folder, ingest, clock));
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

    pub(super) fn show_metrics(&self, request: &Request) -> Response {
        if let Some(Err(error)) = self.keys.as_ref().map(|keys| keys.check(request.headers())) {
            return self.refuse(request, &error);
        }
        let in_flight = self.limits.in_flight_max - self.in_flight.available_permits();
        match self
            .metrics
            .text(self.serving.cache_counts(), in_flight, self.serving.now())
        {
            Ok(text) => answer(200, "application/openmetrics-text; version=1.0.0; charset=utf-8", text),
            Err(error) => self.refuse(request, &ServeError::Internal(error.to_string())),
        }
    }

    pub(super) fn refuse(&self, request: &Request, error: &ServeError) -> Response {
        let id = self.request_id(request);
        self.metrics.request("other", "", error.status());
        with_id(error_answer(error, &id), &id)
    }

    fn request_id(&self, request: &Request) -> String {
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
                let (status, message) = (error.status(), error.message());
                self.metrics.request(call.name(), "", status);
                match status {
                    500.. => tracing::error!(
                        request_id = id,
                        call = call.name(),
                        status,
                        micros,
                        error = message,
                        "request"
                    ),
                    _ => tracing::info!(
                        request_id = id,
                        call = call.name(),
                        status,
                        micros,
                        error = message,
                        "request"
                    ),
                }
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
            keys.check(request.headers())?;
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

    /// Rows for feature tables; `id` is that of a data frame that is put.
    pub(super) async fn frame_call(&self, call: FrameCall, id: Option<String>, request: Request) -> Response {
        let started = Instant::now();
        let number = self.request_id(&request);
        let answered = self.frame_answer(call, id, request).await;
        let (name, micros) = (call.name(), started.elapsed().as_micros());
        let response = match answered {
            Ok(body) => {
                self.metrics.request(name, "", 200);
                tracing::info!(request_id = number, call = name, status = 200, micros, "request");
                json_answer(200, body.to_string().into_bytes())
            }
            Err(error) => {
                let (status, message) = (error.status(), error.message());
                self.metrics.request(name, "", status);
                match status {
                    500.. => tracing::error!(
                        request_id = number,
                        call = name,
                        status,
                        micros,
                        error = message,
                        "request"
                    ),
                    _ => tracing::info!(
                        request_id = number,
                        call = name,
                        status,
                        micros,
                        error = message,
                        "request"
                    ),
                }
                job_error_answer(&error, &number)
            }
        };
        with_id(response, &number)
    }

    async fn frame_answer(
        &self,
        call: FrameCall,
        id: Option<String>,
        request: Request,
    ) -> Result<serde_json::Value, ServeError> {
        let dataframes = self.dataframes.get().map(Arc::clone);
        let dataframes = dataframes.ok_or_else(|| ServeError::Unknown("this server takes no rows".to_owned()))?;
        if call == FrameCall::Upload {
            // The signature in the URL stands for the key of whoever asked for it.
            let query = request.uri().query().unwrap_or_default().to_owned();
            let signature = query.split('&').find_map(|part| part.strip_prefix("signature="));
            let id = id.unwrap_or_default();
            dataframes
                .upload(&id, signature, request.into_body(), self.limits)
                .await?;
            return Ok(serde_json::json!({}));
        }
        if let Some(keys) = &self.keys {
            keys.check_ingest(request.headers())?;
        }
        // A page of another site can send other types without being asked for leave.
        let json = request
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        if !json.is_some_and(|json| json.trim_start().to_ascii_lowercase().starts_with("application/json")) {
            let message = "send the request with `Content-Type: application/json`".to_owned();
            return Err(ServeError::Invalid(message));
        }
        let base = base_url(&request);
        let body = self.body(request.into_body()).await?;
        let asked: FrameRequest = serde_json::from_slice(&body)
            .map_err(|error| ServeError::Invalid(format!("the request's body is not as it should be: {error}")))?;
        let _permit = self.in_flight.try_acquire().map_err(|_| self.full())?;
        let serving = Arc::clone(&self.serving);
        let work = move || {
            let FrameRequest {
                workspace,
                feature_view: table,
                df_path,
                job_id,
            } = asked;
            serving.feature_table_blocking(&workspace, &table)?;
            let missing = |what: &str| ServeError::Invalid(format!("the request has no `{what}`"));
            Ok(match call {
                FrameCall::Info | FrameCall::Upload => {
                    let (url, df_path) = dataframes.place(&workspace, &table)?;
                    serde_json::json!({ "df_path": df_path, "signed_url_for_df_upload": format!("{base}{url}") })
                }
                FrameCall::Ingest => {
                    let path = df_path.ok_or_else(|| missing("df_path"))?;
                    serde_json::json!({ "job": dataframes.begin(&table, &path)? })
                }
                FrameCall::Job => {
                    let id = job_id.ok_or_else(|| missing("job_id"))?;
                    serde_json::json!({ "job": dataframes.job(&table, &id)? })
                }
                FrameCall::Jobs => serde_json::json!({ "jobs": dataframes.jobs_of(&table) }),
            })
        };
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| ServeError::Internal(error.to_string()))?
    }

    fn full(&self) -> ServeError {
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

/// Where a client reaches this server, as it says itself, or a proxy before it.
fn base_url(request: &Request) -> String {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let scheme = header("x-forwarded-proto")
        .filter(|scheme| *scheme == "https")
        .unwrap_or("http");
    let host = header("x-forwarded-host").or_else(|| header(HOST.as_str()));
    format!("{scheme}://{}", host.unwrap_or("localhost"))
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

fn with_id(mut response: Response, id: &str) -> Response {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}
