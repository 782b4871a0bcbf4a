//! Reads features from a Sandglass feature server, or from any that speaks Tecton's HTTP API.
//!
//! ```no_run
//! # async fn read() -> Result<(), sandglass_client::Error> {
//! use sandglass_client::{Client, Keys};
//!
//! let client = Client::new("http://127.0.0.1:8080", "purchases").with_key("sg_…");
//! let vector = client.features("customer_features", &Keys::new().with("customer_id", 14048)).await?;
//! let spent = vector.get("customer_spend.amount_sum_lifetime_1d").and_then(|value| value.as_f64());
//! # Ok(()) }
//! ```
//!
//! A [`Client`] keeps its connections and can be cloned; make one for a program. A server that is busy or not reachable is tried again,
//! see [`Client::with_retries`].

mod answer;
mod error;
mod value;

pub use answer::{Feature, Metadata, Parameter, Status, Vector};
pub use error::Error;
pub use value::{DataType, Value};

use std::time::Duration;

use reqwest::header::RETRY_AFTER;
use serde_json::{Map, Value as Json, json};

use answer::{batch, metadata, vector};

/// How long is waited before a second try, if the server does not say.
const WAIT: Duration = Duration::from_millis(100);
/// The longest wait that a server can ask for.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// A feature server and a workspace.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    address: String,
    workspace: String,
    key: Option<String>,
    retries: u32,
    timeout: Duration,
    latency_budget: Option<Duration>,
    partial_results: bool,
}

/// Join keys by name, and what only the caller knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Keys {
    keys: Map<String, Json>,
    context: Map<String, Json>,
}

impl Keys {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// With another one: a whole number, a text, a boolean; dates and times as text. `Json::Null` has no features.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.keys.insert(name.to_owned(), value.into());
        self
    }

    /// With a field of the context that request views take: as join keys, and numbers. NaN and infinities are texts: `"NaN"`,
    /// `"Infinity"`, `"-Infinity"`.
    #[must_use]
    pub fn with_context(mut self, name: &str, value: impl Into<Json>) -> Self {
        self.context.insert(name.to_owned(), value.into());
        self
    }

    fn fields(&self) -> [(&'static str, Json); 2] {
        [
            ("joinKeyMap", Json::Object(self.keys.clone())),
            ("requestContextMap", Json::Object(self.context.clone())),
        ]
    }
}

impl Client {
    /// Of a server's address (`http://host:port`) and a workspace.
    pub fn new(address: &str, workspace: &str) -> Self {
        Self {
            http: reqwest::Client::new(),
            address: address.trim_end_matches('/').to_owned(),
            workspace: workspace.to_owned(),
            key: None,
            retries: 2,
            timeout: Duration::from_secs(5),
            latency_budget: None,
            partial_results: false,
        }
    }

    /// With an API key.
    #[must_use]
    pub fn with_key(self, key: &str) -> Self {
        Self {
            key: Some(key.to_owned()),
            ..self
        }
    }

    /// How often a request is made again after the server was busy (429), unavailable (503) or not reached; 2 if it is not said. Reading has
    /// no effects, so that is safe.
    #[must_use]
    pub fn with_retries(self, retries: u32) -> Self {
        Self { retries, ..self }
    }

    /// How long each try may take; 5 seconds if it is not said.
    #[must_use]
    pub fn with_timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// After this time the server answers what it has; the rest is null, with [`Status::TimeOut`]. In whole milliseconds, at least one.
    #[must_use]
    pub fn with_latency_budget(self, budget: Duration) -> Self {
        Self {
            latency_budget: Some(budget),
            ..self
        }
    }

    /// What a request view fails on is null, with [`Status::Unknown`], and not an error of the request.
    #[must_use]
    pub fn with_partial_results(self) -> Self {
        Self {
            partial_results: true,
            ..self
        }
    }

