use std::sync::Arc;

use datafusion::prelude::SessionContext;
use futures::stream::{FuturesUnordered, StreamExt};

use super::dead::{DeadLetters, JobLetters};
use super::error::MaterializeError;
use super::job::{JobReport, stage_job};
use crate::offline::{Coverage, JobCommit, OfflineTable};
use crate::plan::Job;
use crate::project::CompiledView;
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
}

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
    /// The jobs.
    pub jobs: &'a [Job],
}

/// What came of a view's jobs.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Jobs that are committed.
    pub jobs: usize,
    /// Commits that they share.
    pub commits: usize,
    /// What went wrong after a commit was in the log; a later commit tries again.
    pub upkeep: Option<String>,
    /// All of them together.
    pub report: JobReport,
}

/// Jobs that have finished are committed together, at most so many: a crash loses no more than their work.
const COMMIT_JOBS: usize = 32;

/// Runs a view's jobs and commits them. What is committed when a job fails stays: the next call plans what is left.
/// `progress` is told how many jobs are committed and how many rows they have.
pub async fn materialize(
    settings: &Settings,
    task: Task<'_>,
    mut progress: impl FnMut(usize, u64),
) -> Result<Outcome, MaterializeError> {
    let Task {
        compiled,
        table,
        dead,
        coverage,
        jobs,
    } = task;
    let mut outcome = Outcome::default();
    let mut left = jobs.iter();
    let mut running = FuturesUnordered::new();
    let mut finished: Vec<JobCommit> = Vec::new();
    let mut letters_of_finished: Vec<JobLetters> = Vec::new();
    let mut failure = None;
    loop {
        while failure.is_none() && running.len() < settings.parallel.max(1) {
            let Some(job) = left.next() else { break };
            let (settings, compiled, table) = (settings.clone(), compiled.clone(), table.clone());
            let attempt = coverage.next_attempt(job.interval);
            let interval = job.interval;
            // A task of its own, so that jobs share the machine's cores.
            running.push(tokio::spawn(async move {
                let Settings { session, guests, .. } = &settings;
                let letters = Letters::new(compiled.view.max_rejected);
                let staged = stage_job(session, guests, &compiled, &table, interval, &letters).await;
                let letters = JobLetters {
                    interval,
                    letters: letters.all(),
                };
                let job = staged.map(|(staged, reads, report)| (JobCommit { staged, attempt, reads }, report));
                (job, letters)
            }));
        }
        let Some(joined) = running.next().await else { break };
        match joined {
            Ok((Ok((job, report)), letters)) => {
                outcome.report.add(&report);
                finished.push(job);
                letters_of_finished.push(letters);
            }
            Ok((Err(error), letters)) => {
                // The job's own error says more than that its letters cannot be written.
                let _ = dead.write(vec![letters]).await;
                failure = failure.or(Some(error));
            }
            Err(error) => {
                failure = failure.or(Some(MaterializeError::Engine {
                    label: compiled.view.name.clone(),
                    message: format!("a job panicked: {error}"),
                }));
            }
        }
        let over = running.is_empty() && (failure.is_some() || left.len() == 0);
        if finished.len() >= COMMIT_JOBS || (over && !finished.is_empty()) {
            outcome.jobs += finished.len();
            outcome.commits += 1;
            dead.write(std::mem::take(&mut letters_of_finished)).await?;
            let committed = table.commit(std::mem::take(&mut finished)).await?;
            outcome.upkeep = committed.upkeep.or(outcome.upkeep);
            progress(outcome.jobs, outcome.report.rows);
        }
    }
    match failure {
        Some(error) => Err(error),
        None => Ok(outcome),
    }
}
