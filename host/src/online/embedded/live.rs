use std::path::Path;
use std::sync::{Arc, LazyLock, Weak};

use heed::{EnvFlags, RwTxn};

use super::environment::{Environment, Opened, Records, commit, exists, open};
use super::generation;
use super::load::sync_folders;
use crate::online::store::{LiveRecord, OnlineError};
use crate::online::view::View;
use crate::time::Timestamp;
use crate::workspace::Name;

/// The environment that says what is live: `live` has a record for each view, `retired` when a generation was switched away
/// from, `numbers` the last generation of each view's version, so that no number is ever given twice.
#[derive(Clone)]
pub(super) struct Live {
    environment: Arc<Environment>,
    live: Records,
    retired: Records,
    numbers: Records,
}

/// A record is some hundred bytes.
const MAP_BYTES: usize = 1 << 30;

static OPENED: LazyLock<Opened<Live>> = LazyLock::new(Opened::default);

/// Closes the live environment of a store.
#[cfg(test)]
pub(super) fn forget(root: &Path) {
    OPENED.forget(root);
}

impl AsRef<Environment> for Live {
    fn as_ref(&self) -> &Environment {
        &self.environment
    }
}

impl Live {
    /// The store's, none if nothing was ever written.
    pub(super) fn open(root: &Path, view: &View<'_>) -> Result<Option<Self>, OnlineError> {
        OPENED.get(&root.join("live"), view, true, false, || Self::load(root, view))
    }

    /// The store's, which is made if there is none.
    pub(super) fn create(root: &Path, view: &View<'_>) -> Result<Self, OnlineError> {
        let path = root.join("live");
        let made = !exists(&path);
        std::fs::create_dir_all(&path).map_err(|error| view.io(&error))?;
        let live = OPENED.get(&path, view, true, true, || Self::load(root, view))?;
        if made {
            sync_folders(&path, root).map_err(|error| view.io(&error))?;
        }
        live.ok_or_else(|| view.unavailable(format!("{} was deleted", path.display())))
    }

    fn load(root: &Path, view: &View<'_>) -> Result<Self, OnlineError> {
        // It is another store than the one whose generations are open, if any are.
        generation::forget(root);
        let environment = open(&root.join("live"), MAP_BYTES, EnvFlags::empty(), view)?;
        let lmdb = |error| view.lmdb(error);
        let transaction = environment.read_txn().map_err(lmdb)?;
        let find = |name| environment.open_database(&transaction, Some(name)).map_err(lmdb);
        let found = (find("live")?, find("retired")?, find("numbers")?);
        transaction.commit().map_err(lmdb)?;
        let (live, retired, numbers) = match found {
            (Some(live), Some(retired), Some(numbers)) => (live, retired, numbers),
            _ => {
                let mut transaction = environment.write_txn().map_err(lmdb)?;
                let mut create = |name| environment.create_database(&mut transaction, Some(name)).map_err(lmdb);
                let databases = (create("live")?, create("retired")?, create("numbers")?);
                commit(view, &environment, transaction)?;
                databases
            }
        };
        Ok(Self {
            environment: Arc::new(environment),
            live,
            retired,
            numbers,
        })
    }

    /// Its environment, for as long as that is open.
    pub(super) fn opening(&self) -> Weak<Environment> {
        Arc::downgrade(&self.environment)
    }

    /// What is live of views, at one snapshot, and the number of the last transaction that it sees.
    pub(super) fn records(&self, names: &[&Name]) -> Result<(Vec<Option<LiveRecord>>, usize), OnlineError> {
        let Some(first) = names.first() else {
            return Ok((Vec::new(), 0));
        };
        let transaction = self.environment.read_txn().map_err(|error| View(first).lmdb(error))?;
        let records = names
            .iter()
            .map(|name| {
                let view = View(name);
                let bytes = self.live.get(&transaction, &view.key());
                bytes
                    .map_err(|error| view.lmdb(error))?
                    .map(|bytes| view.decode(bytes))
                    .transpose()
            })
            .collect::<Result<_, _>>()?;
        Ok((records, transaction.id()))
    }

    /// Acts while the live record is `expected` and cannot be changed. Its count of changes is not looked at.
    pub(super) fn if_still<T>(
        &self,
        view: &View<'_>,
        expected: &LiveRecord,
        act: impl FnOnce() -> Result<T, OnlineError>,
    ) -> Result<T, OnlineError> {
        let transaction = self.environment.write_txn().map_err(|error| view.lmdb(error))?;
        let locked = Locked {
            live: self,
            view,
            transaction,
        };
        let found = locked.record()?;
        let same = |found: &LiveRecord| {
            (found.version, found.generation, found.switched_at)
                == (expected.version, expected.generation, expected.switched_at)
        };
        if !found.as_ref().is_some_and(same) {
            return Err(view.conflict(found.as_ref()));
        }
        // The transaction is aborted: it is only there to lock.
        act()
    }

