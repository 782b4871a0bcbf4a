use std::collections::BTreeMap;

use serde::Serialize;

use super::job::{Inputs, reads};
use crate::definition::FeatureView;
use crate::offline::{FileRead, JobReads, OfflineError, OfflineTable, Reads};
use crate::plan::gaps;
use crate::time::{Interval, union};

/// Rows whose source is not what it was when they were made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stale {
    /// Their time.
    #[serde(flatten)]
    pub interval: Interval,
    /// What became of the source's files.
    pub changes: Vec<String>,
}

/// Finds the rows of a table whose source has changed since it was read, by the files that each job read and would read now.
/// Files that hold no row of a job's range are not among them, so a file that is added to the end of a source changes nothing
/// that was made before.
pub async fn stale(table: &OfflineTable, view: &FeatureView, inputs: &Inputs) -> Result<Vec<Stale>, OfflineError> {
    let jobs = table.reads().await?;
    Ok(compare(jobs, |interval| reads(view, inputs, interval)))
}

fn compare(mut jobs: Vec<JobReads>, now: impl Fn(Interval) -> Reads) -> Vec<Stale> {
    // Whoever came last holds the rows.
    jobs.sort_by_key(|job| std::cmp::Reverse(job.committed_ms));
    let mut later: Vec<Interval> = Vec::new();
    let mut found = Vec::new();
    for job in jobs {
        let held = gaps(job.interval, &later);
        if held.is_empty() {
            continue;
        }
        later = union(later.into_iter().chain([job.interval]).collect());
        let changes = changes(&job.reads, &now(job.interval));
        if !changes.is_empty() {
            found.extend(held.into_iter().map(|interval| Stale {
                interval,
                changes: changes.clone(),
            }));
        }
    }
    found.sort_by_key(|stale| stale.interval);
    found
}

/// Files of one source by their paths.
fn files<'a>(reads: &'a Reads, source: &str) -> BTreeMap<&'a str, &'a FileRead> {
    let sources = reads.sources.iter().filter(|read| read.source == source);
    sources
        .flat_map(|read| &read.files)
        .map(|file| (file.path.as_str(), file))
        .collect()
}

fn changes(before: &Reads, after: &Reads) -> Vec<String> {
    let mut names: Vec<&str> = before
        .sources
        .iter()
        .chain(&after.sources)
        .map(|read| read.source.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut changes = Vec::new();
    for source in names {
        let (old, new) = (files(before, source), files(after, source));
        for (path, file) in &old {
            match new.get(path) {
                None => changes.push(format!(
                    "source `{source}`: {path} is gone, or has no such rows any more"
                )),
                Some(now) if now != file => changes.push(format!("source `{source}`: {path} was rewritten")),
                Some(_) => {}
            }
        }
        let added = new.keys().filter(|path| !old.contains_key(*path));
        changes.extend(added.map(|path| format!("source `{source}`: {path} was added")));
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::{Attempt, SourceRead};
    use crate::time::Timestamp;

    fn between(start: i64, end: i64) -> Interval {
        Interval {
            start: Timestamp::from_micros(start),
            end: Timestamp::from_micros(end),
        }
    }

    fn read(files: &[(&str, u64)]) -> Reads {
        let file = |(path, size): &(&str, u64)| FileRead {
            path: (*path).to_owned(),
            size: *size,
            modified: Timestamp::from_micros(0),
            e_tag: None,
        };
        Reads {
            sources: vec![SourceRead {
                source: "s".into(),
                files: files.iter().map(file).collect(),
                version: None,
            }],
        }
    }

    fn job(interval: Interval, committed_ms: i64, files: &[(&str, u64)]) -> JobReads {
        JobReads {
            interval,
            attempt: Attempt::FIRST,
            reads: read(files),
            committed_ms,
        }
    }

    #[test]
    fn what_is_added_gone_and_rewritten_is_named() {
        let before = read(&[("a", 1), ("b", 2), ("c", 3)]);
        let after = read(&[("a", 1), ("b", 20), ("d", 4)]);
        assert_eq!(
            changes(&before, &after),
            [
                "source `s`: b was rewritten",
                "source `s`: c is gone, or has no such rows any more",
                "source `s`: d was added"
            ]
        );
        assert!(changes(&before, &before).is_empty());
    }

    #[test]
    fn only_rows_that_a_job_still_holds_are_stale() {
        let all = between(0, 10);
        let now = |_: Interval| read(&[("a", 2)]);
        let old = job(all, 1, &[("a", 1)]);
        let redone = job(between(3, 5), 2, &[("a", 2)]);
        let found: Vec<_> = compare(vec![old.clone(), redone], now)
            .into_iter()
            .map(|stale| stale.interval)
            .collect();
        assert_eq!(found, [between(0, 3), between(5, 10)]);
        // All of it was made again since.
        let again = job(all, 3, &[("a", 2)]);
        assert!(compare(vec![old, again], now).is_empty());
    }
}
