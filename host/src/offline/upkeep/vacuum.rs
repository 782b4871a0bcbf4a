//! What may go of the files below a table: a pure function of what the log says of them and of their age.

use std::collections::{HashMap, HashSet};

use deltalake::DeltaTableError;
use deltalake::table::state::DeltaTableState;
use futures::TryStreamExt;

use super::inventory::Stored;
use crate::offline::reads::{READS, reads_path};
use crate::offline::{OfflineError, OfflineTable};
use crate::time::Timestamp;

/// Why a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// It was removed from the table, or is what a superseded attempt had read, and its retention is over.
    Expired,
    /// Nobody names it.
    Orphan,
}

/// Where a file of rows belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::offline) enum Lies {
    /// To the newest version.
    InTable,
    /// To an earlier one, and was removed then.
    Removed(Timestamp),
    /// To none.
    Nowhere,
    /// It is the log's, or not ours.
    Elsewhere,
}

/// What the newest version of the log says of files.
#[derive(Debug, Default)]
pub(in crate::offline) struct Known {
    /// Files of the version.
    active: HashSet<String>,
    /// Files that were removed from it, and when.
    removed: HashMap<String, Timestamp>,
    /// What the last attempts read.
    reads: HashSet<String>,
    /// The last attempts, by what the names of their reads begin with.
    attempts: HashMap<String, u64>,
    /// What the names of the partitions' folders begin with.
    partitions: String,
}

/// Until when something has to have happened for a file to go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    /// That it was removed from the table, or superseded.
    pub(super) removed_by: Timestamp,
    /// That it was written, if nobody names it.
    pub(super) orphaned_by: Timestamp,
}

/// How often the log is read anew because somebody else has shortened it meanwhile.
const TRIES: usize = 5;

/// What the newest version says.
pub(in crate::offline) async fn known(table: &OfflineTable) -> Result<Known, OfflineError> {
    let mut failure = None;
    for _ in 0..TRIES {
        table.refresh().await?;
        let state = table.state();
        let mut known = Known {
            partitions: format!("{}=", table.layout.partition.column()),
            ..Known::default()
        };
        let files = state.delta.log_data();
        known.active.extend(files.iter().map(|file| file.path().into_owned()));
        for (interval, entry) in &state.transactions.last {
            let path = reads_path(*interval, entry.attempt, entry.committed_ms).to_string();
            if let Some((interval, _, _)) = reads_name(&path) {
                known.attempts.insert(interval.to_owned(), entry.attempt.number());
            }
            known.reads.insert(path);
        }
        match removed(table, state.transactions.version).await {
            Ok(removed) => return Ok(Known { removed, ..known }),
            Err(error) => failure = Some(error),
        }
    }
    let doing = "what was removed cannot be read from the log";
    Err(failure.map_or_else(
        || OfflineError::internal(table.name(), doing),
        |error| OfflineError::delta(table.name(), doing, error),
    ))
}

/// The files that were removed from a version, and when. The log is looked at anew: a snapshot that moves on keeps to the entries that
/// it began with, and these may be gone.
async fn removed(table: &OfflineTable, version: u64) -> Result<HashMap<String, Timestamp>, DeltaTableError> {
    let state = DeltaTableState::try_new(table.log.as_ref(), Some(version)).await?;
    let removed = state.all_tombstones(table.log.as_ref()).map_ok(|file| {
        // Without a time it was removed before there was any, says the protocol.
        let millis = file.deletion_timestamp().unwrap_or(0);
        (
            file.path().into_owned(),
            Timestamp::from_micros(millis.saturating_mul(1000)),
        )
    });
    removed.try_collect().await
}

impl Known {
    /// Where a file belongs.
    pub(in crate::offline) fn lies(&self, path: &str) -> Lies {
        if !path.starts_with(&self.partitions) {
            return Lies::Elsewhere;
        }
        match self.removed.get(path) {
            _ if self.active.contains(path) => Lies::InTable,
            Some(at) => Lies::Removed(*at),
            None => Lies::Nowhere,
        }
    }

    /// A file of the newest version that is not among these.
    pub(super) fn missing(&self, files: &[Stored]) -> Option<&String> {
        let found: HashSet<&str> = files.iter().map(|file| file.path.as_str()).collect();
        self.active.iter().filter(|path| !found.contains(path.as_str())).min()
    }
}

