//! The store that a definition names.

use std::env::VarError;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;

use super::dynamodb::{DynamoOptions, DynamoStore, StagingOptions};
use super::embedded::EmbeddedStore;
use super::store::OnlineStore;
use crate::aws::{Access, BucketAt};
use crate::definition::{DynamoDb, OnlineStoreKind, Secret, SecretKeys};
use crate::error::{Classified, Kind};
use crate::price::{PriceError, Prices};

/// How old a server's knowledge of what is live may be where each look costs a request: well below the grace of old generations.
const POLL: Duration = Duration::from_secs(2);

/// What keeps a store from being opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A secret is not where the definition says.
    #[error("online store: `{key}`: {message}")]
    Secret {
        /// The key of the definition.
        key: &'static str,
        /// In words, without the secret.
        message: String,
    },
    /// The file of prices is of no use.
    #[error("online store: {0}")]
    Prices(#[from] PriceError),
    /// The system has no threads left.
    #[error("online store: {0}")]
    Threads(std::io::Error),
}

impl Classified for OpenError {
    fn kind(&self) -> Kind {
        match self {
            Self::Secret { .. } => Kind::Invalid,
            Self::Prices(error) => error.kind(),
            Self::Threads(_) => Kind::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Secret { .. } => Some("put it there, or let `[stores] online` say where it is".to_owned()),
            Self::Prices(error) => error.hint(),
            Self::Threads(_) => None,
        }
    }
}

/// The store of a project in a folder, as a command uses it, which looks at what is live whenever it asks.
pub fn open(store: &OnlineStoreKind, folder: &Path) -> Result<Arc<dyn OnlineStore>, OpenError> {
    open_within(store, folder, None)
}

/// The same, for a command that may spend so many dollars.
pub fn open_within(
    store: &OnlineStoreKind,
    folder: &Path,
    budget: Option<f64>,
) -> Result<Arc<dyn OnlineStore>, OpenError> {
    match store {
        OnlineStoreKind::Embedded { path, map_size_bytes } => {
            Ok(Arc::new(EmbeddedStore::new(&folder.join(path), *map_size_bytes)))
        }
        OnlineStoreKind::DynamoDb(store) => dynamodb(store, folder, Duration::ZERO, budget),
    }
}

/// The same, as a server uses it, with decoded items of so many bytes in memory where the store can tell that they are current.
pub fn open_to_serve(
    store: &OnlineStoreKind,
    folder: &Path,
    cache_bytes: u64,
) -> Result<Arc<dyn OnlineStore>, OpenError> {
    match store {
        OnlineStoreKind::Embedded { path, map_size_bytes } => {
            let store = EmbeddedStore::new(&folder.join(path), *map_size_bytes);
            Ok(Arc::new(store.with_cache(cache_bytes)))
        }
        OnlineStoreKind::DynamoDb(store) => dynamodb(store, folder, POLL, None),
    }
}

fn dynamodb(
    store: &DynamoDb,
    folder: &Path,
    poll: Duration,
    budget: Option<f64>,
) -> Result<Arc<dyn OnlineStore>, OpenError> {
    let credentials = store.credentials.as_ref().map(|keys| credentials(keys, folder));
    let staging = store.staging.as_ref().map(|staging| StagingOptions {
        at: BucketAt {
            region: staging.region.clone(),
            endpoint: staging.endpoint.clone(),
        },
        prefix: staging.prefix.clone(),
        owner: staging.bucket_owner.clone(),
        ..StagingOptions::new(&staging.bucket)
    });
    let options = DynamoOptions {
        endpoint: store.endpoint.clone(),
        access: Access {
            region: store.region.clone(),
            profile: store.profile.clone(),
            credentials: credentials.transpose()?,
        },
        staging,
        warm: (store.warm_read_units, store.warm_write_units),
        prices: Prices::of_project(store.prices.as_deref(), folder)?,
        billing_mode: store.billing_mode,
        shared_items_max: store.shared_table_items,
        consistent_reads: store.consistent_reads,
        tags: store.tags.clone(),
        kms_key_id: store.kms_key_id.clone(),
        poll,
        budget,
        ..DynamoOptions::new(&store.table_prefix)
    };
    Ok(Arc::new(DynamoStore::new(options).map_err(OpenError::Threads)?))
}

fn credentials(keys: &SecretKeys, folder: &Path) -> Result<Credentials, OpenError> {
    let session_token = keys.session_token.as_ref();
    Ok(Credentials::new(
        secret("access_key_id", &keys.access_key_id, folder)?,
        secret("secret_access_key", &keys.secret_access_key, folder)?,
        session_token
            .map(|token| secret("session_token", token, folder))
            .transpose()?,
        None,
        "definition",
    ))
}

/// What a secret is now.
fn secret(key: &'static str, secret: &Secret, folder: &Path) -> Result<String, OpenError> {
    let failed = |message| OpenError::Secret { key, message };
    let text = match secret {
        Secret::Env(name) => std::env::var(name)
            // The error may have the value in it.
            .map_err(|error| {
                let why = match error {
                    VarError::NotPresent => "is not set",
                    VarError::NotUnicode(_) => "is not UTF-8",
                };
                failed(format!("the environment variable {name} {why}"))
            })?,
        Secret::File(path) => {
            let path = folder.join(path);
            std::fs::read_to_string(&path)
                .map_err(|error| failed(format!("the file {} cannot be read: {error}", path.display())))?
        }
    };
    let text = text.trim_end_matches(['\r', '\n']);
    match text.is_empty() {
        true => Err(failed("it is empty".to_owned())),
        false => Ok(text.to_owned()),
    }
}
