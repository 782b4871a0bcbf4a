//! The embedded store on LMDB: one environment for what is live, one for each generation.
//!
//! Items and the generation's state lie in one environment, so that a small change is one transaction; the live environment
//! names only the version and the generation, so that a switch is one too. Nothing has to be kept equal over two of them.

use std::collections::HashMap;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, PoisonError};

use heed::types::{Bytes, Str};
use heed::{Database, Env, EnvFlags, EnvOpenOptions, MdbError, RoTxn, RwTxn, WithoutTls};
use sha2::{Digest, Sha256};

use super::item::Item;
use super::store::{Change, GenerationState, LiveRecord, OnlineError, OnlineStore, Read};
use crate::time::{Span, Timestamp};
use crate::workspace::Name;

type Environment = Env<WithoutTls>;

/// LMDB in a folder. Several processes may read and write it at once.
pub struct EmbeddedStore {
    root: PathBuf,
    map_size_bytes: usize,
    /// Locks of generations that are built and not yet switched to: a sweep leaves them alone.
    building: Mutex<HashMap<PathBuf, File>>,
}

/// The map of the live environment; a record is some hundred bytes.
const LIVE_MAP_BYTES: usize = 1 << 30;
const READERS_MAX: u32 = 1024;
/// A bulk load commits in pieces of about this many bytes.
const PIECE_BYTES: usize = 64 << 20;
/// LMDB's longest key; longer ones are hashed, and the item keeps the key itself.
const KEY_BYTES_MAX: usize = 511;
/// How often a read starts anew because a generation was dropped while it was looked up.
const TRIES: usize = 16;

/// LMDB must not open one environment twice in a process.
static OPEN: LazyLock<Mutex<HashMap<PathBuf, Environment>>> = LazyLock::new(Mutex::default);

impl EmbeddedStore {
    /// The store in this folder, which is made when it is first written.
    pub fn new(root: &Path, map_size_bytes: u64) -> Self {
        let map_size_bytes = usize::try_from(map_size_bytes).unwrap_or(usize::MAX);
        Self {
            root: root.to_owned(),
            map_size_bytes,
            building: Mutex::default(),
        }
    }

    fn generation_path(&self, name: &Name, generation: u64) -> PathBuf {
        self.root.join(name.path()).join(format!("g{generation}"))
    }

    fn live_environment(&self, view: &View<'_>) -> Result<Option<Environment>, OnlineError> {
        let path = self.root.join("live");
        if !path.join("data.mdb").exists() {
            return Ok(None);
        }
        open(&path, LIVE_MAP_BYTES, view).map(Some)
    }

    fn live_record(&self, view: &View<'_>) -> Result<Option<LiveRecord>, OnlineError> {
        let Some(environment) = self.live_environment(view)? else {
            return Ok(None);
        };
        let transaction = environment.read_txn().map_err(|error| view.lmdb(error))?;
        let Some(live) = view.database::<Str>(&environment, &transaction, "live")? else {
            return Ok(None);
        };
        view.json(live.get(&transaction, &view.key()).map_err(|error| view.lmdb(error))?)
    }

