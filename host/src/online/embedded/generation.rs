use std::path::Path;
use std::sync::{Arc, LazyLock, Weak};

use heed::{EnvFlags, PutFlags, RwTxn};
use sha2::{Digest, Sha256};

use super::environment::{Environment, Items, Opened, Records, Transaction, commit, failed_write, open};
use crate::online::item::{Item, ItemError};
use crate::online::store::{Change, GenerationState, KeyChange, LiveRecord, OnlineError};
use crate::online::view::View;

/// A generation: `items` by key, and in `state` what they are of and how often they were changed.
#[derive(Clone)]
pub(super) struct Generation {
    environment: Arc<Environment>,
    items: Items,
    state: Records,
}

/// LMDB's longest key. Shorter keys are their own; longer ones are all of this length: their beginning, then their digest. So
/// no key of one sort can be one of the other, and the item keeps the key itself.
const KEY_BYTES_MAX: usize = 511;
const DIGEST_BYTES: usize = 32;

static OPENED: LazyLock<Opened<Generation>> = LazyLock::new(Opened::default);

/// Closes the generations below a folder.
pub(super) fn forget(folder: &Path) {
    OPENED.forget(folder);
}

impl AsRef<Environment> for Generation {
    fn as_ref(&self) -> &Environment {
        &self.environment
    }
}

impl Generation {
    /// The complete generation in a folder, none if the folder is not there (any more).
    pub(super) fn open(path: &Path, map_size_bytes: usize, view: &View<'_>) -> Result<Option<Self>, OnlineError> {
        let opened = OPENED.get(path, view, false, false, || {
            let environment = open(path, map_size_bytes, EnvFlags::empty(), view)?;
            let lmdb = |error| view.lmdb(error);
            let transaction = environment.read_txn().map_err(lmdb)?;
            let items = environment.open_database(&transaction, Some("items")).map_err(lmdb)?;
            let state = environment.open_database(&transaction, Some("state")).map_err(lmdb)?;
            transaction.commit().map_err(lmdb)?;
            let incomplete = || view.corrupt(format!("{} was never completed", path.display()));
            Ok(Self {
                environment: Arc::new(environment),
                items: items.ok_or_else(incomplete)?,
                state: state.ok_or_else(incomplete)?,
            })
        });
        // Renamed or deleted between the look and the opening.
        match opened {
            Err(_) if !path.exists() => Ok(None),
            opened => opened,
        }
    }

    /// An empty generation that nobody else knows of.
    pub(super) fn create(path: &Path, map_size_bytes: usize, view: &View<'_>) -> Result<Self, OnlineError> {
        let environment = open(path, map_size_bytes, EnvFlags::NO_SYNC, view)?;
        let mut transaction = environment.write_txn().map_err(|error| view.lmdb(error))?;
        let items = environment.create_database(&mut transaction, Some("items"));
        let items = items.map_err(|error| view.lmdb(error))?;
        let state = environment.create_database(&mut transaction, Some("state"));
        let state = state.map_err(|error| view.lmdb(error))?;
        commit(view, &environment, transaction)?;
        Ok(Self {
            environment: Arc::new(environment),
            items,
            state,
        })
    }

    /// Its environment, for as long as that is open.
    pub(super) fn opening(&self) -> Weak<Environment> {
        Arc::downgrade(&self.environment)
    }

    pub(super) fn into_environment(self) -> Environment {
        Arc::unwrap_or_clone(self.environment)
    }

    pub(super) fn begin(&self, view: &View<'_>) -> Result<RwTxn<'_>, OnlineError> {
        self.environment.write_txn().map_err(|error| view.lmdb(error))
    }

    pub(super) fn commit(&self, view: &View<'_>, transaction: RwTxn<'_>) -> Result<(), OnlineError> {
        commit(view, &self.environment, transaction)
    }

    /// Bytes of its items' pages.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let transaction = self.environment.read_txn().expect("a transaction");
        let found = self.items.stat(&transaction).expect("an environment that is open");
        found.page_size as usize * (found.leaf_pages + found.branch_pages + found.overflow_pages)
    }

    /// Bytes of a page, in which items lie.
    pub(super) fn page_bytes(&self) -> usize {
        self.environment.stat().page_size as usize
    }

