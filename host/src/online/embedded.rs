//! The embedded store on LMDB: one environment for what is live, one for each generation. Several processes may read and
//! write it at once.
//!
//! Below the store's folder lie `live/` and `<workspace>/<view>/v<N>/g<M>/`. The law kept here: what is read together was
//! written together, whatever is killed when. There is no transaction over two environments, so nothing is kept in two:
//! items and the generation's state (`through`, the offline version) lie in the generation, and a small change is one
//! transaction there; `live/` names the version and the generation only, and a switch is one transaction there.
//!
//! What must not happen between a look at the live record and an action on it, happens under the write lock of `live/`, which
//! holds over processes: a small change is committed, a generation is switched to, reserved or doomed under it. Whoever holds
//! a generation's write lock may take that of `live/`, never the other way round.
//!
//! A process that is killed within a commit may leave it done but not yet told: it is seen when the next one writes. So what is
//! planned is compared with what is found under the lock, and not with what was read before. For the same reason a reader may see
//! a commit a moment before it is told, and the one before it once more: LMDB writes its head first and announces it after it is
//! durable, and a reader that is held up between reading the announcement and the head finds the newer one.

mod environment;
mod generation;
mod live;
mod load;
mod memory;
mod sweep;

#[cfg(test)]
mod laws;

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use self::environment::exists;
use self::generation::Generation;
use self::live::Live;
use self::memory::Memory;
use super::item::Item;
use super::store::{CacheCounts, Change, GenerationState, KeyChange, LiveRecord, Load, OnlineError, OnlineStore, Read};
use super::view::View;
use crate::time::{Span, Timestamp};
use crate::workspace::Name;

/// LMDB in a folder. Several processes may read and write it at once.
pub struct EmbeddedStore {
    folder: PathBuf,
    /// The folder without links and detours, once it is there: one environment must not be opened by two paths.
    root: OnceLock<PathBuf>,
    map_size_bytes: usize,
    /// Locks of generations that are built and not yet switched to: a sweep leaves them alone.
    building: Mutex<HashMap<PathBuf, File>>,
    memory: Memory,
}

/// A view's live generation.
struct Found<'a> {
    view: &'a View<'a>,
    /// Where it says that it is live, and the last transaction that was seen there.
    live: (&'a Live, usize),
    record: &'a LiveRecord,
    generation: &'a Generation,
}

/// How often a read starts anew because a generation was dropped while it was looked up.
const TRIES: usize = 16;

impl EmbeddedStore {
    /// The store in this folder, which is made when it is first written. `map_size_bytes` bounds one generation, and has to be
    /// the same in all processes that use the store.
    pub fn new(root: &Path, map_size_bytes: u64) -> Self {
        Self {
            folder: root.to_owned(),
            root: OnceLock::new(),
            map_size_bytes: usize::try_from(map_size_bytes).unwrap_or(usize::MAX),
            building: Mutex::default(),
            memory: Memory::new(0),
        }
    }

    /// The same, which keeps decoded items of so many bytes in memory.
    pub fn with_cache(self, cache_bytes: u64) -> Self {
        Self {
            memory: Memory::new(cache_bytes),
            ..self
        }
    }

    fn root(&self) -> &Path {
        if let Some(root) = self.root.get() {
            return root;
        }
        match self.folder.canonicalize() {
            Ok(root) => self.root.get_or_init(|| root),
            Err(_) => &self.folder,
        }
    }

    fn path(&self, name: &Name, generation: u64) -> PathBuf {
        self.root().join(name.path()).join(format!("g{generation}"))
    }

    fn generation(&self, view: &View<'_>, live: &LiveRecord) -> Result<Option<Generation>, OnlineError> {
        let path = self.path(&view.version(live.version), live.generation);
        Generation::open(&path, self.map_size_bytes, view)
    }

