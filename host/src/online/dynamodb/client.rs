//! Calls of DynamoDB: sent again while that may help, counted, and told apart when they fail.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{ConsumedCapacity, ReturnConsumedCapacity, TransactWriteItem};
use object_store::aws::AmazonS3;
use tokio::sync::OnceCell;
use uuid::Uuid;

use super::holder::wall_clock;
use super::options::DynamoOptions;
use crate::aws::{BucketAt, Counted, ObjectsCause, bucket};
use crate::online::store::Requests;
use crate::price::Price;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long a request may take for which somebody waits.
const READ: Duration = Duration::from_millis(1_500);
/// How long a request may take that puts or gets an object of many megabytes.
const UPLOAD: Duration = Duration::from_secs(120);
/// The first wait before a request is sent again; the next ones are twice as long each, and all of them are cut at random.
const WAIT: Duration = Duration::from_millis(25);

/// How long something is tried.
#[derive(Debug, Clone, Copy)]
pub(super) enum Patience {
    /// Somebody waits for an answer.
    Read,
    /// Nobody does, and what was written so far would be for nothing.
    Write,
}

/// The waits between tries.
pub(super) struct Waits {
    began: Instant,
    /// In all, and the longest of them.
    all: Duration,
    longest: Duration,
    tried: u32,
}

impl Waits {
    pub(super) fn new(options: &DynamoOptions, patience: Patience) -> Self {
        let (read, write) = options.patience;
        let (all, longest) = match patience {
            Patience::Read => (read, Duration::from_millis(500)),
            Patience::Write => (write, Duration::from_secs(10)),
        };
        Self {
            began: Instant::now(),
            all,
            longest,
            tried: 0,
        }
    }

    /// Waits before the next try; false if there should be none.
    pub(super) async fn again(&mut self) -> bool {
        let most = WAIT.saturating_mul(1 << self.tried.min(20)).min(self.longest);
        // Anything up to it, so that many who failed at once do not come again at once.
        let wait = most.mul_f64(random());
        self.tried += 1;
        if self.began.elapsed() + wait > self.all {
            return false;
        }
        tokio::time::sleep(wait).await;
        true
    }
}

/// From 0 to 1.
pub(super) fn random() -> f64 {
    let drawn = Uuid::new_v4().as_u128() as u32;
    f64::from(drawn) / f64::from(u32::MAX)
}

/// What a failed call means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Cause {
    /// A condition of the call does not hold.
    Condition,
    /// The table, or what else it is about, is not there.
    NotFound,
    /// It is there already, or something is being done with it.
    InUse,
    /// Who asks may not do this, or is not known.
    Denied,
    /// The service does not take the call.
    Rejected,
    /// It would cost more than may be spent.
    Budget,
    /// It could not be reached, or had too much to do, for as long as was tried.
    Unavailable,
}

/// A call that failed.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) cause: Cause,
    /// With the operation and the service's own words.
    pub(super) message: String,
}

/// The same, with what the service answered.
#[derive(Debug)]
pub(super) struct Failed<E> {
    pub(super) failure: Failure,
    pub(super) answer: Option<E>,
}

impl<E> From<Failed<E>> for Failure {
    fn from(failed: Failed<E>) -> Self {
        failed.failure
    }
}

/// The SDK's clients: where somebody waits, a request that hangs is given up soon enough to be sent once more.
struct Clients {
    read: Client,
    write: Client,
    config: SdkConfig,
}

/// A client of DynamoDB.
pub(super) struct Dynamo {
    options: DynamoOptions,
    clients: OnceCell<Clients>,
    /// Whether a request has been answered, so that its credentials were right.
    was_answered: AtomicBool,
    counted: Arc<Counted>,
    buckets: tokio::sync::Mutex<HashMap<String, Arc<AmazonS3>>>,
    read_half_units: AtomicU64,
    write_half_units: AtomicU64,
    imported_bytes: AtomicU64,
    /// The prices that hold, and the dollars that writes were let through for, where there is a budget.
    price: OnceCell<Option<Price>>,
    let_through: Mutex<f64>,
}

