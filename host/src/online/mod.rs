//! The online store: for each key of a view one item, read by several keys at once.
//!
//! A version's batch data is a *generation*, which is built beside the live one and switched to in one transaction. Small
//! changes are written into the live generation, in one transaction too. What guards against an older writer is (generation,
//! offline version), not a row's timestamp: a rewrite of history may rightly bring an older row back.

mod columns;
mod dynamodb;
mod embedded;
mod item;
mod open;
mod read_item;
mod store;
mod value;
mod view;

pub use columns::{column, size_bytes};
pub use dynamodb::{DynamoOptions, DynamoStore, StagingOptions};
pub(crate) use dynamodb::{OBJECT_BYTES, source_bytes};
pub use embedded::EmbeddedStore;
pub use item::{Item, ItemError, LIST_VALUES, TEXT_BYTES};
pub use open::{OpenError, open, open_to_serve, open_within};
pub use read_item::ReadItem;
pub use store::{
    CacheCounts, Change, GenerationState, KeyChange, LiveRecord, Load, LoadProgress, OnlineError, OnlineStore, Read,
    Requests, Resumed,
};
pub use value::Value;
pub(crate) use value::{separated, write_list};