    /// Reads one view at one snapshot of what is live.
    fn read<T>(
        &self,
        view: &View<'_>,
        mut read: impl FnMut(&LiveRecord, &Environment, &RoTxn<'_, WithoutTls>) -> Result<T, OnlineError>,
    ) -> Result<Option<T>, OnlineError> {
        let mut problem = None;
        for _ in 0..TRIES {
            let Some(live) = self.live_record(view)? else {
                return Ok(None);
            };
            let path = self.generation_path(&view.version(live.version), live.generation);
            if !path.join("data.mdb").exists() {
                // Dropped between the two looks: the live record names another one by now, or the store is damaged.
                problem = Some(view.corrupt(format!("the live generation {} is not there", path.display())));
                continue;
            }
            let environment = open(&path, self.map_size_bytes, view)?;
            let transaction = environment.read_txn().map_err(|error| view.lmdb(error))?;
            return read(&live, &environment, &transaction).map(Some);
        }
        match problem {
            Some(problem) => Err(problem),
            None => Ok(None),
        }
    }

    fn generations(&self, name: &Name) -> Vec<u64> {
        let Ok(entries) = std::fs::read_dir(self.root.join(name.path())) else {
            return Vec::new();
        };
        let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.strip_prefix('g')?.parse().ok();
        entries.filter_map(|entry| number(entry.ok()?)).collect()
    }

    fn versions(&self, name: &Name) -> Vec<u32> {
        let folder = self.root.join(name.workspace().as_str()).join(name.view());
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.strip_prefix('v')?.parse().ok();
        entries.filter_map(|entry| number(entry.ok()?)).collect()
    }
}

impl OnlineStore for EmbeddedStore {
    fn get(&self, wanted: &[(Name, Vec<Vec<u8>>)]) -> Result<Vec<Option<Read>>, OnlineError> {
        wanted
            .iter()
            .map(|(name, keys)| {
                let view = View(name);
                self.read(&view, |live, environment, transaction| {
                    let state = view.state(environment, transaction)?;
                    let items = view.items(environment, transaction)?;
                    let items = keys
                        .iter()
                        .map(|key| {
                            let bytes = items
                                .get(transaction, &stored_key(key))
                                .map_err(|error| view.lmdb(error))?;
                            let item = bytes.map(|bytes| view.item(key, bytes)).transpose()?;
                            Ok(item.and_then(|(stored, item)| (stored == *key).then_some(item)))
                        })
                        .collect::<Result<_, OnlineError>>()?;
                    Ok(Read {
                        live: live.clone(),
                        state,
                        items,
                    })
                })
            })
            .collect()
    }

    fn live(&self, name: &Name) -> Result<Option<(LiveRecord, GenerationState)>, OnlineError> {
        let view = View(name);
        self.read(&view, |live, environment, transaction| {
            Ok((live.clone(), view.state(environment, transaction)?))
        })
    }

    fn bulk_load(
        &self,
        name: &Name,
        state: &GenerationState,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<u64, OnlineError> {
        let view = View(name);
        let (generation, path, lock) = self.reserve(&view)?;
        let environment = make(&path, self.map_size_bytes, EnvFlags::NO_SYNC, &view)?;
        let loaded = load(&view, &environment, state, items);
        let synced = loaded.and_then(|()| environment.force_sync().map_err(|error| view.lmdb(error)));
        environment.prepare_for_closing().wait();
        synced?;
        self.building
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(path, lock);
        Ok(generation)
    }

    fn switch(
        &self,
        name: &Name,
        generation: u64,
        expected: Option<&LiveRecord>,
        now: Timestamp,
    ) -> Result<LiveRecord, OnlineError> {
        let view = View(name);
        let path = self.root.join("live");
        std::fs::create_dir_all(&path).map_err(|error| view.io(&error))?;
        let environment = open(&path, LIVE_MAP_BYTES, &view)?;
        let mut transaction = environment.write_txn().map_err(|error| view.lmdb(error))?;
        let live = view.create::<Str>(&environment, &mut transaction, "live")?;
        let retired = view.create::<Str>(&environment, &mut transaction, "retired")?;
        let found: Option<LiveRecord> =
            view.json(live.get(&transaction, &view.key()).map_err(|error| view.lmdb(error))?)?;
        if found.as_ref() != expected {
            return Err(view.conflict(found.as_ref()));
        }
        if let Some(found) = &found {
            let key = format!("{}/{}", view.version(found.version).path(), found.generation);
            let at = now.micros().to_be_bytes();
            retired
                .put(&mut transaction, &key, &at)
                .map_err(|error| view.lmdb(error))?;
        }
        let record = LiveRecord {
            version: name.version(),
            generation,
            switched_at: now,
        };
        let bytes = view.to_json(&record)?;
        live.put(&mut transaction, &view.key(), &bytes)
            .map_err(|error| view.lmdb(error))?;
        transaction.commit().map_err(|error| view.lmdb(error))?;
        let path = self.generation_path(name, generation);
        self.building
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&path);
        Ok(record)
    }