impl Dynamo {
    pub(super) fn new(options: DynamoOptions) -> Self {
        Self {
            options,
            clients: OnceCell::new(),
            was_answered: AtomicBool::new(false),
            counted: Arc::default(),
            buckets: tokio::sync::Mutex::default(),
            read_half_units: AtomicU64::new(0),
            write_half_units: AtomicU64::new(0),
            imported_bytes: AtomicU64::new(0),
            price: OnceCell::new(),
            let_through: Mutex::default(),
        }
    }

    pub(super) fn options(&self) -> &DynamoOptions {
        &self.options
    }

    pub(super) fn requests(&self) -> Requests {
        Requests {
            sent: self.counted.all_sent(),
            again: self.counted.all_again(),
            read_half_units: self.read_half_units.load(Ordering::Relaxed),
            write_half_units: self.write_half_units.load(Ordering::Relaxed),
            imported_bytes: self.imported_bytes.load(Ordering::Relaxed),
        }
    }

    /// Adds up what imports read.
    pub(super) fn has_imported(&self, source_bytes: u64) {
        self.imported_bytes.fetch_add(source_bytes, Ordering::Relaxed);
    }

    /// The prices that hold now in the region; none are known of none.
    pub(super) async fn price(&self) -> Option<&Price> {
        let find = || async {
            let region = self.region().await;
            let price = self.options.prices.at(region.as_deref(), wall_clock())?;
            Some(price.billed(self.options.billing_mode))
        };
        self.price.get_or_init(find).await.as_ref()
    }

    /// Lets a step through that costs so much, unless the budget would be passed then.
    pub(super) async fn afford(&self, cost: impl FnOnce(&Price) -> f64) -> Result<(), Failure> {
        let (Some(budget), Some(price)) = (self.options.budget, self.price().await) else {
            return Ok(());
        };
        let (cost, told) = (cost(price), price.of(&self.requests().since(&Requests::default())));
        let mut through = self.let_through.lock().unwrap_or_else(PoisonError::into_inner);
        // What is under way is not told of yet, and what was sent again is told of twice.
        let spent = through.max(told);
        if spent + cost > budget {
            return Err(Failure {
                cause: Cause::Budget,
                message: format!(
                    "the budget of ${budget} would be passed: ${spent:.6} are spent, and the next step costs ${cost:.6}"
                ),
            });
        }
        *through = spent + cost;
        Ok(())
    }

