//! `[stores]`: where features are kept.

use serde::{Deserialize, Serialize};

use super::dynamodb::{self, DynamoDb};
use super::model::OnlineLoad;
use super::parse::{online_load, optional};
use super::reader::Table;

/// Where features are kept; paths are relative to the project's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stores {
    /// A folder.
    pub offline: String,
    /// The online store.
    pub online: OnlineStoreKind,
    /// How items are written there, by views that do not say it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub online_load: OnlineLoad,
}

impl Default for Stores {
    fn default() -> Self {
        Self {
            offline: OFFLINE.to_owned(),
            online: OnlineStoreKind::Embedded {
                path: ONLINE.to_owned(),
                map_size_bytes: MAP_SIZE_BYTES,
            },
            online_load: OnlineLoad::default(),
        }
    }
}

/// Which online store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OnlineStoreKind {
    /// LMDB in a folder.
    Embedded {
        /// The folder.
        path: String,
        /// The largest size of one generation, in bytes.
        map_size_bytes: u64,
    },
    /// Tables of DynamoDB.
    #[serde(rename = "dynamodb")]
    DynamoDb(Box<DynamoDb>),
}

const OFFLINE: &str = "store/offline";
const ONLINE: &str = "store/online";
/// The default size of a generation's map: address space, not memory or disk.
const MAP_SIZE_BYTES: u64 = 64 << 30;
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(super) fn read(table: &Table<'_>) -> Option<Stores> {
    let offline = match table.get("offline") {
        None => Some(OFFLINE.to_owned()),
        Some(value) => value.text().and_then(|path| {
            if path.contains("://") {
                value.problem(
                    format!("`{path}`: object stores are not supported yet"),
                    Some("name a folder".to_owned()),
                );
                return None;
            }
            Some(path.to_owned())
        }),
    };
    let online = match table.get("online") {
        None => Some(Stores::default().online),
        Some(value) => value.table("`stores.online`").and_then(|table| online(&table)),
    };
    let online_load = online_load(table);
    table.finish();
    Some(Stores {
        offline: offline?,
        online: online?,
        online_load: online_load?.unwrap_or_default(),
    })
}

fn online(table: &Table<'_>) -> Option<OnlineStoreKind> {
    let kind = table
        .require("kind")
        .and_then(|value| value.one_of(&[("embedded", false), ("dynamodb", true)]));
    let store = match kind {
        Some(true) => dynamodb::read(table).map(|store| OnlineStoreKind::DynamoDb(Box::new(store))),
        Some(false) | None => embedded(table),
    };
    table.finish();
    kind?;
    store
}

fn embedded(table: &Table<'_>) -> Option<OnlineStoreKind> {
    let path = table.get("path").map_or(Some(ONLINE), |value| value.text());
    let map_size = optional(table, "map_size_bytes", |value| {
        let bytes = value.whole()?;
        if !(1 << 20..=1 << 46).contains(&bytes) {
            value.problem("`map_size_bytes` should be between 1 MiB and 64 TiB", None);
            return None;
        }
        Some(bytes)
    });
    Some(OnlineStoreKind::Embedded {
        path: path?.to_owned(),
        map_size_bytes: map_size?.unwrap_or(MAP_SIZE_BYTES),
    })
}