    /// Reads views, all at one snapshot of what is live, and each at one snapshot of its generation.
    fn read<T>(
        &self,
        names: &[&Name],
        mut read: impl FnMut(usize, Found<'_>) -> Result<T, OnlineError>,
    ) -> Result<Vec<Option<T>>, OnlineError> {
        let Some(first) = names.first() else {
            return Ok(Vec::new());
        };
        let mut missing = None;
        'anew: for _ in 0..TRIES {
            let Some(live) = Live::open(self.root(), &View(first))? else {
                return Ok(names.iter().map(|_| None).collect());
            };
            let mut answers = Vec::with_capacity(names.len());
            let (records, transaction) = live.records(names)?;
            for (index, record) in records.into_iter().enumerate() {
                let view = View(names[index]);
                let Some(record) = record else {
                    self.memory.forget(names[index]);
                    answers.push(None);
                    continue;
                };
                let Some(generation) = self.generation(&view, &record)? else {
                    // Dropped between the two looks: by now another one is live, or the store is damaged.
                    let path = self.path(&view.version(record.version), record.generation);
                    missing = Some(view.missing(&path));
                    continue 'anew;
                };
                let found = Found {
                    view: &view,
                    live: (&live, transaction),
                    record: &record,
                    generation: &generation,
                };
                answers.push(Some(read(index, found)?));
            }
            return Ok(answers);
        }
        Err(missing.unwrap_or_else(|| View(first).unavailable("nothing was read".to_owned())))
    }

    fn read_one<T>(
        &self,
        name: &Name,
        mut read: impl FnMut(Found<'_>) -> Result<T, OnlineError>,
    ) -> Result<Option<T>, OnlineError> {
        let answers = self.read(&[name], |_, found| read(found))?;
        Ok(answers.into_iter().flatten().next())
    }

    /// What is live, and its generation; a conflict if that is not the expected one.
    fn changing(&self, view: &View<'_>, expected: &LiveRecord) -> Result<(Live, Generation), OnlineError> {
        let Some(live) = Live::open(self.root(), view)? else {
            return Err(view.conflict(None));
        };
        let Some(generation) = self.generation(view, expected)? else {
            let (found, _) = live.records(&[view.0])?;
            let found = found.into_iter().flatten().next();
            return Err(view.conflict(found.as_ref()));
        };
        Ok((live, generation))
    }

    fn release(&self, path: &Path) -> Option<File> {
        self.building
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(path)
    }
}

impl OnlineStore for EmbeddedStore {
    fn get(&self, wanted: &[(Name, Vec<Vec<u8>>)]) -> Result<Vec<Option<Read>>, OnlineError> {
        let names: Vec<&Name> = wanted.iter().map(|(name, _)| name).collect();
        self.read(&names, |index, found| {
            let (name, keys) = &wanted[index];
            let snapshot = found.generation.snapshot(found.view)?;
            let known = (self.memory).known(name, found.live, found.generation, &snapshot, found.record)?;
            let items = keys.iter().map(|key| self.memory.item(&known, &snapshot, key));
            Ok(Read {
                live: known.record.clone(),
                state: Arc::clone(&known.state),
                items: items.collect::<Result<_, _>>()?,
            })
        })
    }

    fn get_cached(&self, wanted: &[(&Name, &[Vec<u8>])]) -> Option<Vec<Read>> {
        self.memory.get(wanted)
    }

    fn cache_counts(&self) -> CacheCounts {
        self.memory.counts()
    }

    fn live(&self, name: &Name) -> Result<Option<(LiveRecord, GenerationState)>, OnlineError> {
        let found = self.read_one(name, |found| {
            let snapshot = found.generation.snapshot(found.view)?;
            Ok((snapshot.record(found.record)?, snapshot.state()?))
        });
        match found {
            // Somebody deleted the view's folder, as the hint says: it is built anew.
            Err(OnlineError::Missing { .. }) => Ok(None),
            found => found,
        }
    }

