use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use datafusion::prelude::SessionContext;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::task::{JoinError, JoinHandle};

use super::dead::{DeadLetters, JobLetters};
use super::error::MaterializeError;
use super::job::{JobReport, stage_job};
use super::shared::{SharedInputs, chains};
use crate::offline::{Attempt, Coverage, JobCommit, OfflineTable};
use crate::plan::Job;
use crate::project::CompiledView;
use crate::source::Window;
use crate::time::Interval;
use crate::transform::{Guests, Letters};

/// How jobs are run.
#[derive(Clone)]
pub struct Settings {
    /// DataFusion's session, with its memory pool.
    pub session: SessionContext,
    /// Where guests run.
    pub guests: Guests,
    /// Jobs at once.
    pub parallel: usize,
    /// Source rows that jobs share are held in memory up to here, and on disk beyond.
    pub shared_bytes_max: usize,
    /// How often what could not be reached is tried again without any progress in between.
    pub retries: u32,
    /// How long the first retry waits; each waits twice as long as the one before, up to a minute.
    pub retry_after: Duration,
}

/// The longest wait before a retry.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);

/// The jobs of one view.
pub struct Task<'a> {
    /// The view.
    pub compiled: &'a CompiledView,
    /// Its table.
    pub table: Arc<OfflineTable>,
    /// Where the rows go that its transformation cannot use.
    pub dead: &'a DeadLetters,
    /// What was done when the jobs were planned.
    pub coverage: &'a Coverage,
    /// The jobs, in the order of their intervals.
    pub jobs: &'a [Job],
}

/// What came of a view's jobs.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Jobs that are committed.
    pub jobs: usize,
    /// Commits that they share.
    pub commits: usize,
    /// Times that jobs were tried again.
    pub retries: u32,
    /// What went wrong after a commit was in the log; a later commit tries again.
    pub upkeep: Option<String>,
    /// All of them together.
    pub report: JobReport,
}

/// What is told while jobs run.
pub enum Progress<'a> {
    /// So many jobs are committed, with so many rows.
    Committed {
        /// Jobs.
        jobs: usize,
        /// Rows.
        rows: u64,
    },
    /// Something could not be reached, and is tried again after a while.
    Retrying {
        /// What went wrong.
        error: &'a MaterializeError,
        /// How long until then.
        after: Duration,
    },
}

/// What a view's jobs ended with. What was committed before stays: the next call plans what is left.
#[derive(Debug)]
pub struct Failure {
    /// Why.
    pub error: MaterializeError,
    /// The job, if it was one.
    pub interval: Option<Interval>,
    /// What was done before.
    pub outcome: Outcome,
}

/// Jobs that have finished are committed together, at most so many: a crash loses no more than their work.
const COMMIT_JOBS: usize = 32;

/// Runs a view's jobs and commits them.
pub async fn materialize(
    settings: &Settings,
    task: Task<'_>,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<Outcome, Box<Failure>> {
    let mut drive = Drive {
        settings,
        task: &task,
        progress: &mut progress,
        outcome: Outcome::default(),
        done: HashSet::new(),
        finished: Vec::new(),
        letters: Vec::new(),
        failure: None,
    };
    let mut tries = 0;
    loop {
        let before = drive.outcome.jobs;
        let left: Vec<Job> = task
            .jobs
            .iter()
            .filter(|job| !drive.done.contains(&job.interval))
            .copied()
            .collect();
        for chain in chains(task.compiled, &left) {
            drive.chain(chain).await;
            if drive.failure.is_some() {
                break;
            }
        }
        drive.commit().await;
        let Some((error, interval)) = drive.failure.take() else {
            return Ok(drive.outcome);
        };
        if drive.outcome.jobs > before {
            tries = 0;
        }
        if tries >= settings.retries || !error.is_worth_retrying() {
            let outcome = drive.outcome;
            return Err(Box::new(Failure {
                error,
                interval,
                outcome,
            }));
        }
        let after = settings
            .retry_after
            .saturating_mul(1 << tries.min(16))
            .min(RETRY_AFTER_MAX);
        (drive.progress)(Progress::Retrying { error: &error, after });
        tokio::time::sleep(after).await;
        tries += 1;
        drive.outcome.retries += 1;
    }
}

/// A job that has run, and the letters that it leaves in any case.
type Ran = (Result<(JobCommit, JobReport), MaterializeError>, JobLetters);

