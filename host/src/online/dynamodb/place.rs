//! Where items lie, and what they look like there.
//!
//! A small generation lies with others in one table, in the partitions `<generation><bucket>`, so that it can be listed and dropped without
//! a look at the others; a large one has a table of its own. An item has the key's bytes, or their hash if they are longer than the service
//! takes, and [`Item::encode`]'s bytes; what is longer than the service takes goes on in chunks beside it.
//!
//! | attribute | |
//! | --- | --- |
//! | `k`, or `p` and `s` | the key |
//! | `b` | the item's bytes, the full key in them where `k` or `s` has its hash |
//! | `d` | whether it is there: a key that is deleted keeps an item without `b` for a while, which older writers cannot pass |
//! | `c`, `v` | how many chunks follow, and their number: each write of a long item has new ones |
//! | `x` | when the service may delete it, in seconds since 1970 |
//! | `n` | the number of the claim that wrote it; none if it was loaded |
//! | `w` | whether it was there before, if its claim is not done |

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::fields::{Fields, boolean_of, bytes, bytes_of, fields, number, number_of};
use crate::online::item::{Item, ItemError};
use crate::time::Timestamp;

/// Where a generation's items lie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum Place {
    /// In a table of its own.
    Own {
        /// Its name.
        table: String,
    },
    /// With others in one.
    Shared {
        /// Its name.
        table: String,
        /// In so many partitions: the service serves each at some rate only.
        buckets: u8,
    },
}

/// Longer keys are hashed; a sort key may have 1024 bytes.
const KEY_BYTES_MAX: usize = 1000;
/// Bytes of a value in one item, which may have 400 KiB with its names and key.
pub(super) const CHUNK_BYTES: usize = 390_000;

/// How much later than an item its chunks may be deleted: the service deletes one by one, in any order.
const CHUNKS_LATER_SECONDS: i64 = 7 * 86_400;

/// What a stored key begins with.
const RAW: u8 = 0;
const HASHED: u8 = 1;
const CHUNK: u8 = 2;

impl Place {
    pub(super) fn table(&self) -> &str {
        match self {
            Self::Own { table } | Self::Shared { table, .. } => table,
        }
    }

    /// The attributes of a key.
    pub(super) fn key(&self, generation: u64, stored: &[u8]) -> Fields {
        match self {
            Self::Own { .. } => fields([("k", bytes(stored))]),
            Self::Shared { buckets, .. } => {
                let bucket = crc32fast::hash(stored) % u32::from((*buckets).max(1));
                fields([("p", bytes(partition(generation, bucket as u8))), ("s", bytes(stored))])
            }
        }
    }

    /// The partitions of a generation in a shared table.
    pub(super) fn partitions(&self, generation: u64) -> Vec<AttributeValue> {
        match self {
            Self::Own { .. } => Vec::new(),
            Self::Shared { buckets, .. } => {
                let all = 0..*buckets;
                all.map(|bucket| bytes(partition(generation, bucket))).collect()
            }
        }
    }

    /// The key attribute that has the stored key.
    pub(super) fn attribute(&self) -> &'static str {
        match self {
            Self::Own { .. } => "k",
            Self::Shared { .. } => "s",
        }
    }
}

fn partition(generation: u64, bucket: u8) -> Vec<u8> {
    let mut partition = generation.to_be_bytes().to_vec();
    partition.push(bucket);
    partition
}

/// The key as it is stored.
pub(super) fn stored_key(key: &[u8]) -> Vec<u8> {
    let is_raw = key.len() <= KEY_BYTES_MAX;
    let mut stored = vec![if is_raw { RAW } else { HASHED }];
    match is_raw {
        true => stored.extend(key),
        false => stored.extend(Sha256::digest(key)),
    }
    stored
}

/// The key of a chunk; `number` is that of the write.
pub(super) fn chunk_key(stored: &[u8], number: u64, chunk: u32) -> Vec<u8> {
    let mut key = vec![CHUNK];
    key.extend(&Sha256::digest(stored)[..16]);
    key.extend(number.to_be_bytes());
    key.extend(chunk.to_be_bytes());
    key
}

/// Whether a stored key is one of a chunk.
pub(super) fn is_chunk(stored: &[u8]) -> bool {
    stored.first() == Some(&CHUNK)
}

/// An item, ready to be written.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) key: Vec<u8>,
    /// The item's bytes, or those before the first chunk.
    pub(super) body: Vec<u8>,
    pub(super) chunks: Vec<Vec<u8>>,
    pub(super) expires: Option<i64>,
}

