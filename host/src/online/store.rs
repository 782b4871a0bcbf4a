use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::item::{Item, ItemError};
use crate::error::{Classified, Kind};
use crate::time::{Span, Timestamp};
use crate::workspace::Name;

/// What is live of a view.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveRecord {
    /// The version.
    pub version: u32,
    /// Its generation.
    pub generation: u64,
    /// When it was switched to.
    pub switched_at: Timestamp,
    /// How often the generation was changed since it was loaded; kept in the generation, not in the record.
    #[serde(skip)]
    pub changes: u64,
    /// How many items the generation holds, visible or not; kept in the generation, too.
    #[serde(skip)]
    pub items: u64,
    /// Whether a change was cut off so that some items are newer than the state: a difference to it does not do, and it has to be made
    /// anew. Never where changes are seen whole.
    #[serde(skip)]
    pub cut_off: bool,
}

/// What a generation holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GenerationState {
    /// The last contiguous boundary that has been materialized and written.
    pub through: Timestamp,
    /// The version of the offline table that it was built from.
    pub offline_version: u64,
    /// The version of the table of tiles that it was built from; none of a view without aggregations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tiles_version: Option<u64>,
    /// Names and types of the items' values, in order.
    pub columns: Vec<(String, String)>,
    /// For the columns whose value is a list where a key has no item: of how many nulls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub empty: Vec<Option<u32>>,
    /// By what the items were made of rows: ttl, order, schedule and delay. Where it differs, they are made again.
    #[serde(default)]
    pub rules: String,
}

impl GenerationState {
    /// The effective time that is told of an item: the leading edge of windows, else the row's time. Items whose windows have not
    /// changed are left as they are when the edge moves on.
    pub fn effective_time(&self, item: &Item) -> Timestamp {
        match self.tiles_version {
            Some(_) => self.through,
            None => item.timestamp,
        }
    }
}

/// A change of the live generation.
#[derive(Debug, Clone)]
pub struct Change {
    /// Items by key.
    pub puts: Vec<(Vec<u8>, Item)>,
    /// Keys that have no item any more.
    pub deletes: Vec<Vec<u8>>,
    /// The state afterwards.
    pub state: GenerationState,
}

/// One view's part of a read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// What was live.
    pub live: LiveRecord,
    /// What it held.
    pub state: Arc<GenerationState>,
    /// For each key its item, whether visible or not.
    pub items: Vec<Option<Arc<Item>>>,
}

/// What a store's memory of items did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CacheCounts {
    /// Items that were there.
    pub hits: u64,
    /// Items that were not.
    pub misses: u64,
    /// Items that are there.
    pub items: u64,
    /// Bytes that they take.
    pub bytes: u64,
}

/// What a store has asked of a service, since it was opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requests {
    /// By operation, those that were sent again included.
    pub sent: BTreeMap<&'static str, u64>,
    /// Those that were sent again, by why: the service's error code, `timeout`, `connection`, or `unprocessed` for what was left over of
    /// a batch.
    pub again: BTreeMap<String, u64>,
    /// Read units that the service says were consumed, in halves.
    pub read_half_units: u64,
    /// Write units that the service says were consumed, in halves.
    pub write_half_units: u64,
}

/// What goes wrong in an online store.
#[derive(Debug, thiserror::Error)]
pub enum OnlineError {
    /// Somebody else wrote meanwhile.
    #[error("online store, {view}: {message}")]
    Conflict {
        /// The view.
        view: String,
        /// What is there.
        message: String,
    },
    /// Stored bytes are damaged.
    #[error("online store, {view}: {message}")]
    Corrupt {
        /// The view.
        view: String,
        /// What, and where.
        message: String,
    },
    /// The generation that is live is not there.
    #[error("online store, {view}: the live generation {path} is not there", path = path.display())]
    Missing {
        /// The view.
        view: String,
        /// Where it should be.
        path: PathBuf,
    },
    /// What is asked for cannot be.
    #[error("online store, {view}: {message}")]
    Invalid {
        /// The view.
        view: String,
        /// In words.
        message: String,
    },
    /// An item is damaged.
    #[error("online store, {view}: item of key {key}: {error}")]
    Item {
        /// The view.
        view: String,
        /// The key's bytes in hexadecimal.
        key: String,
        /// What is wrong with it.
        error: ItemError,
    },
    /// The generation's map is full.
    #[error("online store, {view}: its generation has reached the size of its map")]
    Full {
        /// The view.
        view: String,
    },
    /// The disk is full, or a quota or limit of its files is used up.
    #[error("online store, {view}: the disk has no room for it: {message}")]
    NoSpace {
        /// The view.
        view: String,
        /// In the system's words.
        message: String,
    },
    /// The store does not know who asks, or does not let them.
    #[error("online store, {view}: {message}")]
    Denied {
        /// The view.
        view: String,
        /// In the store's words.
        message: String,
    },
    /// The store cannot be reached.
    #[error("online store, {view}: {message}")]
    Unavailable {
        /// The view.
        view: String,
        /// In words.
        message: String,
    },
}

