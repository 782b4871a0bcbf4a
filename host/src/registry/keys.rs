//! API keys of a workspace: each a file with the key's hash, so that what is stored opens nothing.

use std::collections::BTreeMap;

use sandglass_runtime::{Digest, hex};
use serde::{Deserialize, Serialize};

use super::{Registry, RegistryError};
use crate::storage::Place;
use crate::time::Timestamp;

/// What keys begin with.
const PREFIX: &str = "sg_";
/// Bytes of a key's number and of its secret; both are written in hexadecimal.
const ID_BYTES: usize = 8;
const SECRET_BYTES: usize = 32;

/// What is kept of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its number, which is a part of the key.
    pub id: String,
    /// For people.
    pub name: String,
    /// SHA-256 of the key, in hexadecimal. The key has 256 random bits, so a slow hash would add nothing.
    pub hash: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it also brings rows into feature tables.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_ingest: bool,
}

impl Registry {
    /// Makes a key; what is returned beside it is the key itself, which is kept nowhere.
    pub fn create_key(&self, name: &str, may_ingest: bool, now: Timestamp) -> Result<(ApiKey, String), RegistryError> {
        let mut random = [0; ID_BYTES + SECRET_BYTES];
        getrandom::fill(&mut random).map_err(RegistryError::Random)?;
        let (id, secret) = random.split_at(ID_BYTES);
        let id = hex(id);
        let key = format!("{PREFIX}{id}_{}", hex(secret));
        let record = ApiKey {
            name: name.to_owned(),
            hash: hash(&key),
            created_at: now,
            may_ingest,
            id,
        };
        let place = self.key_place(&record.id);
        let bytes = serde_json::to_vec_pretty(&record).map_err(|error| RegistryError::Corrupt {
            place: place.clone(),
            problem: error.to_string(),
        })?;
        place.create(&bytes)?;
        Ok((record, key))
    }

    /// The numbers of all keys.
    pub fn key_ids(&self) -> Result<Vec<String>, RegistryError> {
        let names = self.keys_folder().names()?.into_iter();
        let ids = names.filter_map(|name| name.strip_suffix(".json").map(str::to_owned));
        Ok(ids.filter(|id| is_id(id)).collect())
    }

    /// All keys by their numbers.
    pub fn keys(&self) -> Result<BTreeMap<String, ApiKey>, RegistryError> {
        let ids = self.key_ids()?;
        let mut keys = BTreeMap::new();
        for id in ids {
            // One that was removed meanwhile is none.
            if let Some(key) = self.key(&id)? {
                keys.insert(id, key);
            }
        }
        Ok(keys)
    }

    /// The record of a key, if it is one of this workspace.
    pub fn find_key(&self, key: &str) -> Result<Option<ApiKey>, RegistryError> {
        let Some(id) = id_of(key) else { return Ok(None) };
        // The hash has all of the key's bits, so how long a comparison takes tells nothing of use.
        Ok(self.key(id)?.filter(|record| record.hash == hash(key)))
    }

    /// Removes a key; tells whether it was there.
    pub fn remove_key(&self, id: &str) -> Result<bool, RegistryError> {
        if !is_id(id) {
            return Ok(false);
        }
        Ok(self.key_place(id).remove()?)
    }

    /// What is kept of a key by its number.
    pub(crate) fn key(&self, id: &str) -> Result<Option<ApiKey>, RegistryError> {
        let place = self.key_place(id);
        let Some(bytes) = place.read()? else { return Ok(None) };
        let record = serde_json::from_slice(&bytes).map_err(|error| RegistryError::Corrupt {
            place,
            problem: error.to_string(),
        })?;
        Ok(Some(record))
    }

    fn keys_folder(&self) -> Place {
        self.folder.join("keys")
    }

    fn key_place(&self, id: &str) -> Place {
        self.keys_folder().join(&format!("{id}.json"))
    }
}

/// The number in a key.
fn id_of(key: &str) -> Option<&str> {
    let (id, secret) = key.strip_prefix(PREFIX)?.split_once('_')?;
    (is_id(id) && secret.len() == 2 * SECRET_BYTES).then_some(id)
}

fn is_id(id: &str) -> bool {
    id.len() == 2 * ID_BYTES && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn hash(key: &str) -> String {
    Digest::of(key.as_bytes()).hex().to_owned()
}
