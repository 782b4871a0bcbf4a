//! Access to Amazon's services: who asks, and objects in S3.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, ProvideCredentials, Region, SharedCredentialsProvider};
use object_store::aws::{AmazonS3, AmazonS3Builder, AwsCredential};
use object_store::client::{
    ClientOptions, CredentialProvider, HttpClient, HttpConnector, HttpError, HttpRequest, HttpResponse, HttpService,
    ReqwestConnector,
};
use object_store::{BackoffConfig, RetryConfig};

pub use crate::definition::BucketAt;
use crate::error::cause;

/// Credentials that end sooner than this are asked for again: a request is sent again for some minutes with the same ones.
const NEARLY_OVER: Duration = Duration::from_secs(360);

/// Who asks, and where, if it is not said by each service.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// The region; where there is none, the one of the environment or profile.
    pub region: Option<String>,
    /// The profile of the AWS configuration files.
    pub profile: Option<String>,
    /// What to sign with; where there is none, what the usual chain finds.
    pub credentials: Option<Credentials>,
}

impl Access {
    /// What is not said is looked for in the environment and the configuration files, and may ask a server of Amazon's.
    pub(crate) async fn load(&self) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::latest());
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(credentials) = &self.credentials {
            loader = loader.credentials_provider(credentials.clone());
        }
        loader.load().await
    }
}

/// What it means that a request for objects failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectsCause {
    /// There is no such object.
    NotFound,
    /// Who asks may not do this, or is not known.
    Denied,
    /// The service does not take the request: there is no such bucket, or not there.
    Rejected,
    /// An object has a name that none can have here.
    Name,
    /// It is not what it was, or there already.
    Changed,
    /// It could not be reached, or had too much to do, for as long as was tried.
    Unavailable,
}

impl ObjectsCause {
    pub(crate) fn of(error: &object_store::Error) -> Self {
        use object_store::Error;
        let text = error.to_string();
        // Most of what the server says is told in words only, after its status; before that comes what was asked for.
        let answer = text.split_once("status code: ").map_or("", |(_, answer)| answer);
        let says = |words: &[&str]| words.iter().any(|word| answer.contains(word));
        let begins = |statuses: &[&str]| statuses.iter().any(|status| answer.starts_with(status));
        let is_denied = says(&[
            "AccessDenied",
            "ExpiredToken",
            "InvalidAccessKeyId",
            "SignatureDoesNotMatch",
            "InvalidToken",
        ]);
        match error {
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => Self::Denied,
            Error::InvalidPath { .. } => Self::Name,
            Error::AlreadyExists { .. } | Error::Precondition { .. } | Error::NotModified { .. } => Self::Changed,
            _ if is_denied || begins(&["401", "403"]) => Self::Denied,
            Error::NotFound { .. } if says(&["NoSuchBucket"]) => Self::Rejected,
            Error::NotFound { .. } => Self::NotFound,
            Error::NotSupported { .. } | Error::NotImplemented { .. } => Self::Rejected,
            _ if begins(&["408", "429"]) || says(&["RequestTimeout"]) => Self::Unavailable,
            _ if begins(&["3", "4"]) || says(&["NoSuchBucket"]) || text.contains("redirect without LOCATION") => {
                Self::Rejected
            }
            _ => Self::Unavailable,
        }
    }

    /// The same of an error that has one of these behind it.
    pub(crate) fn behind(error: &(dyn std::error::Error + 'static)) -> Option<Self> {
        cause::<object_store::Error>(error).map(Self::of)
    }
}

/// Requests that were made, by name, and those that were made again, by why.
#[derive(Debug, Default)]
pub(crate) struct Counted {
    sent: Mutex<BTreeMap<&'static str, u64>>,
    again: Mutex<BTreeMap<String, u64>>,
}

impl Counted {
    pub(crate) fn sent(&self, name: &'static str) {
        *self
            .sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(name)
            .or_default() += 1;
    }

