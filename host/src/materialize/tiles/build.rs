use datafusion::prelude::SessionContext;

use super::fold::fold;
use crate::materialize::MaterializeError;
use crate::materialize::error::label;
use crate::offline::{Attempt, JobCommit, OfflineError, OfflineTable, Reads, SourceRead, Staged};
use crate::tile::TileSpec;
use crate::time::Interval;

/// Jobs whose tiles are made by one plan and committed together, at most so many: what a kill loses.
const COMMIT_JOBS: usize = 512;

/// Times that tiles are made again because their rows have changed meanwhile.
const TRIES: usize = 10;

/// What making tiles came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TilesOutcome {
    /// Jobs whose tiles were made.
    pub jobs: usize,
    /// Tiles.
    pub tiles: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// Makes the tiles that are missing of the rows that are there.
pub async fn build_tiles(
    session: &SessionContext,
    view: &str,
    spec: &TileSpec,
    rows: &OfflineTable,
    tiles: &OfflineTable,
    mut progress: impl FnMut(&TilesOutcome),
) -> Result<TilesOutcome, MaterializeError> {
    let mut outcome = TilesOutcome::default();
    for _ in 0..TRIES {
        rows.refresh().await?;
        tiles.refresh().await?;
        let left = rows.coverage().missing_from(&tiles.coverage());
        if left.is_empty() {
            return Ok(outcome);
        }
        for jobs in rounds(&left) {
            let Some(range) = hull(jobs) else { continue };
            match round(session, view, spec, rows, tiles, range, jobs).await {
                Ok(done) => {
                    outcome.jobs += jobs.len();
                    outcome.tiles += done.rows;
                    outcome.bytes += done.bytes;
                    progress(&outcome);
                }
                // Somebody else was faster, or the rows have changed.
                Err(MaterializeError::Offline(OfflineError::Conflict { .. })) => break,
                Err(error) => return Err(error),
            }
        }
    }
    let reason = format!("rows have changed {TRIES} times while their tiles were made");
    Err(OfflineError::Unavailable {
        table: tiles.name().to_owned(),
        reason,
        source: None,
    }
    .into())
}

/// Neighbouring jobs that do not overlap.
fn rounds(left: &[(Interval, Attempt)]) -> impl Iterator<Item = &[(Interval, Attempt)]> {
    let mut rest = left;
    std::iter::from_fn(move || {
        let pairs = rest.windows(2).take(COMMIT_JOBS - 1);
        let neighbours = pairs.take_while(|pair| pair[0].0.end == pair[1].0.start).count();
        let count = (neighbours + 1).min(rest.len());
        let (first, others) = rest.split_at(count);
        rest = others;
        (!first.is_empty()).then_some(first)
    })
}

fn hull(jobs: &[(Interval, Attempt)]) -> Option<Interval> {
    let ((first, _), (last, _)) = (jobs.first()?, jobs.last()?);
    Some(Interval {
        start: first.start,
        end: last.end,
    })
}

async fn round(
    session: &SessionContext,
    view: &str,
    spec: &TileSpec,
    rows: &OfflineTable,
    tiles: &OfflineTable,
    range: Interval,
    jobs: &[(Interval, Attempt)],
) -> Result<Staged, MaterializeError> {
    let label = label(view, range);
    let engine = |error| MaterializeError::from_plan(&label, error);
    let version = rows.version();
    let stream = fold(rows.scan(session, Some(range), None)?, spec)
        .map_err(engine)?
        .execute_stream()
        .await
        .map_err(engine)?;
    let staged = tiles
        .stage(range, stream)
        .await
        .map_err(|error| MaterializeError::from_store(&label, error))?;
    let reads = Reads {
        sources: vec![SourceRead {
            source: rows.name().to_owned(),
            version: Some(version),
            files: Vec::new(),
        }],
    };
    let mut files = staged.adds.clone();
    let commits = jobs.iter().map(|(interval, attempt)| JobCommit {
        staged: Staged {
            interval: *interval,
            // Together they are the files of all.
            adds: std::mem::take(&mut files),
            rows: staged.rows,
            bytes: staged.bytes,
        },
        attempt: *attempt,
        reads: reads.clone(),
    });
    let still = async || {
        rows.refresh().await?;
        let changed = rows.changed_since(version).await?;
        match changed.is_some_and(|changed| changed.iter().all(|changed| !changed.overlaps(&range))) {
            true => Ok(()),
            false => Err(OfflineError::Conflict {
                table: tiles.name().to_owned(),
                interval: range,
                reason: "its rows have changed while their tiles were made".to_owned(),
            }),
        }
    };
    tiles.commit_derived(commits.collect(), still).await?;
    Ok(staged)
}