    /// Acts while no other process can change what is live, and changes nothing there.
    pub(super) fn held<T>(&self, view: &View<'_>, act: impl FnOnce() -> T) -> Result<T, OnlineError> {
        let _transaction = self.environment.write_txn().map_err(|error| view.lmdb(error))?;
        Ok(act())
    }

    /// Acts in one transaction, while no other process can change what is live.
    pub(super) fn locked<T>(
        &self,
        view: &View<'_>,
        act: impl FnOnce(&mut Locked<'_, '_>) -> Result<T, OnlineError>,
    ) -> Result<T, OnlineError> {
        let transaction = self.environment.write_txn().map_err(|error| view.lmdb(error))?;
        let mut locked = Locked {
            live: self,
            view,
            transaction,
        };
        let done = act(&mut locked)?;
        commit(view, &self.environment, locked.transaction)?;
        Ok(done)
    }
}

/// A view in the live environment, while nobody else can change it.
pub(super) struct Locked<'a, 'v> {
    live: &'a Live,
    view: &'a View<'v>,
    transaction: RwTxn<'a>,
}

impl Locked<'_, '_> {
    pub(super) fn record(&self) -> Result<Option<LiveRecord>, OnlineError> {
        let bytes = self.live.live.get(&self.transaction, &self.view.key());
        bytes
            .map_err(|error| self.view.lmdb(error))?
            .map(|bytes| self.view.decode(bytes))
            .transpose()
    }

    /// When a generation was switched away from.
    pub(super) fn retired_at(&self, name: &Name, generation: u64) -> Result<Option<Timestamp>, OnlineError> {
        Ok(self
            .number(self.live.retired, &retired_key(name, generation))?
            .map(|bytes| Timestamp::from_micros(i64::from_be_bytes(bytes))))
    }

    /// Switches to a record's generation, and retires the one that was live.
    pub(super) fn switch(&mut self, old: Option<&LiveRecord>, new: &LiveRecord) -> Result<(), OnlineError> {
        let live = self.live;
        if let Some(old) = old {
            let key = retired_key(&self.view.version(old.version), old.generation);
            let at = new.switched_at.micros().to_be_bytes();
            let put = live.retired.put(&mut self.transaction, &key, &at);
            put.map_err(|error| self.view.lmdb(error))?;
        }
        self.forget(&self.view.version(new.version), new.generation)?;
        let bytes = self.view.encode(new)?;
        let put = live.live.put(&mut self.transaction, &self.view.key(), &bytes);
        put.map_err(|error| self.view.lmdb(error))
    }

    /// Retires what was live, and nothing takes its place.
    pub(super) fn take_down(&mut self, old: &LiveRecord, at: Timestamp) -> Result<(), OnlineError> {
        let key = retired_key(&self.view.version(old.version), old.generation);
        let put = self
            .live
            .retired
            .put(&mut self.transaction, &key, &at.micros().to_be_bytes());
        put.map_err(|error| self.view.lmdb(error))?;
        let deleted = self.live.live.delete(&mut self.transaction, &self.view.key());
        deleted.map(drop).map_err(|error| self.view.lmdb(error))
    }

    /// Forgets that a generation was switched away from.
    pub(super) fn forget(&mut self, name: &Name, generation: u64) -> Result<(), OnlineError> {
        let key = retired_key(name, generation);
        let deleted = self.live.retired.delete(&mut self.transaction, &key);
        deleted.map(drop).map_err(|error| self.view.lmdb(error))
    }

    /// A number greater than all given before, and than `at_least`.
    pub(super) fn next_number(&mut self, at_least: u64) -> Result<u64, OnlineError> {
        let key = self.view.0.path();
        let last = self.number(self.live.numbers, &key)?.map_or(0, u64::from_be_bytes);
        let next = last.max(at_least) + 1;
        let put = self.live.numbers.put(&mut self.transaction, &key, &next.to_be_bytes());
        put.map_err(|error| self.view.lmdb(error))?;
        Ok(next)
    }

    fn number(&self, records: Records, key: &str) -> Result<Option<[u8; 8]>, OnlineError> {
        let bytes = records.get(&self.transaction, key);
        let bytes = bytes.map_err(|error| self.view.lmdb(error))?;
        Ok(bytes.and_then(|bytes| bytes.try_into().ok()))
    }
}

fn retired_key(name: &Name, generation: u64) -> String {
    format!("{}/{generation}", name.path())
}
