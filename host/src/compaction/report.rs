use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a pass did to the online store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pass {
    /// Nothing: it holds this already.
    Unchanged,
    /// Nothing yet: the next pass is due when the rows reach this time.
    Waiting(Timestamp),
    /// It built a new generation and switched to it.
    Loaded,
    /// It changed the live generation.
    Changed,
    /// Nothing of the view is served any more.
    TakenDown,
    /// Nothing: another version was applied meanwhile.
    Superseded,
}

/// What a pass came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Compacted {
    /// What it did.
    pub pass: Pass,
    /// What that took.
    #[serde(flatten)]
    pub report: Report,
}

/// What a pass took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Keys whose items might have changed; none if all of them were made anew.
    pub keys_affected: Option<u64>,
    /// Tiles that values were made of, or rows of a view without aggregations.
    pub rows_read: u64,
    /// Items written, one for each key.
    pub keys_written: u64,
    /// Items deleted, of keys that have nothing any more.
    pub keys_deleted: u64,
    /// Bytes of the items that were written, with their keys.
    pub bytes_written: u64,
    /// Bytes of the largest of them.
    pub item_bytes_max: u64,
    /// Results that did not fit their type and are null.
    pub overflows: u64,
}

impl Compacted {
    /// That a pass did so, and wrote nothing.
    pub fn of(pass: Pass) -> Self {
        Self {
            pass,
            report: Report::default(),
        }
    }
}
