use deltalake::Path;
use deltalake::kernel::{Action, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use futures::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use serde_json::json;

use super::application::application_id;
use super::next::{LOST_MAX, Newest, Planned, now_ms};
use super::replace::{Rewrites, replace};
use super::table::{FILES_AT_ONCE, State};
use super::{Attempt, JobReads, OfflineError, OfflineTable, Reads, Staged};
use crate::error::{Classified, Kind};
use crate::time::{Interval, union};

/// A job that is to be made visible.
#[derive(Debug, Clone)]
pub struct JobCommit {
    /// Its rows.
    pub staged: Staged,
    /// One more than the last attempt in the log when the job was planned.
    pub attempt: Attempt,
    /// What it read.
    pub reads: Reads,
}

/// A commit that is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// The version that it made.
    pub version: u64,
    /// Files of the jobs.
    pub added: usize,
    /// Files that were taken away.
    pub removed: usize,
    /// Files that hold what was left of some that were taken away.
    pub rewritten: usize,
    /// What went wrong after the commit was in the log (a checkpoint, log clean-up): nothing is lost, and a later
    /// commit tries again.
    pub upkeep: Option<String>,
}

impl OfflineTable {
    /// Puts the rows of all jobs in the place of every row that their intervals held, in one version. The jobs' intervals
    /// must not overlap each other.
    ///
    /// It is planned on the newest version and goes into the log as the very next one, or is planned again: so the
    /// attempts, and what is removed, are right at that place in the log. [`OfflineError::Conflict`] if an attempt
    /// is not the next of its interval there. An error of another kind says that the commit is not in the
    /// log, except [`OfflineError::Unavailable`], after which the coverage says whether it is.
    pub async fn commit(&self, jobs: Vec<JobCommit>) -> Result<Committed, OfflineError> {
        let next = |last: Option<Attempt>| last.map_or(Attempt::FIRST, Attempt::next);
        self.commit_if(jobs, |last, attempt| next(last) == attempt, async || Ok(()))
            .await
    }

    /// The same for a table that is derived from another: a job's attempt is that of the rows that it was made from, so it is later
    /// than the last one in the log, and `still` says whether those are still the rows of its interval. It is asked after the log
    /// was read that the commit follows: whoever derives anything of later rows has these committed before, so either it is seen
    /// here, or it takes the place of this commit.
    pub async fn commit_derived(
        &self,
        jobs: Vec<JobCommit>,
        still: impl AsyncFn() -> Result<(), OfflineError>,
    ) -> Result<Committed, OfflineError> {
        let later = |last: Option<Attempt>, attempt: Attempt| last.is_none_or(|last| last < attempt);
        self.commit_if(jobs, later, still).await
    }

    async fn commit_if(
        &self,
        jobs: Vec<JobCommit>,
        follows: impl Fn(Option<Attempt>, Attempt) -> bool,
        still: impl AsyncFn() -> Result<(), OfflineError>,
    ) -> Result<Committed, OfflineError> {
        let intervals = self.intervals_of(&jobs)?;
        let mut rewrites = Rewrites::default();
        let mut committed_ms = None;
        let mut entry = self.entry().await;
        loop {
            let state = match entry.newest().await? {
                Newest::Plan(state) => state,
                Newest::Entered(version) => return Ok(committed(version, &jobs)),
            };
            self.check_layout(&state)?;
            self.check_attempts(&state, &jobs, &follows)?;
            still().await?;
            self.check_staged(jobs.iter().map(|job| &job.staged)).await?;
            let replacement = replace(self, &state, &intervals, &mut rewrites).await?;
            let committed_ms = match committed_ms {
                Some(time) => time,
                None => *committed_ms.insert(self.put_reads(&jobs).await?),
            };
            let mut actions = replacement.actions;
            let added = jobs.iter().flat_map(|job| job.staged.adds.iter().cloned());
            actions.extend(added.map(Action::Add));
            let transactions = jobs.iter().map(|job| {
                let id = application_id(self.name(), job.staged.interval);
                Transaction::new_with_last_update(id, job.attempt.as_i64(), Some(committed_ms))
            });
            let planned = Planned {
                operation: self.operation(SaveMode::Overwrite),
                actions,
                transactions: transactions.collect(),
                details: details(&jobs, &intervals),
            };
            if let Some(entered) = entry.write(&state, planned).await? {
                return Ok(Committed {
                    removed: replacement.removed,
                    rewritten: replacement.rewritten,
                    upkeep: entered.upkeep,
                    ..committed(entered.version, &jobs)
                });
            }
        }
    }