    fn write(&self, name: &Name, expected: &LiveRecord, change: &Change) -> Result<(), OnlineError> {
        let view = View(name);
        let found = self.live_record(&view)?;
        if found.as_ref() != Some(expected) {
            return Err(view.conflict(found.as_ref()));
        }
        let environment = open(
            &self.generation_path(&view.version(expected.version), expected.generation),
            self.map_size_bytes,
            &view,
        )?;
        let mut transaction = environment.write_txn().map_err(|error| view.lmdb(error))?;
        let state = view.state(&environment, &transaction)?;
        if state.offline_version > change.state.offline_version {
            let message = format!(
                "it holds what version {} of the offline table has, this change is of version {}",
                state.offline_version, change.state.offline_version
            );
            return Err(OnlineError::Conflict {
                view: view.label(),
                message,
            });
        }
        let items = view.create::<Bytes>(&environment, &mut transaction, "items")?;
        for key in &change.deletes {
            items
                .delete(&mut transaction, &stored_key(key))
                .map_err(|error| view.lmdb(error))?;
        }
        for (key, item) in &change.puts {
            items
                .put(&mut transaction, &stored_key(key), &item.encode(key))
                .map_err(|error| view.lmdb(error))?;
        }
        view.put_state(&environment, &mut transaction, &change.state)?;
        transaction.commit().map_err(|error| view.lmdb(error))
    }

    fn sweep(&self, name: &Name, grace: Span, now: Timestamp) -> Result<usize, OnlineError> {
        let view = View(name);
        let live = self.live_record(&view)?;
        let mut swept = 0;
        for version in self.versions(name) {
            let version = view.version(version);
            for generation in self.generations(&version) {
                if live
                    .as_ref()
                    .is_some_and(|live| (live.version, live.generation) == (version.version(), generation))
                {
                    continue;
                }
                let retired = self.retired_at(&view, &version, generation)?;
                if retired.is_some_and(|at| at.saturating_add(grace) > now) {
                    continue;
                }
                let path = self.generation_path(&version, generation);
                // Somebody is building it, or is about to switch to what they built.
                let Ok(lock) = File::create(path.join("building")) else {
                    continue;
                };
                if !matches!(lock.try_lock(), Ok(())) {
                    continue;
                }
                if let Some(environment) = OPEN.lock().unwrap_or_else(PoisonError::into_inner).remove(&path) {
                    drop(environment.prepare_for_closing());
                }
                std::fs::remove_dir_all(&path).map_err(|error| view.io(&error))?;
                swept += 1;
            }
        }
        Ok(swept)
    }

