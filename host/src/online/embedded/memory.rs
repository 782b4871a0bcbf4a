//! What reads keep in memory: of each view what is live, and decoded items within a bound. All of it is known by transactions:
//! an environment's last one tells whether anything was written since, so what is kept is never older than what lies on the disk.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use quick_cache::sync::Cache;
use quick_cache::{Equivalent, Weighter};
use smallvec::SmallVec;

use super::environment::Environment;
use super::generation::{Generation, Snapshot};
use super::live::Live;
use crate::online::ReadItem;
use crate::online::store::{CacheCounts, GenerationState, LiveRecord, OnlineError, Read};
use crate::workspace::Name;

/// Bytes of an entry beside its key and values: places in the cache's tables, allocations, the item itself.
const ENTRY_BYTES: u64 = 160;

/// What is known of views, and decoded items.
pub(super) struct Memory {
    views: RwLock<HashMap<Name, Arc<Known>>>,
    items: Option<Cache<Place, Held, Weight>>,
    /// Numbers for what is known: never given twice, so items of another transaction are never found.
    last: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
}

/// A view's live generation as one transaction left it. It keeps no environment open.
pub(super) struct Known {
    number: u64,
    live: Weak<Environment>,
    live_transaction: usize,
    generation: Weak<Environment>,
    transaction: usize,
    pub(super) record: LiveRecord,
    pub(super) state: Arc<GenerationState>,
}

impl Known {
    /// Whether nothing was switched or written since.
    fn is_current(&self) -> bool {
        let last = |opening: &Weak<Environment>| Some(opening.upgrade()?.info().last_txn_id);
        last(&self.live) == Some(self.live_transaction) && last(&self.generation) == Some(self.transaction)
    }
}

/// A key's bytes, beside what they lead to if they are few: to look at them elsewhere costs as much as the rest of finding it.
type Key = SmallVec<[u8; 24]>;

/// Where an item is kept.
#[derive(PartialEq, Eq, Hash)]
struct Place {
    known: u64,
    key: Key,
}

/// The same, to look for; fields and hash are those of [`Place`].
#[derive(Hash)]
struct Sought<'a> {
    known: u64,
    key: &'a [u8],
}

impl Equivalent<Place> for Sought<'_> {
    fn equivalent(&self, place: &Place) -> bool {
        self.known == place.known && *self.key == *place.key
    }
}

/// An item, or that a key has none, and the bytes it takes.
#[derive(Clone)]
struct Held {
    item: Option<Arc<ReadItem>>,
    bytes: u64,
}

#[derive(Clone)]
struct Weight;

impl Weighter<Place, Held> for Weight {
    fn weight(&self, place: &Place, held: &Held) -> u64 {
        let key = if place.key.spilled() { place.key.len() } else { 0 };
        ENTRY_BYTES + key as u64 + held.bytes
    }
}

impl Memory {
    /// That keeps items of so many bytes; none if that is zero.
    pub(super) fn new(cache_bytes: u64) -> Self {
        let items = usize::try_from(cache_bytes / (2 * ENTRY_BYTES)).unwrap_or(usize::MAX);
        Self {
            views: RwLock::default(),
            items: (cache_bytes > 0).then(|| Cache::with_weighter(items.min(1 << 20), cache_bytes, Weight)),
            last: AtomicU64::new(0),
            hits: AtomicU64::new(0),
            misses: AtomicU64::new(0),
        }
    }

    pub(super) fn counts(&self) -> CacheCounts {
        CacheCounts {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            items: self.items.as_ref().map_or(0, |items| items.len() as u64),
            bytes: self.items.as_ref().map_or(0, Cache::weight),
        }
    }

    /// The whole answer, if all of it is in memory and current.
    pub(super) fn get(&self, wanted: &[(&Name, &[Vec<u8>])]) -> Option<Vec<Read>> {
        let items = self.items.as_ref()?;
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        let mut hits = 0;
        let mut transaction = None;
        let reads = wanted.iter().map(|(name, keys)| {
            let known = views.get(*name).filter(|known| known.is_current())?;
            // One snapshot of what is live for all views.
            if *transaction.get_or_insert(known.live_transaction) != known.live_transaction {
                return None;
            }
            let found = keys.iter().map(|key| {
                let found = items.get(&Sought {
                    known: known.number,
                    key,
                })?;
                hits += 1;
                Some(found.item)
            });
            Some(Read {
                live: known.record.clone(),
                state: Arc::clone(&known.state),
                items: found.collect::<Option<_>>()?,
            })
        });
        let reads = reads.collect::<Option<Vec<_>>>()?;
        self.hits.fetch_add(hits, Ordering::Relaxed);
        Some(reads)
    }

    /// What a snapshot of a view's live generation holds beside its items.
    pub(super) fn known(
        &self,
        name: &Name,
        (live, live_transaction): (&Live, usize),
        generation: &Generation,
        snapshot: &Snapshot<'_>,
        record: &LiveRecord,
    ) -> Result<Arc<Known>, OnlineError> {
        let transaction = snapshot.transaction();
        let record = snapshot.record(record)?;
        let found = self.view(name);
        let same = |known: &Known| {
            (known.record.version, known.record.generation) == (record.version, record.generation)
                && known.transaction == transaction
                // The snapshot's own word: a reader that is held up may take a transaction for the one before it.
                && known.record.changes == record.changes
                && known.generation.ptr_eq(&generation.opening())
        };
        if let Some(found) = &found
            && same(found)
            && found.live_transaction == live_transaction
            && found.live.ptr_eq(&live.opening())
        {
            return Ok(Arc::clone(found));
        }
        let (number, state) = match found.filter(|found| same(found)) {
            // Something else was switched.
            Some(found) => (found.number, Arc::clone(&found.state)),
            None => (self.last.fetch_add(1, Ordering::Relaxed), Arc::new(snapshot.state()?)),
        };
        let known = Arc::new(Known {
            number,
            live: live.opening(),
            live_transaction,
            generation: generation.opening(),
            transaction,
            record,
            state,
        });
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.insert(name.clone(), Arc::clone(&known));
        Ok(known)
    }

    fn view(&self, name: &Name) -> Option<Arc<Known>> {
        let views = self.views.read().unwrap_or_else(PoisonError::into_inner);
        views.get(name).cloned()
    }

    /// A key's item as a snapshot has it.
    pub(super) fn item(
        &self,
        known: &Known,
        snapshot: &Snapshot<'_>,
        key: &[u8],
    ) -> Result<Option<Arc<ReadItem>>, OnlineError> {
        let Some(items) = &self.items else {
            return Ok(snapshot.get(key)?.map(|(item, _)| Arc::new(item.into())));
        };
        let sought = Sought {
            known: known.number,
            key,
        };
        if let Some(held) = items.get(&sought) {
            self.hits.fetch_add(1, Ordering::Relaxed);
            return Ok(held.item);
        }
        self.misses.fetch_add(1, Ordering::Relaxed);
        let found = snapshot.get(key)?.map(|(item, stored)| {
            let bytes = item.memory_bytes(stored);
            let item = ReadItem::kept(item);
            (bytes + item.json_bytes(), Arc::new(item))
        });
        let (bytes, item) = found.unzip();
        let held = Held {
            item,
            bytes: bytes.unwrap_or(0),
        };
        let place = Place {
            known: known.number,
            key: Key::from_slice(key),
        };
        items.insert(place, held.clone());
        Ok(held.item)
    }

    /// Forgets a view.
    pub(super) fn forget(&self, name: &Name) {
        let mut views = self.views.write().unwrap_or_else(PoisonError::into_inner);
        views.remove(name);
    }
}
