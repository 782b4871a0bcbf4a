use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

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
    looking: Arc<Semaphore>,
    /// When it was last seen which keys there are.
    seen: Mutex<Instant>,
}

/// Keys that are looked for at once: whoever sends many that are none keeps only others waiting that do.
const LOOKING_MAX: usize = 16;
/// How long a request waits for that.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long keys are believed while it cannot be seen whether they were removed.
const BELIEVED: Duration = Duration::from_secs(600);

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
            looking: Arc::new(Semaphore::new(LOOKING_MAX)),
            seen: Mutex::new(Instant::now()),
        }
    }

    /// Forgets keys that were removed; all of them if that could not be seen for long. Waits for files.
    pub(super) fn look(&self) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if self.known.read().unwrap_or_else(PoisonError::into_inner).is_empty() {
            // There is none to believe: how long one is counts from when it is known.
            *seen = Instant::now();
            return;
        }
        let there = match self.registry.key_ids() {
            Ok(there) => {
                *seen = Instant::now();
                there
            }
            Err(error) if seen.elapsed() < BELIEVED => {
                tracing::warn!(%error, "it cannot be seen which keys there are");
                return;
            }
            Err(error) => {
                tracing::error!(%error, "it could not be seen for long which keys there are, and all are refused");
                Vec::new()
            }
        };
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
        let late = |_| ServeError::TimedOut("the registry did not answer in time".to_owned());
        let (registry, key) = (self.registry.clone(), key.to_owned());
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.looking).acquire_owned()).await;
        let turn = turn.map_err(late)?;
        let looking = tokio::task::spawn_blocking(move || {
            // Held until the look is over, whether or not anybody waits.
            let _turn = turn;
            registry.find_key(&key)
        });
        let found = tokio::time::timeout(PATIENCE, looking).await.map_err(late)?;
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