    /// The features of a service for one key.
    ///
    /// # Errors
    /// [`Error`], by whose fault it is.
    pub async fn features(&self, service: &str, keys: &Keys) -> Result<Vector, Error> {
        let params = self.params(service, &keys.fields());
        vector(&self.post("get-features", params).await?)
    }

    /// The features of a service for several keys, in their order.
    ///
    /// # Errors
    /// [`Error`], by whose fault it is.
    pub async fn features_batch(&self, service: &str, rows: &[Keys]) -> Result<Vec<Vector>, Error> {
        let row = |keys: &Keys| {
            let fields = keys.fields().into_iter();
            Json::Object(fields.map(|(name, value)| (name.to_owned(), value)).collect())
        };
        let rows: Vec<Json> = rows.iter().map(row).collect();
        let params = self.params(service, &[("requestData", Json::Array(rows))]);
        batch(&self.post("get-features-batch", params).await?)
    }

    /// What a service takes and gives.
    ///
    /// # Errors
    /// [`Error`], by whose fault it is.
    pub async fn metadata(&self, service: &str) -> Result<Metadata, Error> {
        let params = json!({ "workspaceName": self.workspace, "featureServiceName": service });
        metadata(&self.post("metadata", params).await?)
    }

    fn params(&self, service: &str, more: &[(&str, Json)]) -> Json {
        let mut params = json!({
            "workspaceName": self.workspace,
            "featureServiceName": service,
            "metadataOptions": {
                "includeNames": true, "includeDataTypes": true, "includeEffectiveTimes": true, "includeServingStatus": true,
            },
        });
        if self.partial_results {
            params["allowPartialResults"] = json!(true);
        }
        if let Some(budget) = self.latency_budget {
            params["requestOptions"] = json!({ "latencyBudgetMs": budget.as_millis().max(1).to_string() });
        }
        for (name, value) in more {
            params[*name] = value.clone();
        }
        params
    }

    async fn post(&self, call: &str, params: Json) -> Result<Json, Error> {
        let url = format!("{}/api/v1/feature-service/{call}", self.address);
        let body = json!({ "params": params }).to_string();
        let mut tries = 0;
        loop {
            let (error, wait) = match self.post_once(&url, &body).await {
                Ok(answer) => return Ok(answer),
                Err((error, wait)) => (error, wait),
            };
            if !error.is_temporary() || tries == self.retries {
                return Err(error);
            }
            tries += 1;
            tokio::time::sleep(wait.unwrap_or(WAIT * tries).min(WAIT_MAX)).await;
        }
    }

    async fn post_once(&self, url: &str, body: &str) -> Result<Json, (Error, Option<Duration>)> {
        let unreachable = |error: reqwest::Error| {
            // Its text has the address, and no key.
            let message = format!(
                "{error}{}",
                std::error::Error::source(&error)
                    .map(|below| format!(": {below}"))
                    .unwrap_or_default()
            );
            (Error::Unreachable(message), None)
        };
        let mut request = self
            .http
            .post(url)
            .timeout(self.timeout)
            .header("content-type", "application/json")
            .body(body.to_owned());
        if let Some(key) = &self.key {
            request = request.header("authorization", format!("Tecton-key {key}"));
        }
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status().as_u16();
        let wait = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|seconds| seconds.to_str().ok()?.parse().ok());
        let bytes = response.bytes().await.map_err(unreachable)?;
        let answer: Result<Json, _> = serde_json::from_slice(&bytes);
        match (status, answer) {
            (200, Ok(answer)) => Ok(answer),
            (200, Err(error)) => Err((Error::Answer(error.to_string()), None)),
            (status, answer) => {
                let message = answer
                    .ok()
                    .and_then(|answer| Some(answer.get("message")?.as_str()?.to_owned()));
                let message =
                    message.unwrap_or_else(|| String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).into_owned());
                Err((Error::Refused { status, message }, wait.map(Duration::from_secs)))
            }
        }
    }
}
