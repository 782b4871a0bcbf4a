//! Requests about rows of feature tables: where to put them, to ingest them, how that stands.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, HOST};
use axum::response::Response;

use super::app::{App, with_id};
use super::dataframes::{Dataframes, Ingest};
use super::respond::{job_error_answer, json_answer};
use crate::serving::ServeError;

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

impl App {
    /// From now on data frames are taken.
    pub(super) fn take_dataframes(&self, folder: PathBuf, ingest: Arc<dyn Ingest>) {
        let serving = Arc::clone(&self.serving);
        let clock = Arc::new(move || serving.now());
        let _ = self.dataframes.set(Dataframes::new(folder, ingest, clock));
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
                self.failed(name, &number, micros, &error);
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
            keys.check_ingest(request.headers()).await?;
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