    fn scan(&self, name: &Name) -> Result<Vec<(Vec<u8>, Item)>, OnlineError> {
        let view = View(name);
        let all = self.read(&view, |_, environment, transaction| {
            let items = view.items(environment, transaction)?;
            let iterator = items.iter(transaction).map_err(|error| view.lmdb(error))?;
            iterator
                .map(|entry| {
                    let (key, bytes) = entry.map_err(|error| view.lmdb(error))?;
                    view.item(key, bytes)
                })
                .collect::<Result<Vec<_>, _>>()
        })?;
        Ok(all.unwrap_or_default())
    }
}

impl EmbeddedStore {
    /// A folder for a new generation, with its lock, which is held as long as it is built.
    fn reserve(&self, view: &View<'_>) -> Result<(u64, PathBuf, File), OnlineError> {
        let folder = self.root.join(view.0.path());
        std::fs::create_dir_all(&folder).map_err(|error| view.io(&error))?;
        loop {
            let generation = self.generations(view.0).into_iter().max().unwrap_or(0) + 1;
            let path = self.generation_path(view.0, generation);
            match std::fs::create_dir(&path) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(view.io(&error)),
            }
            let lock = File::create(path.join("building")).map_err(|error| view.io(&error))?;
            match lock.try_lock() {
                Ok(()) => return Ok((generation, path, lock)),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(error)) => return Err(view.io(&error)),
            }
        }
    }

    fn retired_at(&self, view: &View<'_>, version: &Name, generation: u64) -> Result<Option<Timestamp>, OnlineError> {
        let Some(environment) = self.live_environment(view)? else {
            return Ok(None);
        };
        let transaction = environment.read_txn().map_err(|error| view.lmdb(error))?;
        let Some(retired) = view.database::<Str>(&environment, &transaction, "retired")? else {
            return Ok(None);
        };
        let key = format!("{}/{generation}", version.path());
        let bytes = retired.get(&transaction, &key).map_err(|error| view.lmdb(error))?;
        let micros = bytes.and_then(|bytes| bytes.try_into().ok()).map(i64::from_be_bytes);
        Ok(micros.map(Timestamp::from_micros))
    }
}

fn load(
    view: &View<'_>,
    environment: &Environment,
    state: &GenerationState,
    items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
) -> Result<(), OnlineError> {
    let mut transaction = environment.write_txn().map_err(|error| view.lmdb(error))?;
    let database = view.create::<Bytes>(environment, &mut transaction, "items")?;
    let mut piece = 0;
    for item in items {
        let (key, item) = item?;
        let bytes = item.encode(&key);
        piece += key.len() + bytes.len();
        database
            .put(&mut transaction, &stored_key(&key), &bytes)
            .map_err(|error| view.lmdb(error))?;
        if piece > PIECE_BYTES {
            transaction.commit().map_err(|error| view.lmdb(error))?;
            transaction = environment.write_txn().map_err(|error| view.lmdb(error))?;
            piece = 0;
        }
    }
    view.put_state(environment, &mut transaction, state)?;
    transaction.commit().map_err(|error| view.lmdb(error))
}

/// The key as LMDB takes it.
fn stored_key(key: &[u8]) -> Vec<u8> {
    if key.is_empty() || key.len() > KEY_BYTES_MAX {
        Sha256::digest(key).to_vec()
    } else {
        key.to_vec()
    }
}

fn open(path: &Path, map_size_bytes: usize, view: &View<'_>) -> Result<Environment, OnlineError> {
    let mut opened = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = opened.get(path) {
        return Ok(environment.clone());
    }
    let environment = make(path, map_size_bytes, EnvFlags::empty(), view)?;
    environment.clear_stale_readers().map_err(|error| view.lmdb(error))?;
    opened.insert(path.to_owned(), environment.clone());
    Ok(environment)
}

#[expect(unsafe_code, reason = "LMDB maps a file into memory, which Rust cannot watch")]
fn make(path: &Path, map_size_bytes: usize, flags: EnvFlags, view: &View<'_>) -> Result<Environment, OnlineError> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(map_size_bytes).max_readers(READERS_MAX).max_dbs(4);
    // SAFETY: nothing but this module and LMDB writes to the files, and `OPEN` keeps an environment from being opened twice
    // in this process. NO_SYNC is for generations that nobody reads before they are synced.
    unsafe { options.flags(flags).open(path) }.map_err(|error| view.lmdb(error))
}

/// A view, for its keys and its errors.
struct View<'a>(&'a Name);