struct Drive<'a> {
    settings: &'a Settings,
    task: &'a Task<'a>,
    progress: &'a mut dyn FnMut(Progress<'_>),
    outcome: Outcome,
    /// Committed.
    done: HashSet<Interval>,
    /// Not committed yet.
    finished: Vec<(JobCommit, JobReport)>,
    letters: Vec<JobLetters>,
    /// The first; the others are likely the same.
    failure: Option<(MaterializeError, Option<Interval>)>,
}

impl Drive<'_> {
    /// Runs neighbouring jobs, some at once. Those that run when one fails come to their end.
    async fn chain(&mut self, chain: &[Job]) {
        let Settings {
            session,
            parallel,
            shared_bytes_max,
            ..
        } = self.settings;
        let mut shared = None;
        if chain.len() > 1 {
            match SharedInputs::open(session, self.task.compiled, chain, *shared_bytes_max).await {
                Ok(inputs) => shared = Some(inputs),
                Err(error) => return self.fail(error, None),
            }
        }
        let mut left = chain.iter();
        let mut running = FuturesUnordered::new();
        loop {
            while self.failure.is_none() && running.len() < (*parallel).max(1) {
                let Some(job) = left.next() else { break };
                let windows = match &mut shared {
                    None => None,
                    Some(shared) => match shared.windows(self.task.compiled, job.interval).await {
                        Ok(windows) => Some(windows),
                        Err(error) => {
                            self.fail(error, Some(job.interval));
                            break;
                        }
                    },
                };
                let attempt = self.task.coverage.next_attempt(job.interval);
                running.push(self.spawn(job.interval, attempt, windows));
            }
            let Some(ran) = running.next().await else { break };
            self.ran(ran).await;
            if self.finished.len() >= COMMIT_JOBS {
                self.commit().await;
            }
        }
        if let Some(shared) = shared {
            self.outcome.report.add(&shared.report());
        }
    }

    /// A task of its own, so that jobs share the machine's cores.
    fn spawn(&self, interval: Interval, attempt: Attempt, windows: Option<Vec<Window>>) -> JoinHandle<Ran> {
        let (settings, compiled) = (self.settings.clone(), self.task.compiled.clone());
        let table = Arc::clone(&self.task.table);
        tokio::spawn(async move {
            let Settings { session, guests, .. } = &settings;
            let letters = Letters::new(compiled.view.max_rejected);
            let staged = stage_job(session, guests, &compiled, &table, interval, &letters, windows).await;
            let letters = JobLetters {
                interval,
                letters: letters.all(),
            };
            let job = staged.map(|(staged, reads, report)| (JobCommit { staged, attempt, reads }, report));
            (job, letters)
        })
    }

    async fn ran(&mut self, ran: Result<Ran, JoinError>) {
        match ran {
            Ok((Ok(job), letters)) => {
                self.finished.push(job);
                self.letters.push(letters);
            }
            Ok((Err(error), letters)) => {
                let interval = letters.interval;
                // The job's own error says more than that its letters cannot be written.
                let _ = self.task.dead.write(vec![letters]).await;
                self.fail(error, Some(interval));
            }
            Err(error) => {
                let label = self.task.compiled.view.name.clone();
                let message = format!("a job panicked: {error}");
                self.fail(MaterializeError::Engine { label, message }, None);
            }
        }
    }

    fn fail(&mut self, error: MaterializeError, interval: Option<Interval>) {
        let error = error.or_unreachable(self.task.compiled);
        self.failure.get_or_insert((error, interval));
    }

    /// Commits what has finished: letters first, so that a kill in between doubles nothing.
    async fn commit(&mut self) {
        if self.finished.is_empty() {
            return;
        }
        let (jobs, reports): (Vec<_>, Vec<_>) = std::mem::take(&mut self.finished).into_iter().unzip();
        let intervals: Vec<Interval> = jobs.iter().map(|job| job.staged.interval).collect();
        let letters = std::mem::take(&mut self.letters);
        let committed = match self.task.dead.write(letters).await {
            Ok(()) => self.task.table.commit(jobs).await.map_err(MaterializeError::from),
            Err(error) => Err(error.into()),
        };
        match committed {
            Ok(committed) => {
                reports.iter().for_each(|report| self.outcome.report.add(report));
                self.outcome.jobs += intervals.len();
                self.outcome.commits += 1;
                self.outcome.upkeep = committed.upkeep.or(self.outcome.upkeep.take());
                self.done.extend(intervals);
                (self.progress)(Progress::Committed {
                    jobs: self.outcome.jobs,
                    rows: self.outcome.report.rows,
                });
            }
            Err(error) => self.fail(error, None),
        }
    }
}