    pub(crate) fn again(&self, why: &str) {
        let mut again = self.again.lock().unwrap_or_else(PoisonError::into_inner);
        *again.entry(why.to_owned()).or_default() += 1;
    }

    pub(crate) fn all_sent(&self) -> BTreeMap<&'static str, u64> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn all_again(&self) -> BTreeMap<String, u64> {
        self.again.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A bucket's objects; requests are sent again for `patience`, and counted.
pub(crate) fn bucket(
    config: &SdkConfig,
    name: &str,
    at: &BucketAt,
    patience: Duration,
    timeout: Duration,
    counted: &Arc<Counted>,
) -> object_store::Result<AmazonS3> {
    let region = at.region.as_deref().or(config.region().map(|region| region.as_ref()));
    let retry = RetryConfig {
        backoff: BackoffConfig {
            init_backoff: Duration::from_millis(25),
            max_backoff: Duration::from_secs(10),
            base: 2.0,
        },
        max_retries: usize::MAX,
        retry_timeout: patience,
    };
    let options = ClientOptions::new().with_timeout(timeout).with_allow_http(true);
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(name)
        .with_client_options(options)
        .with_retry(retry)
        .with_http_connector(Connector(Arc::clone(counted)));
    if let Some(region) = region {
        builder = builder.with_region(region);
    }
    let of_s3 = std::env::var("AWS_ENDPOINT_URL_S3").ok();
    let endpoint = at.endpoint.as_deref().or(of_s3.as_deref()).or(config.endpoint_url());
    if let Some(endpoint) = endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let Some(provider) = config.credentials_provider() {
        builder = builder.with_credentials(Arc::new(Chain {
            provider,
            last: tokio::sync::Mutex::default(),
        }));
    }
    builder.build()
}

/// The SDK's credentials for object stores.
#[derive(Debug)]
struct Chain {
    provider: SharedCredentialsProvider,
    last: tokio::sync::Mutex<Option<(Credentials, Arc<AwsCredential>)>>,
}

#[async_trait]
impl CredentialProvider for Chain {
    type Credential = AwsCredential;

    #[expect(clippy::disallowed_methods, reason = "credentials end by the clock of the wall")]
    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let mut last = self.last.lock().await;
        if let Some((credentials, same)) = &*last
            && credentials
                .expiry()
                .is_none_or(|expiry| SystemTime::now() + NEARLY_OVER < expiry)
        {
            return Ok(Arc::clone(same));
        }
        let credentials = self.provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| object_store::Error::Unauthenticated {
            path: String::new(),
            source: Box::new(error),
        })?;
        let same = Arc::new(AwsCredential {
            key_id: credentials.access_key_id().to_owned(),
            secret_key: credentials.secret_access_key().to_owned(),
            token: credentials.session_token().map(str::to_owned),
        });
        *last = Some((credentials, Arc::clone(&same)));
        Ok(same)
    }
}

/// Counts what is sent.
#[derive(Debug)]
struct Connector(Arc<Counted>);

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let client = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Counting {
            client,
            counted: Arc::clone(&self.0),
        }))
    }
}

#[derive(Debug)]
struct Counting {
    client: HttpClient,
    counted: Arc<Counted>,
}

#[async_trait]
impl HttpService for Counting {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let is_list = request.uri().query().is_some_and(|query| query.contains("list-type="));
        self.counted.sent(match request.method().as_str() {
            "PUT" => "PutObject",
            "POST" => "DeleteObjects",
            "DELETE" => "DeleteObject",
            "HEAD" => "HeadObject",
            _ if is_list => "ListObjectsV2",
            _ => "GetObject",
        });
        let answer = self.client.execute(request).await;
        match &answer {
            Ok(answer) => {
                let status = answer.status().as_u16();
                if status >= 500 || status == 429 {
                    self.counted.again(&status.to_string());
                }
            }
            Err(error) => self.counted.again(match error.kind() {
                object_store::client::HttpErrorKind::Timeout => "timeout",
                _ => "connection",
            }),
        }
        answer
    }
}