/// Whether a file goes.
pub(super) fn fate(file: &Stored, known: &Known, rules: &Rules) -> Option<Why> {
    let orphan = (file.modified <= rules.orphaned_by).then_some(Why::Orphan);
    if is_unfinished(&file.path) {
        return orphan;
    }
    if file.path.starts_with(READS) {
        if known.reads.contains(&file.path) {
            return None;
        }
        let (interval, attempt, _) = reads_name(&file.path)?;
        let superseded = known.attempts.get(interval).is_some_and(|last| attempt < *last);
        return match superseded {
            true => (file.modified <= rules.removed_by).then_some(Why::Expired),
            false => orphan,
        };
    }
    match known.lies(&file.path) {
        Lies::InTable | Lies::Elsewhere => None,
        Lies::Removed(at) => (at <= rules.removed_by).then_some(Why::Expired),
        Lies::Nowhere => orphan,
    }
}

/// Whether a file has the name that it is written under before it has its own; the log's files have such names, too.
pub(in crate::offline) fn is_unfinished(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let number = name.rsplit_once('#').map(|(_, number)| number);
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Interval, attempt and time of the name of a file of reads.
fn reads_name(path: &str) -> Option<(&str, u64, i64)> {
    let name = path.strip_prefix(READS)?.strip_prefix('/')?.strip_suffix(".json")?;
    let (rest, time) = name.rsplit_once('-')?;
    let (interval, attempt) = rest.rsplit_once('-')?;
    Some((interval, attempt.parse().ok()?, time.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::Attempt;
    use crate::time::Interval;

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn who_goes_and_when() {
        let day = Interval {
            start: at(0),
            end: at(86_400_000_000),
        };
        let reads = |attempt, ms| reads_path(day, Attempt::new(attempt).expect("positive"), ms).to_string();
        let (interval, _, _) = reads_name(&reads(3, 7))
            .map(|(name, a, b)| (name.to_owned(), a, b))
            .expect("a name");
        let known = Known {
            active: ["__month=1970-01/a.parquet".to_owned()].into(),
            removed: [("__month=1970-01/b.parquet".to_owned(), at(50))].into(),
            reads: [reads(3, 7)].into(),
            attempts: [(interval, 3)].into(),
            partitions: "__month=".to_owned(),
        };
        // When it goes if it was written at 60: never, with what was removed by a time, or with what was written by a time.
        let expect = |path: &str, removed_by: Option<i64>, orphaned_by: Option<i64>| {
            let file = Stored {
                path: path.to_owned(),
                size: 1,
                modified: at(60),
            };
            for removed in [0, 49, 50, 59, 60, 1000] {
                for orphaned in [0, 50, 59, 60, 1000] {
                    let rules = Rules {
                        removed_by: at(removed),
                        orphaned_by: at(orphaned),
                    };
                    let expired = removed_by.is_some_and(|by| by <= removed).then_some(Why::Expired);
                    let orphan = orphaned_by.is_some_and(|by| by <= orphaned).then_some(Why::Orphan);
                    assert_eq!(
                        fate(&file, &known, &rules),
                        expired.or(orphan),
                        "{path} {removed} {orphaned}"
                    );
                }
            }
        };
        expect("__month=1970-01/a.parquet", None, None);
        expect("__month=1970-01/b.parquet", Some(50), None);
        expect("__month=1970-01/c.parquet", None, Some(60));
        expect("__month=1970-01/a.parquet#17", None, Some(60));
        expect("_delta_log/00000000000000000001.json#299", None, Some(60));
        expect("_delta_log/00000000000000000001.json", None, None);
        expect("_delta_log/_last_checkpoint", None, None);
        expect("notes.txt", None, None);
        expect(&reads(3, 7), None, None);
        // Another driver's third attempt, which lost; the second; and one that is being committed, or was given up.
        expect(&reads(3, 8), None, Some(60));
        expect(&reads(2, 1), Some(60), None);
        expect(&reads(4, 9), None, Some(60));
        expect("_sandglass/reads/other.json", None, None);
    }
}
