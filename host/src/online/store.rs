use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::item::{Item, ItemError};
use super::read_item::ReadItem;
use crate::definition::OnlineLoad;
use crate::error::{Classified, Kind};
use crate::price::{Consumed, Price};
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

/// A key with the item that it has from now on, or without.
pub type KeyChange = (Vec<u8>, Option<Item>);

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
    pub items: Vec<Option<Arc<ReadItem>>>,
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
    /// Bytes of source data that it was asked to import.
    pub imported_bytes: u64,
}

impl Requests {
    /// What was asked for, without what had been `before`, in numbers that are paid for.
    pub fn since(&self, before: &Self) -> Consumed {
        let puts = |requests: &Self| requests.sent.get("PutObject").copied().unwrap_or(0);
        Consumed {
            read_units: self.read_half_units.saturating_sub(before.read_half_units) as f64 / 2.0,
            write_units: self.write_half_units.saturating_sub(before.write_half_units) as f64 / 2.0,
            imported_bytes: self.imported_bytes.saturating_sub(before.imported_bytes),
            puts: puts(self).saturating_sub(puts(before)),
        }
    }
}

/// A generation that is to be built.
#[derive(Clone, Copy)]
pub struct Load<'a> {
    /// Of which version.
    pub name: &'a Name,
    /// What it holds.
    pub state: &'a GenerationState,
    /// How its items are written, where the store has several ways.
    pub way: OnlineLoad,
    /// Is told how far a load is that takes long.
    pub tell: &'a (dyn Fn(&LoadProgress) + Send + Sync),
}

impl<'a> Load<'a> {
    /// The way that is cheapest, and nobody is told.
    pub fn new(name: &'a Name, state: &'a GenerationState) -> Self {
        Self {
            name,
            state,
            way: OnlineLoad::Auto,
            tell: &|_| (),
        }
    }
}

/// How far a load is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoadProgress {
    /// Items are put where the service finds them.
    Staging {
        /// So many so far.
        items: u64,
    },
    /// The service reads them.
    Importing {
        /// So many so far.
        items: u64,
        /// Of so many.
        of: u64,
    },
    /// Some are compared with what was meant.
    Verifying,
    /// What an earlier process has begun goes on.
    Resuming,
    /// Something could not be done that does no harm to what is served.
    Left {
        /// What, and why.
        message: String,
    },
}

impl std::fmt::Display for LoadProgress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Staging { items } => write!(f, "{items} items staged"),
            Self::Importing { items, of } => write!(f, "{items} of {of} items imported"),
            Self::Verifying => f.write_str("looking at what was imported"),
            Self::Resuming => f.write_str("going on with a load that was cut off"),
            Self::Left { message } => write!(f, "left for later: {message}"),
        }
    }
}

/// A generation that an earlier process has left complete, or was completed of what it has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resumed {
    /// Its number.
    pub generation: u64,
    /// Its items.
    pub items: u64,
    /// Bytes of them with their keys.
    pub bytes: u64,
    /// Bytes of the largest.
    pub bytes_max: u64,
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
    /// It would cost more than may be spent.
    #[error("online store, {view}: {message}")]
    Budget {
        /// The view.
        view: String,
        /// What is spent, and what the next step costs.
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
            Self::Full { .. } | Self::Invalid { .. } | Self::Denied { .. } | Self::Budget { .. } => Kind::Invalid,
            Self::NoSpace { .. } | Self::Unavailable { .. } => Kind::Unavailable,
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Full { .. } => Some("raise `map_size_bytes` of `[stores] online`, and materialize again".to_owned()),
            Self::Denied { .. } => Some(
                "give a region and credentials that may use the project's tables (environment, profile, or the machine's role); \
                 `sandglass iam` prints the rights that each command takes"
                    .to_owned(),
            ),
            Self::Budget { .. } => Some(
                "what is live is as it was; raise `--budget`, or see with `sandglass plan` what each way costs".to_owned(),
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

    /// What it costs, if it is a service that is paid for by the request.
    fn price(&self) -> Option<Price> {
        None
    }

    /// What is live of a view, whatever the name's version, and what it holds.
    fn live(&self, name: &Name) -> Result<Option<(LiveRecord, GenerationState)>, OnlineError>;

    /// Builds a generation of a version beside the live one; nobody reads it before it is switched to. It is durable when this
    /// returns, and dropped by the next sweep if this process ends before it switches. Of items with one key the last one stays.
    /// Items come fastest in the order of their keys' bytes, and a load by import takes them in no other. A load that fails changes
    /// nothing that is live; what it has built goes at once or with the next sweep.
    fn load(
        &self,
        load: &Load<'_>,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<u64, OnlineError>;

    /// The same, the way that is cheapest.
    fn bulk_load(
        &self,
        name: &Name,
        state: &GenerationState,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<u64, OnlineError> {
        self.load(&Load::new(name, state), items)
    }

    /// Completes a generation of this very state that a process which has ended was building, if there is one that is worth more
    /// than a load from the start.
    fn resume(&self, _load: &Load<'_>) -> Result<Option<Resumed>, OnlineError> {
        Ok(None)
    }

    /// What writing an item of the live generation costs as part of a new one, where writing it as part of a change is 1; none if that is
    /// not a question of money.
    fn load_price(&self, _name: &Name, _live: &LiveRecord) -> Result<Option<f64>, OnlineError> {
        Ok(None)
    }

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

    /// The same for keys that come one after the other, each once, with the item that it has from now on or without. Items may still be
    /// being made: a store may write the first ones before the last ones are there. If an error comes instead, nothing is changed and
    /// it is the answer.
    fn write_streamed(
        &self,
        name: &Name,
        expected: &LiveRecord,
        items: &mut dyn Iterator<Item = Result<KeyChange, OnlineError>>,
        state: &GenerationState,
    ) -> Result<(), OnlineError> {
        let mut change = Change {
            puts: Vec::new(),
            deletes: Vec::new(),
            state: state.clone(),
        };
        for item in items {
            match item? {
                (key, Some(item)) => change.puts.push((key, item)),
                (key, None) => change.deletes.push(key),
            }
        }
        self.write(name, expected, &change)
    }

    /// Removes generations that are not live: those that were switched away from more than `grace` ago, and those that
    /// nobody is building any more. Tells how many.
    fn sweep(&self, name: &Name, grace: Span, now: Timestamp) -> Result<usize, OnlineError>;

    /// The keys of items of what is live that `wanted` says yes to.
    fn keys(&self, name: &Name, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<Vec<u8>>, OnlineError>;

    /// All items of what is live, in the order of the keys.
    fn scan(&self, name: &Name) -> Result<Vec<(Vec<u8>, Item)>, OnlineError>;
}