    /// The jobs' intervals, joined.
    fn intervals_of(&self, jobs: &[JobCommit]) -> Result<Vec<Interval>, OfflineError> {
        if jobs.is_empty() {
            return Err(OfflineError::internal(self.name(), "a commit of no job"));
        }
        let mut intervals: Vec<_> = jobs.iter().map(|job| job.staged.interval).collect();
        intervals.sort();
        if let Some(pair) = intervals.windows(2).find(|pair| pair[0].overlaps(&pair[1])) {
            let reason = format!("jobs of one commit overlap: {} and {}", pair[0], pair[1]);
            return Err(OfflineError::internal(self.name(), reason));
        }
        Ok(union(intervals))
    }

    fn check_attempts(
        &self,
        state: &State,
        jobs: &[JobCommit],
        follows: impl Fn(Option<Attempt>, Attempt) -> bool,
    ) -> Result<(), OfflineError> {
        for job in jobs {
            let interval = job.staged.interval;
            let last = state.transactions.last.get(&interval).map(|entry| entry.attempt);
            if !follows(last, job.attempt) {
                let found = last.map_or("none".to_owned(), |last| format!("attempt {last}"));
                return Err(OfflineError::Conflict {
                    table: self.name().to_owned(),
                    interval,
                    reason: format!("this is attempt {}, and the last in the log is {found}", job.attempt),
                });
            }
        }
        Ok(())
    }

    /// Writes down what the jobs read, under a time that no other driver has for one of them.
    async fn put_reads(&self, jobs: &[JobCommit]) -> Result<i64, OfflineError> {
        let store = self.log.object_store(None);
        let mut time = now_ms();
        loop {
            let files: Vec<_> = (jobs.iter())
                .map(|job| JobReads {
                    interval: job.staged.interval,
                    attempt: job.attempt,
                    reads: job.reads.clone(),
                    committed_ms: time,
                })
                .collect();
            let new = futures::stream::iter(files).map(|file| {
                let store = &store;
                async move {
                    let mut lost = 0;
                    loop {
                        match file.put(self.name(), store.as_ref(), time).await {
                            // It may be there by now; then another time is taken.
                            Err(error) if lost < LOST_MAX && error.kind() == Kind::Unavailable => lost += 1,
                            done => return done,
                        }
                    }
                }
            });
            if new.buffer_unordered(FILES_AT_ONCE).try_all(std::future::ready).await? {
                return Ok(time);
            }
            time += 1;
        }
    }

    /// Whether the jobs' files are still there: what was staged long ago may have been taken for what a killed job left.
    pub(super) async fn check_staged(&self, staged: impl Iterator<Item = &Staged>) -> Result<(), OfflineError> {
        let store = self.log.object_store(None);
        let adds = staged.flat_map(|staged| &staged.adds);
        let paths: Vec<_> = adds.map(|add| Path::from(add.path.as_str())).collect();
        let heads = futures::stream::iter(paths).map(|path| {
            let store = &store;
            async move { (store.head(&path).await, path) }
        });
        let mut heads = heads.buffer_unordered(FILES_AT_ONCE);
        while let Some((head, path)) = heads.next().await {
            head.map_err(|error| match error {
                object_store::Error::NotFound { .. } => OfflineError::Unavailable {
                    table: self.name().to_owned(),
                    reason: format!("{path} was removed before it was committed; run the job again"),
                    source: None,
                },
                error => OfflineError::storage(self.name(), &format!("{path} cannot be looked for"), error),
            })?;
        }
        Ok(())
    }

    pub(super) fn operation(&self, mode: SaveMode) -> DeltaOperation {
        DeltaOperation::Write {
            mode,
            partition_by: Some(vec![self.layout.partition.column().to_owned()]),
            predicate: None,
        }
    }
}

fn details(jobs: &[JobCommit], intervals: &[Interval]) -> serde_json::Map<String, serde_json::Value> {
    let intervals: Vec<_> = intervals
        .iter()
        .map(|interval| format!("{}/{}", interval.start, interval.end))
        .collect();
    [("jobs", json!(jobs.len())), ("intervals", json!(intervals))]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

fn committed(version: u64, jobs: &[JobCommit]) -> Committed {
    Committed {
        version,
        added: jobs.iter().map(|job| job.staged.adds.len()).sum(),
        removed: 0,
        rewritten: 0,
        upkeep: None,
    }
}
