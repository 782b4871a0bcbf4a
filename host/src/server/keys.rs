use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::registry::Registry;
use crate::serving::ServeError;

/// The keys that are known, by their hashes.
pub(super) struct Keys {
    registry: Registry,
    known: RwLock<HashMap<[u8; 32], Known>>,
    /// Held while a key is looked for that is not known yet.
    looking: Semaphore,
}

/// Keys that are looked for at once: whoever sends many that are none keeps only others waiting that do.
const LOOKING_MAX: usize = 16;

#[derive(Clone)]
struct Known {
    id: String,
    may_ingest: bool,
}

impl Keys {
    pub(super) fn new(registry: Registry) -> Self {
        Self {
            registry,
            known: RwLock::default(),
            looking: Semaphore::new(LOOKING_MAX),
        }
    }

    /// Waits for files. Forgets keys that were removed, and those of which that cannot be told.
    pub(super) fn look(&self) {
        let known: Vec<String> = {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            known.values().map(|known| known.id.clone()).collect()
        };
        let there: Vec<String> = (known.into_iter())
            .filter(|id| match self.registry.key(id) {
                Ok(found) => found.is_some(),
                Err(error) => {
                    tracing::warn!(%error, "a key cannot be read and is refused");
                    false
                }
            })
            .collect();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, known| there.contains(&known.id));
    }

    /// Whether a request has a key that may bring rows.
    pub(super) async fn check_ingest(&self, headers: &HeaderMap) -> Result<(), ServeError> {
        match self.find(headers).await?.may_ingest {
            true => Ok(()),
            false => {
                let message = "this key only reads: make one with `sandglass key create --may-ingest`";
                Err(ServeError::Forbidden(message.to_owned()))
            }
        }
    }

    /// Whether a request has a key.
    pub(super) async fn check(&self, headers: &HeaderMap) -> Result<(), ServeError> {
        self.find(headers).await.map(|_| ())
    }

    /// The key of a request; one that is not known yet is looked for in the registry.
    async fn find(&self, headers: &HeaderMap) -> Result<Known, ServeError> {
        let refused = |message: &str| ServeError::Unauthorized(message.to_owned());
        let header = headers.get(AUTHORIZATION).ok_or_else(|| {
            refused(
                "this server takes requests with a key only: send `Authorization: Tecton-key <key>` or `Bearer <key>`",
            )
        })?;
        let key = header.to_str().ok().and_then(|text| {
            let (scheme, key) = text.trim().split_once(' ')?;
            let known = ["tecton-key", "bearer"]
                .iter()
                .any(|known| scheme.eq_ignore_ascii_case(known));
            known.then_some(key.trim())
        });
        let key =
            key.ok_or_else(|| refused("write `Authorization: Tecton-key <key>` or `Authorization: Bearer <key>`"))?;
        let hash: [u8; 32] = Sha256::digest(key.as_bytes()).into();
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&hash) {
            return Ok(known.clone());
        }
        let _turn = self.looking.acquire().await;
        let (registry, key) = (self.registry.clone(), key.to_owned());
        let found = tokio::task::spawn_blocking(move || registry.find_key(&key)).await;
        let found = found
            .map_err(|error| ServeError::Internal(error.to_string()))??
            .ok_or_else(|| refused("the key is not known, or was removed"))?;
        let found = Known {
            id: found.id,
            may_ingest: found.may_ingest,
        };
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(hash, found.clone());
        Ok(found)
    }
}