    /// Adds up what reads consumed.
    pub(super) fn has_read<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        add(&self.read_half_units, consumed);
    }

    /// Adds up what writes consumed.
    pub(super) fn has_written<'a>(&self, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
        add(&self.write_half_units, consumed);
    }

    /// The SDK's client. What it is configured with is read when it is first needed, as that may ask a server of Amazon's.
    async fn client(&self, patience: Patience) -> &Client {
        let clients = self.clients.get_or_init(|| clients(&self.options)).await;
        match patience {
            Patience::Read => &clients.read,
            Patience::Write => &clients.write,
        }
    }

    /// Sends a request, again and again while that may help.
    pub(super) async fn call<T, E, F>(
        &self,
        operation: &'static str,
        patience: Patience,
        mut send: impl FnMut(&Client) -> F,
    ) -> Result<T, Failed<E>>
    where
        F: Future<Output = Result<T, SdkError<E>>>,
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        let client = self.client(patience).await;
        let mut waits = Waits::new(&self.options, patience);
        loop {
            self.counted.sent(operation);
            let error = match send(client).await {
                Ok(answer) => {
                    self.was_answered.store(true, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let why = transient(&error).or_else(|| {
                // They could not be had again, and may be a moment later.
                let had = self.was_answered.load(Ordering::Relaxed);
                (had && is_unsent(&error)).then(|| "credentials".to_owned())
            });
            if let Some(why) = why {
                self.counted.again(&why);
                if waits.again().await {
                    continue;
                }
            }
            let code = error.code().unwrap_or_default();
            let message = match (code, error.message()) {
                ("", _) => format!("{operation}: {}", DisplayErrorContext(&error)),
                (code, None) => format!("{operation}: {code}"),
                (code, Some(message)) => format!("{operation}: {code}: {message}"),
            };
            let failure = Failure {
                cause: cause(&error),
                message,
            };
            return Err(Failed {
                failure,
                answer: match error {
                    SdkError::ServiceError(answer) => Some(answer.into_err()),
                    _ => None,
                },
            });
        }
    }

    /// The region that is asked, if it is known.
    pub(super) async fn region(&self) -> Option<String> {
        let clients = self.clients.get_or_init(|| clients(&self.options)).await;
        Some(clients.config.region()?.to_string())
    }

    /// A bucket of S3.
    pub(super) async fn bucket(&self, name: &str, at: &BucketAt) -> Result<Arc<AmazonS3>, Failure> {
        let mut buckets = self.buckets.lock().await;
        if let Some(bucket) = buckets.get(name) {
            return Ok(Arc::clone(bucket));
        }
        let config = &self.clients.get_or_init(|| clients(&self.options)).await.config;
        let (_, patience) = self.options.patience;
        let made = bucket(
            config,
            name,
            at,
            patience,
            UPLOAD.max(self.options.timeout),
            &self.counted,
        );
        let made = Arc::new(made.map_err(|error| of_objects(&format!("bucket {name}"), &error))?);
        buckets.insert(name.to_owned(), Arc::clone(&made));
        Ok(made)
    }

    /// Waits before what the service has left over of a batch is asked for again; an error if that should not be.
    pub(super) async fn again_for_rest(
        &self,
        operation: &str,
        waits: &mut Waits,
        patience: Patience,
        (asked, left): (usize, usize),
    ) -> Result<(), Failure> {
        if left < asked {
            // It goes on, however slowly.
            *waits = Waits::new(&self.options, patience);
        }
        self.counted.again("unprocessed");
        match waits.again().await {
            true => Ok(()),
            false => Err(Failure {
                cause: Cause::Unavailable,
                message: format!("{operation}: the service leaves some of the batch over, again and again"),
            }),
        }
    }

    /// Writes all of these items or none; a condition of one that does not hold is a [`Cause::Condition`]. What was done and not told is
    /// not done again.
    pub(super) async fn transact(&self, writes: Vec<TransactWriteItem>) -> Result<(), Failure> {
        let token = Uuid::new_v4().to_string();
        let mut waits = Waits::new(&self.options, Patience::Write);
        loop {
            let done = self.call("TransactWriteItems", Patience::Write, |client| {
                client
                    .transact_write_items()
                    .set_transact_items(Some(writes.clone()))
                    .client_request_token(&token)
                    .return_consumed_capacity(ReturnConsumedCapacity::Total)
                    .send()
            });
            let failed = match done.await {
                Ok(answer) => {
                    self.has_written(answer.consumed_capacity());
                    return Ok(());
                }
                Err(failed) => failed,
            };
            let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = &failed.answer else {
                return Err(failed.failure);
            };
            let codes = cancelled.cancellation_reasons().iter();
            let codes: Vec<&str> = codes.filter_map(|reason| reason.code()).collect();
            if codes.contains(&"ConditionalCheckFailed") {
                return Err(Failure {
                    cause: Cause::Condition,
                    ..failed.failure
                });
            }
            let passing = [
                "TransactionConflict",
                "ThrottlingError",
                "ProvisionedThroughputExceeded",
            ];
            let why = passing.into_iter().find(|code| codes.contains(code));
            match why {
                Some(why) => self.counted.again(why),
                None => return Err(failed.failure),
            }
            if !waits.again().await {
                return Err(Failure {
                    cause: Cause::Unavailable,
                    ..failed.failure
                });
            }
        }
    }
}

fn add<'a>(halves: &AtomicU64, consumed: impl IntoIterator<Item = &'a ConsumedCapacity>) {
    let units: f64 = consumed.into_iter().filter_map(ConsumedCapacity::capacity_units).sum();
    halves.fetch_add((2.0 * units).round() as u64, Ordering::Relaxed);
}

