use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use axum::routing::{get, post, put};

use super::app::{App, Call, Names};
use super::frames::FrameCall;
use super::respond::answer;
use crate::serving::ServeError;

/// The OpenAPI document that `/openapi.json` answers.
pub const OPENAPI: &str = include_str!("openapi.json");

/// Methods and paths, as the OpenAPI document has them.
pub const ROUTES: [(&str, &str); 15] = [
    ("post", "/api/v1/feature-service/get-features"),
    ("post", "/api/v1/feature-service/get-features-batch"),
    ("post", "/api/v1/feature-service/metadata"),
    (
        "post",
        "/api/v2/workspaces/{workspace}/feature-services/{service}/get-features",
    ),
    (
        "post",
        "/api/v2/workspaces/{workspace}/feature-services/{service}/get-features-batch",
    ),
    (
        "get",
        "/api/v2/workspaces/{workspace}/feature-services/{service}/metadata",
    ),
    ("post", "/api/v1/jobs/get-dataframe-info"),
    ("put", "/api/v1/dataframes/{dataframe}"),
    ("post", "/api/v1/jobs/ingest-dataframe"),
    ("post", "/api/v1/jobs/get-materialization-job"),
    ("post", "/api/v1/jobs/list-materialization-jobs"),
    ("get", "/health"),
    ("get", "/ready"),
    ("get", "/metrics"),
    ("get", "/openapi.json"),
];

pub(super) fn router(app: Arc<App>) -> Router {
    let [
        vector,
        batch,
        metadata,
        vector_2,
        batch_2,
        metadata_2,
        frame_info,
        frame_upload,
        frame_ingest,
        frame_job,
        frame_jobs,
        health,
        ready,
        metrics,
        openapi,
    ] = ROUTES;
    Router::new()
        .route(
            vector.1,
            post(|state, request| call(state, Call::Vector, None, request)),
        )
        .route(batch.1, post(|state, request| call(state, Call::Batch, None, request)))
        .route(
            metadata.1,
            post(|state, request| call(state, Call::Metadata, None, request)),
        )
        .route(
            vector_2.1,
            post(|state, path, request| call(state, Call::Vector, Some(path), request)),
        )
        .route(
            batch_2.1,
            post(|state, path, request| call(state, Call::Batch, Some(path), request)),
        )
        .route(
            metadata_2.1,
            get(|state, path, request| call(state, Call::Metadata, Some(path), request)),
        )
        .route(
            frame_info.1,
            post(|state, request| frame(state, FrameCall::Info, request)),
        )
        .route(
            frame_upload.1,
            put(
                |State(app): State<Arc<App>>, Path(id): Path<String>, request: Request| async move {
                    app.frame_call(FrameCall::Upload, Some(id), request).await
                },
            ),
        )
        .route(
            frame_ingest.1,
            post(|state, request| frame(state, FrameCall::Ingest, request)),
        )
        .route(
            frame_job.1,
            post(|state, request| frame(state, FrameCall::Job, request)),
        )
        .route(
            frame_jobs.1,
            post(|state, request| frame(state, FrameCall::Jobs, request)),
        )
        .route(health.1, get(|| async { answer(200, "text/plain", "ok\n") }))
        .route(ready.1, get(|State(app): State<Arc<App>>| async move { app.ready() }))
        .route(
            metrics.1,
            get(|State(app): State<Arc<App>>, request: Request| async move { app.show_metrics(request).await }),
        )
        .route(openapi.1, get(|| async { answer(200, "application/json", OPENAPI) }))
        .fallback(|State(app): State<Arc<App>>, request: Request| async move {
            let message = format!("there is no path `{}`; /openapi.json lists them", request.uri().path());
            app.refuse(&request, &ServeError::Unknown(message))
        })
        .method_not_allowed_fallback(|State(app): State<Arc<App>>, request: Request| async move {
            let message = format!(
                "`{}` does not take {}; /openapi.json lists what it takes",
                request.uri().path(),
                request.method()
            );
            app.refuse(&request, &ServeError::Method(message))
        })
        .with_state(app)
}

/// The longest answer of `/echo`.
const ECHO_BYTES_MAX: usize = 1 << 20;

/// `POST /echo?bytes=N`: reads a body and answers so many bytes.
pub(super) fn echo(app: Arc<App>) -> Router {
    let echo = |State(app): State<Arc<App>>, request: Request| async move {
        let bytes = request
            .uri()
            .query()
            .and_then(|query| query.strip_prefix("bytes=")?.parse().ok())
            .unwrap_or(0);
        match app.body(request.into_body()).await {
            Ok(_) => answer(200, "application/json", vec![b' '; bytes.min(ECHO_BYTES_MAX)]),
            Err(error) => answer(error.status(), "text/plain", error.to_string()),
        }
    };
    Router::new().route("/echo", post(echo)).with_state(app)
}

async fn frame(State(app): State<Arc<App>>, call: FrameCall, request: Request) -> Response {
    app.frame_call(call, None, request).await
}

async fn call(
    State(app): State<Arc<App>>,
    call: Call,
    path: Option<Result<Path<(String, String)>, PathRejection>>,
    request: Request,
) -> Response {
    let names = path.map(|path| match path {
        Ok(Path((workspace, service))) => Ok(Names { workspace, service }),
        Err(error) => Err(error.body_text()),
    });
    app.call(call, names, request).await
}