    /// Puts an item into a generation that is being built; `last` is the greatest key there, as it is stored. Where this one is
    /// greater it is appended: no place is looked for, and pages are filled to their ends. Tells whether it was.
    pub(super) fn append(
        &self,
        view: &View<'_>,
        transaction: &mut RwTxn<'_>,
        last: &mut Vec<u8>,
        key: &[u8],
        item: &[u8],
    ) -> Result<bool, OnlineError> {
        let stored = stored_key(key);
        let greater = *stored > **last;
        let flags = match greater {
            true => PutFlags::APPEND,
            false => PutFlags::empty(),
        };
        let put = self.items.put_with_flags(transaction, flags, &stored, item);
        put.map_err(|error| failed_write(view, &self.environment, error))?;
        if greater {
            last.clear();
            last.extend_from_slice(&stored);
        }
        Ok(greater)
    }

    /// Its state; a generation that has one is complete.
    pub(super) fn put_state(
        &self,
        view: &View<'_>,
        transaction: &mut RwTxn<'_>,
        state: &GenerationState,
        changes: u64,
    ) -> Result<(), OnlineError> {
        view.check_state(state)?;
        let put = self.state.put(transaction, "state", &view.encode(state)?);
        put.map_err(|error| view.lmdb(error))?;
        let put = self.state.put(transaction, "changes", &changes.to_be_bytes());
        put.map_err(|error| view.lmdb(error))
    }

    /// Applies a change, unless what is there is newer; `commit` is given the commit to do.
    pub(super) fn write(
        &self,
        view: &View<'_>,
        expected: &LiveRecord,
        change: &Change,
        commit: impl FnOnce(&mut dyn FnMut() -> Result<(), OnlineError>) -> Result<(), OnlineError>,
    ) -> Result<(), OnlineError> {
        let Change { puts, deletes, state } = change;
        self.change(view, expected, state, commit, |transaction| {
            deletes.iter().try_for_each(|key| self.delete(view, transaction, key))?;
            puts.iter()
                .try_for_each(|(key, item)| self.put(view, transaction, key, item))
        })
    }

    /// The same for items that come as they are made; the transaction begins with the first one.
    pub(super) fn write_streamed(
        &self,
        view: &View<'_>,
        expected: &LiveRecord,
        items: &mut dyn Iterator<Item = Result<KeyChange, OnlineError>>,
        state: &GenerationState,
        commit: impl FnOnce(&mut dyn FnMut() -> Result<(), OnlineError>) -> Result<(), OnlineError>,
    ) -> Result<(), OnlineError> {
        let first = items.next();
        self.change(view, expected, state, commit, |transaction| {
            first.into_iter().chain(items).try_for_each(|item| match item? {
                (key, Some(item)) => self.put(view, transaction, &key, &item),
                (key, None) => self.delete(view, transaction, &key),
            })
        })
    }

    fn change(
        &self,
        view: &View<'_>,
        expected: &LiveRecord,
        state: &GenerationState,
        commit: impl FnOnce(&mut dyn FnMut() -> Result<(), OnlineError>) -> Result<(), OnlineError>,
        apply: impl FnOnce(&mut RwTxn<'_>) -> Result<(), OnlineError>,
    ) -> Result<(), OnlineError> {
        // Those of processes that were killed keep old pages from being used again.
        let cleared = self.environment.clear_stale_readers();
        cleared.map_err(|error| view.lmdb(error))?;
        let mut transaction = self.begin(view)?;
        let found = self.state(view, &transaction)?;
        view.check_not_older(&found, state)?;
        let changes = self.changes(view, &transaction)?;
        view.check_unchanged(changes, expected)?;
        apply(&mut transaction)?;
        self.put_state(view, &mut transaction, state, changes + 1)?;
        let mut transaction = Some(transaction);
        commit(&mut || match transaction.take() {
            Some(transaction) => self.commit(view, transaction),
            None => Ok(()),
        })
    }

    fn put(&self, view: &View<'_>, transaction: &mut RwTxn<'_>, key: &[u8], item: &Item) -> Result<(), OnlineError> {
        let put = self.items.put(transaction, &stored_key(key), &item.encode(key));
        put.map_err(|error| failed_write(view, &self.environment, error))
    }

    fn delete(&self, view: &View<'_>, transaction: &mut RwTxn<'_>, key: &[u8]) -> Result<(), OnlineError> {
        let deleted = self.items.delete(transaction, &stored_key(key));
        deleted.map(drop).map_err(|error| view.lmdb(error))
    }

    /// What it holds now; later changes are not seen.
    pub(super) fn snapshot<'g>(&'g self, view: &'g View<'g>) -> Result<Snapshot<'g>, OnlineError> {
        let transaction = self.environment.read_txn().map_err(|error| view.lmdb(error))?;
        Ok(Snapshot {
            generation: self,
            view,
            transaction,
        })
    }

    fn state(&self, view: &View<'_>, transaction: &Transaction<'_>) -> Result<GenerationState, OnlineError> {
        let bytes = self.state.get(transaction, "state").map_err(|error| view.lmdb(error))?;
        match bytes {
            Some(bytes) => view.decode(bytes),
            None => Err(view.corrupt("a generation that was never completed".to_owned())),
        }
    }

    fn changes(&self, view: &View<'_>, transaction: &Transaction<'_>) -> Result<u64, OnlineError> {
        let bytes = self.state.get(transaction, "changes");
        let bytes = bytes.map_err(|error| view.lmdb(error))?;
        Ok(bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map_or(0, u64::from_be_bytes))
    }
}

