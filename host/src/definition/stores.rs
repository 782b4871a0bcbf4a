//! `[stores]`: where features are kept.

use serde::{Deserialize, Serialize};

use super::buckets::{BucketAt, bucket_at, location};
use super::dynamodb::{self, DynamoDb};
use super::keys::{online_load, optional};
use super::model::OnlineLoad;
use super::reader::{Table, Value};

/// Where features are kept; paths are relative to the project's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stores {
    /// A folder, or `s3://` with a bucket and what the names of its objects begin with.
    pub offline: String,
    /// Where that bucket is.
    #[serde(default, skip_serializing_if = "is_default")]
    pub offline_at: BucketAt,
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
            offline_at: BucketAt::default(),
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
        None => Some((OFFLINE.to_owned(), BucketAt::default())),
        Some(value) => offline(value),
    };
    let online = match table.get("online") {
        None => Some(Stores::default().online),
        Some(value) => value.table("`stores.online`").and_then(|table| online(&table)),
    };
    let online_load = online_load(table);
    table.finish();
    let (offline, offline_at) = offline?;
    Some(Stores {
        offline,
        offline_at,
        online: online?,
        online_load: online_load?.unwrap_or_default(),
    })
}

/// A path, or a table with one and where its bucket is.
fn offline(value: Value<'_>) -> Option<(String, BucketAt)> {
    if !value.is_table() {
        return folder_or_prefix(value).map(|path| (path, BucketAt::default()));
    }
    let table = value.table("`stores.offline`")?;
    let path = table.require("location").and_then(|value| {
        let (bucket, prefix) = location(value)?;
        Some(object_prefix(&bucket, &prefix))
    });
    let at = bucket_at(&table);
    table.finish();
    Some((path?, at?))
}

fn folder_or_prefix(value: Value<'_>) -> Option<String> {
    match value.text()? {
        path if path.contains("://") => location(value).map(|(bucket, prefix)| object_prefix(&bucket, &prefix)),
        path => Some(path.to_owned()),
    }
}

fn object_prefix(bucket: &str, prefix: &str) -> String {
    match prefix {
        "" => format!("s3://{bucket}"),
        prefix => format!("s3://{bucket}/{prefix}"),
    }
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
