use std::collections::HashMap;

use datafusion::logical_expr::not;
use datafusion::prelude::SessionContext;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, Add, LogicalFileView, Transaction};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTableError, delta_datafusion::FileSelection};
use futures::StreamExt;

use super::coverage::{Done, application_id};
use super::error::OfflineError;
use super::reads::Reads;
use super::table::{OfflineTable, column};
use super::write::{Staged, writer};
use crate::time::{Interval, Timestamp};

/// A staged job, ready to be made visible.
#[derive(Debug, Clone)]
pub struct JobCommit {
    /// Its files.
    pub staged: Staged,
    /// One more than the attempts that were done when it was planned.
    pub attempt: i64,
    /// What it read.
    pub reads: Reads,
}

/// How often a commit is planned anew because other jobs were committed meanwhile.
const TRIES: usize = 64;

/// Makes jobs visible in one commit, each replacing all rows of its interval.
///
/// # Errors
/// [`OfflineError::Conflict`] if somebody has done one of the jobs since it was planned; nothing is visible then.
pub async fn commit(table: &mut OfflineTable, jobs: &[JobCommit]) -> Result<u64, OfflineError> {
    for job in jobs {
        let done = Done {
            interval: job.staged.interval,
            attempt: job.attempt,
        };
        table.put_reads(&done, &job.reads).await?;
    }
    let transactions: Vec<Transaction> = jobs
        .iter()
        .map(|job| Transaction::new(application_id(&table.spec.name, job.staged.interval), job.attempt))
        .collect();
    for _ in 0..TRIES {
        table.refresh().await?;
        let coverage = table.coverage().await?;
        for job in jobs {
            let attempts = coverage.attempts(job.staged.interval);
            if attempts + 1 != job.attempt {
                let interval = job.staged.interval;
                let message = format!(
                    "somebody else has done the job of {interval} meanwhile (attempt {attempts} is there, this is {})",
                    job.attempt
                );
                return Err(OfflineError::Conflict {
                    table: table.spec.name.to_string(),
                    message,
                });
            }
        }
        let actions = replace(table, jobs).await?;
        let intervals: Vec<String> = jobs.iter().map(|job| job.staged.interval.to_string()).collect();
        let metadata = HashMap::from([
            (
                "engineInfo".to_owned(),
                serde_json::json!(concat!("sandglass/", env!("CARGO_PKG_VERSION"))),
            ),
            ("sandglass.intervals".to_owned(), serde_json::json!(intervals)),
        ]);
        // No retries of the library's own: they would keep actions that were planned against an older version.
        let properties = CommitProperties::default()
            .with_max_retries(0)
            .with_metadata(metadata)
            .with_cleanup_expired_logs(Some(false))
            .with_application_transactions(transactions.clone());
        let partition = vec![table.spec.granularity.column().to_owned()];
        let operation = DeltaOperation::Write {
            mode: SaveMode::Append,
            partition_by: Some(partition),
            predicate: None,
        };
        let state = table.table.snapshot().map_err(|error| table.delta(error))?.clone();
        let committed = CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(&state), table.table.log_store(), operation)
            .await;
        match committed {
            Ok(commit) => {
                let version = commit.version();
                table.refresh().await?;
                return Ok(version);
            }
            Err(
                DeltaTableError::VersionAlreadyExists(_)
                | DeltaTableError::Transaction {
                    source: TransactionError::MaxCommitAttempts(_) | TransactionError::VersionAlreadyExists(_),
                },
            ) => {}
            Err(error) => return Err(table.delta(error)),
        }
    }
    let message = format!("{TRIES} other commits came in between");
    Err(OfflineError::Conflict {
        table: table.spec.name.to_string(),
        message,
    })
}

/// The jobs' files, and the files that they replace. A file that lies in part outside of the intervals is written anew with
/// the rows that stay.
async fn replace(table: &OfflineTable, jobs: &[JobCommit]) -> Result<Vec<Action>, OfflineError> {
    let intervals: Vec<Interval> = jobs.iter().map(|job| job.staged.interval).collect();
    let mut actions: Vec<Action> = jobs
        .iter()
        .flat_map(|job| job.staged.adds.iter().cloned())
        .map(Action::Add)
        .collect();
    let mut partial = Vec::new();
    let snapshot = table.snapshot()?;
    let log_data = snapshot.try_log_data().map_err(|error| table.delta(error))?;
    for file in log_data.iter() {
        let range = time_range(&file, &table.spec.time_column);
        let touched = match range {
            None => true,
            Some(range) => intervals.iter().any(|interval| interval.overlaps(&range)),
        };
        if !touched {
            continue;
        }
        actions.push(Action::Remove(file.remove_action(true)));
        let covered = range.is_some_and(|range| {
            intervals
                .iter()
                .any(|interval| interval.start <= range.start && range.end <= interval.end)
        });
        if !covered {
            partial.push(file.add_action());
        }
    }
    if !partial.is_empty() {
        let kept = rewrite(table, partial, &intervals).await?;
        actions.extend(kept.into_iter().map(Action::Add));
    }
    Ok(actions)
}

/// The time of a file's rows as its statistics have it, widened to what they can hide: Delta cuts them to milliseconds.
fn time_range(file: &LogicalFileView, time_column: &str) -> Option<Interval> {
    let stats: serde_json::Value = serde_json::from_str(&file.stats()?).ok()?;
    let at = |which: &str| stats.get(which)?.get(time_column)?.as_str()?.parse::<Timestamp>().ok();
    let millisecond = crate::time::Span::from_micros(1_000);
    Interval::new(at("minValues")?, at("maxValues")?.saturating_add(millisecond))
}

async fn rewrite(table: &OfflineTable, files: Vec<Add>, without: &[Interval]) -> Result<Vec<Add>, OfflineError> {
    let failed = |error: datafusion::common::DataFusionError| table.io(&error.strip_backtrace());
    let session = SessionContext::new();
    let selection = FileSelection::from_adds(files);
    let provider = table
        .table
        .table_provider()
        .with_file_selection(selection)
        .build()
        .await;
    let provider = provider.map_err(|error| table.delta(error.into()))?;
    let mut frame = session.read_table(std::sync::Arc::new(provider)).map_err(failed)?;
    for interval in without {
        frame = frame.filter(not(table.in_range(*interval))).map_err(failed)?;
    }
    let columns: Vec<_> = table
        .spec
        .schema
        .fields()
        .iter()
        .map(|field| column(field.name()))
        .collect();
    let time = column(&table.spec.time_column).sort(true, true);
    let mut rows = frame
        .select(columns)
        .and_then(|frame| frame.sort(vec![time]))
        .map_err(failed)?
        .execute_stream()
        .await
        .map_err(failed)?;
    let mut writer = writer(table)?;
    while let Some(batch) = rows.next().await {
        let batch = table.retyped(&batch.map_err(failed)?)?;
        if batch.num_rows() > 0 {
            writer
                .write(&table.partitioned(&batch, None)?)
                .await
                .map_err(|error| table.delta(error))?;
        }
    }
    writer.close().await.map_err(|error| table.delta(error))
}