impl Classified for OnlineError {
    fn kind(&self) -> Kind {
        match self {
            Self::Conflict { .. } => Kind::Conflict,
            Self::Corrupt { .. } | Self::Missing { .. } | Self::Item { .. } => Kind::Corrupt,
            Self::Full { .. } | Self::Invalid { .. } | Self::Denied { .. } => Kind::Invalid,
            Self::NoSpace { .. } | Self::Unavailable { .. } => Kind::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Full { .. } => Some("raise `map_size_bytes` of `[stores] online`, and materialize again".to_owned()),
            Self::Denied { .. } => Some(
                "give a region and credentials that may use the project's tables (environment, profile, or the machine's role)"
                    .to_owned(),
            ),
            Self::NoSpace { .. } => Some(
                "make room on the disk of the online store (a new generation lies beside the live one until the switch), and do it \
                 again; what is live is as it was"
                    .to_owned(),
            ),
            Self::Corrupt { .. } | Self::Missing { .. } | Self::Item { .. } => Some(
                "delete the view's folder in the embedded online store, or make it anew with `sandglass compact VIEW --full`: \
                 it is made again of offline rows"
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

/// Where items are served from. Calls take many keys at once; every call is synchronous and belongs on a blocking thread.
pub trait OnlineStore: Send + Sync {
    /// Items of keys of several views; none for a view of which nothing is live. What is live is one snapshot of all views, and
    /// each view's part is one snapshot of its items and state. Items are given whether visible or not.
    fn get(&self, wanted: &[(Name, Vec<Vec<u8>>)]) -> Result<Vec<Option<Read>>, OnlineError>;

    /// The same, if all of it is in memory and nothing was written since: never waits for a disk or a network.
    fn get_cached(&self, _wanted: &[(&Name, &[Vec<u8>])]) -> Option<Vec<Read>> {
        None
    }

    /// What the memory of items did.
    fn cache_counts(&self) -> CacheCounts {
        CacheCounts::default()
    }

    /// What was asked of a service, if the store is one.
    fn requests(&self) -> Requests {
        Requests::default()
    }

    /// What is live of a view, whatever the name's version, and what it holds.
    fn live(&self, name: &Name) -> Result<Option<(LiveRecord, GenerationState)>, OnlineError>;

    /// Builds a generation of a version beside the live one; nobody reads it before it is switched to. It is durable when this
    /// returns, and dropped by the next sweep if this process ends before it switches. Of items with one key the last one stays.
    /// Items come fastest in the order of their keys' bytes. A load that fails changes nothing that is live; what it has built goes at
    /// once or with the next sweep.
    fn bulk_load(
        &self,
        name: &Name,
        state: &GenerationState,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<u64, OnlineError>;

    /// Makes a complete generation live, if what is live is still `expected`, to the last change. If it is not, that is a conflict,
    /// and the generation is given up: what was built from before must not hide what was written since.
    fn switch(
        &self,
        name: &Name,
        generation: u64,
        expected: Option<&LiveRecord>,
        now: Timestamp,
    ) -> Result<LiveRecord, OnlineError>;

    /// Ends that anything of the view is live, if what is live is still `expected`; its generation goes with a sweep.
    fn take_down(&self, name: &Name, expected: &LiveRecord, now: Timestamp) -> Result<(), OnlineError>;

    /// Changes the live generation and its state in one transaction: both are seen or neither. A conflict if what is live is not
    /// `expected` to the last change, as a change is the difference to it; or if it was built from a later version of the offline
    /// table, or through a later time from the same one. Deletes come first.
    fn write(&self, name: &Name, expected: &LiveRecord, change: &Change) -> Result<(), OnlineError>;

    /// Removes generations that are not live: those that were switched away from more than `grace` ago, and those that
    /// nobody is building any more. Tells how many.
    fn sweep(&self, name: &Name, grace: Span, now: Timestamp) -> Result<usize, OnlineError>;

    /// The keys of items of what is live that `wanted` says yes to.
    fn keys(&self, name: &Name, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<Vec<u8>>, OnlineError>;

    /// All items of what is live, in the order of the keys.
    fn scan(&self, name: &Name) -> Result<Vec<(Vec<u8>, Item)>, OnlineError>;
}
