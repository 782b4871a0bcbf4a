//! Which files are merged: a pure function of their sizes and times.

use super::Size;
use crate::offline::replace::TimeRange;
use crate::offline::table::State;
use crate::offline::{OfflineError, OfflineTable};
use crate::time::Timestamp;

/// What merged files may come to: as long as those that jobs write (`stage`). A scan opens a few hundred of them for a terabyte, and a
/// job that overwrites a day writes no more than one anew.
pub(super) const TARGET_BYTES: u64 = 128 << 20;

/// Files of one partition that become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Merge {
    /// The value of the partition column.
    pub(super) partition: String,
    /// Below the table, in the order of their times.
    pub(super) files: Vec<String>,
    /// Together.
    pub(super) bytes: u64,
}

impl Merge {
    pub(super) fn size(&self) -> Size {
        Size {
            files: self.files.len() as u64,
            bytes: self.bytes,
        }
    }
}

/// A file that may be merged.
#[derive(Debug, Clone)]
struct Candidate {
    partition: String,
    first: Timestamp,
    path: String,
    bytes: u64,
}

/// The merges of a version. Only of partitions that end before the newest committed interval does: the one that is being filled gets a file
/// with every job, and would be written anew as often; once the next one is begun, it is merged once.
pub(super) fn of(table: &OfflineTable, state: &State) -> Result<Vec<Merge>, OfflineError> {
    let layout = table.layout.as_ref();
    let Some(through) = state.transactions.last.keys().map(|interval| interval.end).max() else {
        return Ok(Vec::new());
    };
    let mut candidates = Vec::new();
    for file in state.delta.log_data().iter() {
        let value = TimeRange::partition_of(&file, layout.partition.column());
        let found = value.and_then(|value| Some((layout.partition.interval(&value)?, value)));
        let (interval, partition) = found.ok_or_else(|| {
            OfflineError::corrupt(&layout.label, format!("file {} lies in no partition", file.path()))
        })?;
        if interval.end <= through {
            candidates.push(Candidate {
                partition,
                first: TimeRange::of(layout, &file, interval).min,
                path: file.path().into_owned(),
                bytes: u64::try_from(file.size()).unwrap_or(0),
            });
        }
    }
    Ok(merges(candidates, TARGET_BYTES))
}

/// Packs the small files of each partition, in the order of their times, into as few as fit. A file is small below half of the target, so
/// of two that are packed apart at least the first has become a large one: what was merged is not merged again and again.
fn merges(mut files: Vec<Candidate>, target: u64) -> Vec<Merge> {
    files.retain(|file| file.bytes < target / 2);
    files.sort_by(|a, b| (&a.partition, a.first, &a.path).cmp(&(&b.partition, b.first, &b.path)));
    let mut merges: Vec<Merge> = Vec::new();
    for file in files {
        match merges.last_mut() {
            Some(last) if last.partition == file.partition && last.bytes + file.bytes <= target => {
                last.bytes += file.bytes;
                last.files.push(file.path);
            }
            _ => merges.push(Merge {
                partition: file.partition,
                files: vec![file.path],
                bytes: file.bytes,
            }),
        }
    }
    merges.retain(|merge| merge.files.len() > 1);
    merges
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(partition: usize, first: i64, bytes: u64) -> Candidate {
        Candidate {
            partition: format!("p{partition}"),
            first: Timestamp::from_micros(first),
            path: format!("p{partition}/{first}"),
            bytes,
        }
    }

    #[test]
    fn small_files_of_a_partition_in_the_order_of_time() {
        let files = vec![
            file(1, 3, 10),
            file(0, 1, 40),
            file(1, 1, 20),
            file(1, 2, 60),
            file(0, 2, 45),
            file(2, 1, 1),
        ];
        let found = merges(files, 100);
        let merge = |partition: &str, files: [&str; 2], bytes| Merge {
            partition: partition.to_owned(),
            files: files.map(str::to_owned).to_vec(),
            bytes,
        };
        assert_eq!(
            found,
            [merge("p0", ["p0/1", "p0/2"], 85), merge("p1", ["p1/1", "p1/3"], 30)]
        );
    }

    proptest! {
        /// Whoever merges and looks again finds nothing to merge.
        #[test]
        fn what_is_merged_is_merged_once(
            files in proptest::collection::vec((0_usize..3, 0_i64..1000, 0_u64..120), 0..60),
        ) {
            let files: Vec<Candidate> = files
                .into_iter()
                .enumerate()
                .map(|(place, (partition, first, bytes))| Candidate {
                    path: place.to_string(),
                    ..file(partition, first, bytes)
                })
                .collect();
            let done = merges(files.clone(), 100);
            let mut left = files.clone();
            for merge in &done {
                prop_assert!(merge.files.len() > 1 && merge.bytes <= 100);
                let mut first = None;
                for path in &merge.files {
                    let place = left.iter().position(|file| file.path == *path);
                    prop_assert!(place.is_some(), "{} is merged twice", path);
                    let file = left.remove(place.unwrap_or(0));
                    prop_assert_eq!(&file.partition, &merge.partition);
                    first = first.or(Some(file.first));
                }
                left.push(Candidate {
                    partition: merge.partition.clone(),
                    first: first.unwrap_or_default(),
                    path: merge.files.join("+"),
                    bytes: merge.bytes,
                });
            }
            let bytes = |files: &[Candidate]| files.iter().map(|file| file.bytes).sum::<u64>();
            prop_assert_eq!(bytes(&left), bytes(&files));
            prop_assert_eq!(merges(left, 100), []);
        }
    }
}