/// A generation at one moment.
pub(super) struct Snapshot<'g> {
    generation: &'g Generation,
    view: &'g View<'g>,
    transaction: Transaction<'g>,
}

impl Snapshot<'_> {
    pub(super) fn state(&self) -> Result<GenerationState, OnlineError> {
        self.generation.state(self.view, &self.transaction)
    }

    /// The number of the last transaction that it sees.
    pub(super) fn transaction(&self) -> usize {
        self.transaction.id()
    }

    /// The live record that names it, with what only the generation knows.
    pub(super) fn record(&self, live: &LiveRecord) -> Result<LiveRecord, OnlineError> {
        let items = self.generation.items.len(&self.transaction);
        Ok(LiveRecord {
            changes: self.generation.changes(self.view, &self.transaction)?,
            items: items.map_err(|error| self.view.lmdb(error))?,
            ..live.clone()
        })
    }

    /// A key's item, and how many bytes it has in the store.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<(Item, usize)>, OnlineError> {
        let stored = stored_key(key);
        let bytes = self.generation.items.get(&self.transaction, &stored);
        let Some(bytes) = bytes.map_err(|error| self.view.lmdb(error))? else {
            return Ok(None);
        };
        let (found, item) = Item::decode(bytes).map_err(|error| self.view.item(key, error))?;
        match found == key {
            true => Ok(Some((item, bytes.len()))),
            // Two long keys of one digest.
            false if key.len() >= KEY_BYTES_MAX => Ok(None),
            false => Err(self.view.item(key, ItemError::Key)),
        }
    }

    /// The keys of items that `wanted` says yes to.
    pub(super) fn keys(&self, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<Vec<u8>>, OnlineError> {
        let mut keys = Vec::new();
        self.each(|key, _| {
            if wanted(&key) {
                keys.push(key);
            }
        })?;
        Ok(keys)
    }

    /// All items, by key; long keys that begin alike in the order of their digests.
    pub(super) fn scan(&self) -> Result<Vec<(Vec<u8>, Item)>, OnlineError> {
        let mut items = Vec::new();
        self.each(|key, item| items.push((key, item)))?;
        Ok(items)
    }

    fn each(&self, mut found: impl FnMut(Vec<u8>, Item)) -> Result<(), OnlineError> {
        let entries = self.generation.items.iter(&self.transaction);
        for entry in entries.map_err(|error| self.view.lmdb(error))? {
            let (stored, bytes) = entry.map_err(|error| self.view.lmdb(error))?;
            let (key, item) = Item::decode(bytes).map_err(|error| self.view.item(stored, error))?;
            if *stored_key(&key) != *stored {
                return Err(self.view.item(stored, ItemError::Key));
            }
            found(key, item);
        }
        Ok(())
    }
}

/// The key as LMDB takes it.
fn stored_key(key: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if !key.is_empty() && key.len() < KEY_BYTES_MAX {
        return key.into();
    }
    let mut stored = key[..key.len().min(KEY_BYTES_MAX - DIGEST_BYTES)].to_vec();
    stored.resize(KEY_BYTES_MAX - DIGEST_BYTES, 0);
    stored.extend(Sha256::digest(key));
    stored.into()
}