impl Stored {
    /// An item as it is stored at `now`. What expires later may be deleted by the service then; what has expired stays until it is deleted.
    pub(super) fn new(key: &[u8], item: &Item, now: Timestamp) -> Self {
        let stored = stored_key(key);
        let is_raw = stored.first() == Some(&RAW);
        let mut body = item.encode(if is_raw { &[] } else { key });
        let mut rest = body.split_off(body.len().min(CHUNK_BYTES));
        let mut chunks = Vec::new();
        while !rest.is_empty() {
            let next = rest.split_off(rest.len().min(CHUNK_BYTES));
            chunks.push(std::mem::replace(&mut rest, next));
        }
        let expires = item.expires.filter(|expires| *expires > now);
        Self {
            key: stored,
            body,
            chunks,
            expires: expires.map(|expires| expires.micros().div_euclid(1_000_000).saturating_add(1)),
        }
    }

    /// Bytes of its key and value.
    pub(super) fn size(&self) -> usize {
        self.key.len() + self.body.len() + self.chunks.iter().map(Vec::len).sum::<usize>()
    }

    /// The attributes of the item, without those of the key and of what wrote it; `number` is that of its chunks.
    pub(super) fn fields(&self, number_of_chunks: u64) -> Fields {
        let mut fields = fields([("b", bytes(self.body.clone())), ("d", AttributeValue::Bool(true))]);
        if let Some(expires) = self.expires {
            fields.insert("x".to_owned(), number(expires));
        }
        if !self.chunks.is_empty() {
            fields.insert("c".to_owned(), number(self.chunks.len()));
            fields.insert("v".to_owned(), number(number_of_chunks));
        }
        fields
    }

    /// All of its items as a load writes them: the chunks, then the item.
    pub(super) fn loaded(&self, place: &Place, generation: u64) -> Vec<Fields> {
        let mut items = self.chunk_items(place, generation, 0);
        let mut item = self.fields(0);
        item.extend(place.key(generation, &self.key));
        items.push(item);
        items
    }

    /// The items of its chunks.
    pub(super) fn chunk_items(&self, place: &Place, generation: u64, number: u64) -> Vec<Fields> {
        let chunks = self.chunks.iter().zip(0..);
        let item = |(chunk, place_of): (&Vec<u8>, u32)| {
            let mut item = place.key(generation, &chunk_key(&self.key, number, place_of));
            item.insert("b".to_owned(), bytes(chunk.clone()));
            if let Some(expires) = self.expires {
                item.insert("x".to_owned(), super::fields::number(chunk_over(expires)));
            }
            item
        };
        chunks.map(item).collect()
    }
}

/// When the service may delete the chunks of an item that it may delete then.
pub(super) fn chunk_over(expires: i64) -> i64 {
    expires.saturating_add(CHUNKS_LATER_SECONDS)
}

/// The stored keys of the chunks of an item.
pub(super) fn chunks_of(stored: &[u8], item: &Fields) -> Vec<Vec<u8>> {
    let count: u32 = number_of(item, "c").unwrap_or(0);
    let number = number_of(item, "v").unwrap_or(0);
    (0..count).map(|chunk| chunk_key(stored, number, chunk)).collect()
}

/// Whether an item may have been deleted by the service in part.
pub(super) fn is_over(item: &Fields, now_seconds: u64) -> bool {
    number_of::<u64>(item, "x").is_some_and(|over| over <= now_seconds)
}

/// Whether a key has an item, or one that stands for its having been deleted.
pub(super) fn is_there(item: &Fields) -> bool {
    boolean_of(item, "d") == Some(true)
}

/// The key and item of what is stored; `chunks` are the bytes that follow. `asked` is the key, if it is known.
pub(super) fn decode(
    stored: &[u8],
    item: &Fields,
    chunks: &[&[u8]],
    asked: Option<&[u8]>,
) -> Result<(Vec<u8>, Item), ItemError> {
    let body = bytes_of(item, "b").ok_or(ItemError::Malformed)?;
    let (kept, item) = match chunks.is_empty() {
        true => Item::decode(body)?,
        false => Item::decode(&[&[body], chunks].concat().concat())?,
    };
    let key = match stored.split_first() {
        Some((&RAW, key)) if kept.is_empty() => key.to_vec(),
        Some((&HASHED, _)) => kept,
        _ => return Err(ItemError::Key),
    };
    if stored_key(&key) != stored || asked.is_some_and(|asked| asked != key) {
        return Err(ItemError::Key);
    }
    Ok((key, item))
}