    fn load(
        &self,
        load: &Load<'_>,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<u64, OnlineError> {
        let view = View(load.name);
        let reserved = self.reserve(&view)?;
        let loaded = load::load(
            &view,
            self.root(),
            &reserved.path,
            self.map_size_bytes,
            load.state,
            items,
        );
        if let Err(error) = loaded {
            // If this fails too, the lock is let go of, and the next sweep drops it.
            let _ = sweep::discard(self.root(), &view, reserved.generation);
            return Err(error);
        }
        self.building
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(reserved.path, reserved.lock);
        Ok(reserved.generation)
    }

    fn switch(
        &self,
        name: &Name,
        generation: u64,
        expected: Option<&LiveRecord>,
        now: Timestamp,
    ) -> Result<LiveRecord, OnlineError> {
        let view = View(name);
        let path = self.path(name, generation);
        // Held until the switch is done; if it is refused, the generation is given up.
        let _lock = self.release(&path);
        let Some(built) = Generation::open(&path, self.map_size_bytes, &view)? else {
            return Err(view.invalid(format!(
                "there is no generation {generation} of version {} to switch to",
                name.version()
            )));
        };
        let snapshot = built.snapshot(&view)?;
        // Without a state it was never completed.
        snapshot.state()?;
        let record = snapshot.record(&LiveRecord {
            version: name.version(),
            generation,
            switched_at: now,
            changes: 0,
            items: 0,
            cut_off: false,
        })?;
        Live::create(self.root(), &view)?.locked(&view, |locked| {
            let old = locked.record()?;
            // Changes of it are committed under the lock that is held here, so its count of them stands.
            let found = match &old {
                Some(old) => match self.generation(&view, old)? {
                    Some(generation) => Some(generation.snapshot(&view)?.record(old)?),
                    None => None,
                },
                None => None,
            };
            if found.as_ref() != expected {
                return Err(view.conflict(found.as_ref()));
            }
            if !exists(&path) {
                return Err(view.missing(&path));
            }
            locked.switch(old.as_ref(), &record)
        })?;
        Ok(record)
    }

    fn take_down(&self, name: &Name, expected: &LiveRecord, now: Timestamp) -> Result<(), OnlineError> {
        let view = View(name);
        let Some(live) = Live::open(self.root(), &view)? else {
            return Err(view.conflict(None));
        };
        live.locked(&view, |locked| {
            let old = locked.record()?;
            match &old {
                Some(old) if (old.version, old.generation) == (expected.version, expected.generation) => {
                    locked.take_down(old, now)
                }
                _ => Err(view.conflict(old.as_ref())),
            }
        })
    }

    fn write(&self, name: &Name, expected: &LiveRecord, change: &Change) -> Result<(), OnlineError> {
        let view = View(name);
        let (live, generation) = self.changing(&view, expected)?;
        generation.write(&view, expected, change, |commit| live.if_still(&view, expected, commit))
    }

    fn write_streamed(
        &self,
        name: &Name,
        expected: &LiveRecord,
        items: &mut dyn Iterator<Item = Result<KeyChange, OnlineError>>,
        state: &GenerationState,
    ) -> Result<(), OnlineError> {
        let view = View(name);
        let (live, generation) = self.changing(&view, expected)?;
        generation.write_streamed(&view, expected, items, state, |commit| {
            live.if_still(&view, expected, commit)
        })
    }

    fn sweep(&self, name: &Name, grace: Span, now: Timestamp) -> Result<usize, OnlineError> {
        sweep::sweep(self.root(), &View(name), grace, now)
    }

    fn keys(&self, name: &Name, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<Vec<u8>>, OnlineError> {
        let keys = self.read_one(name, |found| found.generation.snapshot(found.view)?.keys(wanted))?;
        Ok(keys.unwrap_or_default())
    }

    fn scan(&self, name: &Name) -> Result<Vec<(Vec<u8>, Item)>, OnlineError> {
        let all = self.read_one(name, |found| found.generation.snapshot(found.view)?.scan())?;
        Ok(all.unwrap_or_default())
    }
}
