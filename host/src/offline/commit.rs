use std::time::{Duration, SystemTime};

use deltalake::DeltaTableError;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use futures::{StreamExt, TryStreamExt};
use serde_json::json;
use uuid::Uuid;

use super::application::application_id;
use super::replace::{Rewrites, replace};
use super::table::{CHECKPOINT_INTERVAL, FILES_AT_ONCE, State};
use super::{Attempt, JobReads, OfflineError, OfflineTable, Reads, Staged};
use crate::time::{Interval, union};

/// How often a commit is planned again because others were faster. Each time at least one of them has succeeded.
const TRIES: u32 = 100;

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
        let _one_at_a_time = self.committing.lock().await;
        let intervals = self.intervals_of(&jobs)?;
        let id = Uuid::new_v4().to_string();
        let base = self.version();
        let mut rewrites = Rewrites::default();
        let mut committed_ms = None;
        let mut failure = None;
        for attempt in 0..TRIES {
            self.refresh().await?;
            let state = self.state();
            if let Err(conflict) = self.check_attempts(&state, &jobs, &follows) {
                // A storage may fail to say that it succeeded.
                let ours = if attempt > 0 {
                    self.find_commit(&id, base).await?
                } else {
                    None
                };
                return ours.map(|version| committed(version, &jobs)).ok_or(conflict);
            }
            if let Some(failure) = failure {
                return Err(failure);
            }
            still().await?;
            let replacement = replace(self, &state, &intervals, &mut rewrites).await?;
            let committed_ms = match committed_ms {
                Some(time) => time,
                None => *committed_ms.insert(self.put_reads(&jobs).await?),
            };
            let (removed, rewritten) = (replacement.removed, replacement.rewritten);
            let actions = self.actions(&id, &jobs, &intervals, replacement.actions);
            match self.write(&state, &jobs, actions, committed_ms).await {
                Ok((version, upkeep)) => {
                    return Ok(Committed {
                        removed,
                        rewritten,
                        upkeep,
                        ..committed(version, &jobs)
                    });
                }
                Err(DeltaTableError::VersionAlreadyExists(_))
                | Err(DeltaTableError::Transaction {
                    source: TransactionError::MaxCommitAttempts(_),
                }) => {
                    // Different for each driver, so that they do not stay in step.
                    let spread = Uuid::new_v4().as_u128() % (1 << attempt.min(6));
                    tokio::time::sleep(Duration::from_millis(spread as u64)).await;
                }
                Err(error) => failure = Some(OfflineError::delta(self.name(), "the log cannot be written", error)),
            }
        }
        let reason = format!("others were faster {TRIES} times; the rows are staged but not committed");
        Err(OfflineError::Unavailable {
            table: self.name().to_owned(),
            reason,
            source: None,
        })
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
                async move { file.put(self.name(), store.as_ref(), time).await }
            });
            if new.buffer_unordered(FILES_AT_ONCE).try_all(std::future::ready).await? {
                return Ok(time);
            }
            time += 1;
        }
    }

    fn actions(&self, id: &str, jobs: &[JobCommit], intervals: &[Interval], replaced: Vec<Action>) -> Vec<Action> {
        // The library drops an engine's name, unless the whole of the commit's info comes from outside.
        let mut info = self.operation().get_commit_info();
        info.timestamp = Some(now_ms());
        info.engine_info = Some(format!("sandglass/{}", env!("CARGO_PKG_VERSION")));
        info.is_blind_append = Some(false);
        let intervals: Vec<_> = intervals
            .iter()
            .map(|interval| format!("{}/{}", interval.start, interval.end))
            .collect();
        let details = json!({ "commit": id, "jobs": jobs.len(), "intervals": intervals });
        info.info.insert("sandglass".to_owned(), details);
        let added = jobs
            .iter()
            .flat_map(|job| job.staged.adds.iter().cloned().map(Action::Add));
        std::iter::once(Action::CommitInfo(info))
            .chain(replaced)
            .chain(added)
            .collect()
    }

    fn operation(&self) -> DeltaOperation {
        DeltaOperation::Write {
            mode: SaveMode::Overwrite,
            partition_by: Some(vec![self.layout.partition.column().to_owned()]),
            predicate: None,
        }
    }

    /// Writes the version after `state`'s, and no other.
    async fn write(
        &self,
        state: &State,
        jobs: &[JobCommit],
        actions: Vec<Action>,
        committed_ms: i64,
    ) -> Result<(u64, Option<String>), DeltaTableError> {
        let transactions = jobs.iter().map(|job| {
            let id = application_id(self.name(), job.staged.interval);
            Transaction::new_with_last_update(id, job.attempt.as_i64(), Some(committed_ms))
        });
        let version = state.transactions.version + 1;
        let checkpoint = (version + 1).is_multiple_of(CHECKPOINT_INTERVAL);
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_application_transactions(transactions.collect())
            .with_create_checkpoint(checkpoint)
            .with_cleanup_expired_logs(Some(checkpoint));
        let prepared = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(&state.delta), self.log.clone(), self.operation())
            .into_prepared_commit_future()
            .await?;
        let written = prepared.await?;
        // From here on the commit is in the log, whatever happens.
        let upkeep = match written.await {
            Ok(finalized) => self
                .install(finalized.snapshot())
                .await
                .err()
                .map(|error| error.to_string()),
            Err(error) => Some(error.to_string()),
        };
        Ok((version, upkeep))
    }

    /// The version after `base` that has this commit.
    async fn find_commit(&self, id: &str, base: u64) -> Result<Option<u64>, OfflineError> {
        for version in base + 1..=self.version() {
            let entry = self.log.read_commit_entry(version).await;
            let entry = entry.map_err(|error| OfflineError::delta(self.name(), "the log cannot be read", error))?;
            if entry.is_some_and(|entry| entry.windows(id.len()).any(|text| text == id.as_bytes())) {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }
}

fn now_ms() -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "the log records when it was written, whatever time a command takes for now"
    )]
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(now.as_millis()).unwrap_or(i64::MAX)
}

fn committed(version: u64, jobs: &[JobCommit]) -> Committed {
    let added = jobs.iter().map(|job| job.staged.adds.len()).sum();
    Committed {
        version,
        added,
        removed: 0,
        rewritten: 0,
        upkeep: None,
    }
}