impl View<'_> {
    fn label(&self) -> String {
        format!("{}.{}", self.0.workspace(), self.0.view())
    }

    fn key(&self) -> String {
        format!("{}/{}", self.0.workspace(), self.0.view())
    }

    fn version(&self, version: u32) -> Name {
        Name::new(self.0.workspace(), self.0.view(), version)
    }

    fn lmdb(&self, error: heed::Error) -> OnlineError {
        match error {
            heed::Error::Mdb(MdbError::MapFull) => OnlineError::Full { view: self.label() },
            heed::Error::Mdb(MdbError::Corrupted | MdbError::PageNotFound | MdbError::Invalid) => {
                self.corrupt(error.to_string())
            }
            error => OnlineError::Unavailable {
                view: self.label(),
                message: error.to_string(),
            },
        }
    }

    fn io(&self, error: &std::io::Error) -> OnlineError {
        OnlineError::Unavailable {
            view: self.label(),
            message: error.to_string(),
        }
    }

    fn corrupt(&self, message: String) -> OnlineError {
        OnlineError::Corrupt {
            view: self.label(),
            message,
        }
    }

    fn conflict(&self, found: Option<&LiveRecord>) -> OnlineError {
        let message = match found {
            Some(found) => format!(
                "somebody else has made version {}, generation {} live",
                found.version, found.generation
            ),
            None => "somebody else has removed what was live".to_owned(),
        };
        OnlineError::Conflict {
            view: self.label(),
            message,
        }
    }

    fn item(&self, key: &[u8], bytes: &[u8]) -> Result<(Vec<u8>, Item), OnlineError> {
        Item::decode(bytes).map_err(|error| {
            let key = key.iter().map(|byte| format!("{byte:02x}")).collect();
            OnlineError::Item {
                view: self.label(),
                key,
                error,
            }
        })
    }

    fn database<K: 'static>(
        &self,
        environment: &Environment,
        transaction: &RoTxn<'_, WithoutTls>,
        name: &str,
    ) -> Result<Option<Database<K, Bytes>>, OnlineError> {
        environment
            .open_database(transaction, Some(name))
            .map_err(|error| self.lmdb(error))
    }

    fn create<K: 'static>(
        &self,
        environment: &Environment,
        transaction: &mut RwTxn<'_>,
        name: &str,
    ) -> Result<Database<K, Bytes>, OnlineError> {
        environment
            .create_database(transaction, Some(name))
            .map_err(|error| self.lmdb(error))
    }

    fn items(
        &self,
        environment: &Environment,
        transaction: &RoTxn<'_, WithoutTls>,
    ) -> Result<Database<Bytes, Bytes>, OnlineError> {
        self.database(environment, transaction, "items")?
            .ok_or_else(|| self.corrupt("a generation without items".to_owned()))
    }

    fn state(
        &self,
        environment: &Environment,
        transaction: &RoTxn<'_, WithoutTls>,
    ) -> Result<GenerationState, OnlineError> {
        let missing = || self.corrupt("a generation that was never completed is live".to_owned());
        let database = self
            .database::<Str>(environment, transaction, "state")?
            .ok_or_else(missing)?;
        let bytes = database.get(transaction, "state").map_err(|error| self.lmdb(error))?;
        self.json(bytes)?.ok_or_else(missing)
    }

    fn put_state(
        &self,
        environment: &Environment,
        transaction: &mut RwTxn<'_>,
        state: &GenerationState,
    ) -> Result<(), OnlineError> {
        let database = self.create::<Str>(environment, transaction, "state")?;
        database
            .put(transaction, "state", &self.to_json(state)?)
            .map_err(|error| self.lmdb(error))
    }

    fn json<T: serde::de::DeserializeOwned>(&self, bytes: Option<&[u8]>) -> Result<Option<T>, OnlineError> {
        bytes
            .map(|bytes| serde_json::from_slice(bytes).map_err(|error| self.corrupt(error.to_string())))
            .transpose()
    }

    fn to_json<T: serde::Serialize>(&self, value: &T) -> Result<Vec<u8>, OnlineError> {
        serde_json::to_vec(value).map_err(|error| self.corrupt(error.to_string()))
    }
}

#[cfg(test)]
mod tests;