async fn clients(options: &DynamoOptions) -> Clients {
    let config = options.access.load().await;
    let with = |timeout: Duration| {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT.min(timeout))
            .operation_attempt_timeout(timeout);
        let mut builder = aws_sdk_dynamodb::config::Builder::from(&config)
            // Requests are sent again by `call`, which counts them, and has no more patience than who waits. Those for credentials are
            // sent again by the SDK.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.build());
        if let Some(endpoint) = &options.endpoint {
            builder = builder.endpoint_url(endpoint);
        }
        Client::from_conf(builder.build())
    };
    Clients {
        read: with(options.timeout.min(READ)),
        write: with(options.timeout),
        config,
    }
}

/// What a failed request to S3 means.
pub(super) fn of_objects(what: &str, error: &object_store::Error) -> Failure {
    let cause = match ObjectsCause::of(error) {
        ObjectsCause::NotFound => Cause::NotFound,
        ObjectsCause::Denied => Cause::Denied,
        ObjectsCause::Rejected | ObjectsCause::Name | ObjectsCause::Changed => Cause::Rejected,
        ObjectsCause::Unavailable => Cause::Unavailable,
    };
    let message = format!("S3, {what}: {error}");
    Failure { cause, message }
}

/// Why a request may be sent again, if it may.
fn transient<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<String> {
    match error {
        SdkError::TimeoutError(_) => Some("timeout".to_owned()),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Some("timeout".to_owned()),
        // Cut while the request was sent is `other`, with a kind.
        SdkError::DispatchFailure(failure) if failure.is_io() || failure.as_other().is_some() => {
            Some("connection".to_owned())
        }
        // An answer that was cut short or makes no sense.
        SdkError::ResponseError(_) => Some("connection".to_owned()),
        SdkError::ServiceError(answer) => {
            let code = answer.err().code().unwrap_or_default();
            let passes = matches!(
                code,
                "ProvisionedThroughputExceededException"
                    | "ThrottlingException"
                    | "RequestLimitExceeded"
                    | "LimitExceededException"
                    | "InternalServerError"
                    | "InternalFailure"
                    | "ServiceUnavailable"
                    | "TransactionConflictException"
                    | "TransactionInProgressException"
                    | "ReplicatedWriteConflictException"
            );
            let status = answer.raw().status().as_u16();
            match passes {
                true => Some(code.to_owned()),
                false => (status >= 500 || status == 429).then(|| status.to_string()),
            }
        }
        _ => None,
    }
}

/// Whether the request was never made, as it could not be signed.
fn is_unsent<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::DispatchFailure(failure) => failure.is_other() && failure.as_other().is_none(),
        _ => false,
    }
}

fn cause<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Cause {
    if transient(error).is_some() {
        return Cause::Unavailable;
    }
    match error.code() {
        Some("ConditionalCheckFailedException") => Cause::Condition,
        Some("ResourceNotFoundException" | "TableNotFoundException" | "ImportNotFoundException") => Cause::NotFound,
        Some(
            "ResourceInUseException"
            | "TableAlreadyExistsException"
            | "TableInUseException"
            | "ImportConflictException",
        ) => Cause::InUse,
        Some(
            "AccessDeniedException"
            | "UnrecognizedClientException"
            | "ExpiredTokenException"
            | "ExpiredToken"
            | "InvalidSignatureException"
            | "IncompleteSignatureException"
            | "IncompleteSignature"
            | "InvalidClientTokenId"
            | "MissingAuthenticationTokenException"
            | "MissingAuthenticationToken"
            | "NotAuthorized"
            | "OptInRequired",
        ) => Cause::Denied,
        Some(_) => Cause::Rejected,
        // The request was not made: credentials or a region were not found.
        None => Cause::Denied,
    }
}
