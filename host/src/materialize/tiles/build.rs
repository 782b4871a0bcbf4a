use datafusion::prelude::{DataFrame, SessionContext};

use super::fold::{fold, fold_tiles};
use crate::materialize::MaterializeError;
use crate::materialize::error::label;
use crate::offline::{Attempt, Coverage, JobCommit, OfflineError, OfflineTable, Reads, SourceRead, Staged};
use crate::tile::{TileSpec, tiles_within};
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

impl TilesOutcome {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            jobs: self.jobs + other.jobs,
            tiles: self.tiles + other.tiles,
            bytes: self.bytes + other.bytes,
        }
    }
}

/// Makes the tiles that are missing of the rows that are there.
pub async fn build_tiles(
    session: &SessionContext,
    view: &str,
    spec: &TileSpec,
    rows: &OfflineTable,
    tiles: &OfflineTable,
    progress: impl FnMut(&TilesOutcome),
) -> Result<TilesOutcome, MaterializeError> {
    let of_rows = Derived {
        session,
        view,
        spec,
        from: rows,
        to: tiles,
        fold,
        missing: |rows: &Coverage, tiles: &Coverage| rows.missing_from(tiles),
    };
    of_rows.build(progress).await
}

/// Makes the longer tiles that are missing where all of their time is there.
pub async fn build_level(
    session: &SessionContext,
    view: &str,
    level: &TileSpec,
    tiles: &OfflineTable,
    longer: &OfflineTable,
    progress: impl FnMut(&TilesOutcome),
) -> Result<TilesOutcome, MaterializeError> {
    let of_tiles = Derived {
        session,
        view,
        spec: level,
        from: tiles,
        to: longer,
        fold: fold_tiles,
        missing: |tiles: &Coverage, longer: &Coverage| {
            let attempts = tiles.attempts();
            let there = tiles.union().into_iter();
            let sealed = there.flat_map(|interval| tiles_within(interval, level.interval));
            let sealed = sealed.filter_map(|tile| Some((tile, attempts.over(tile)?)));
            sealed
                .filter(|(tile, attempt)| longer.attempt(*tile) != Some(*attempt))
                .collect()
        },
    };
    of_tiles.build(progress).await
}

/// A table that is made of another one, interval by interval.
struct Derived<'a, M> {
    session: &'a SessionContext,
    view: &'a str,
    spec: &'a TileSpec,
    from: &'a OfflineTable,
    to: &'a OfflineTable,
    fold: fn(DataFrame, &TileSpec) -> datafusion::common::Result<DataFrame>,
    /// What is missing, in order, by what the two tables cover.
    missing: M,
}

impl<M: Fn(&Coverage, &Coverage) -> Vec<(Interval, Attempt)>> Derived<'_, M> {
    async fn build(&self, mut progress: impl FnMut(&TilesOutcome)) -> Result<TilesOutcome, MaterializeError> {
        let mut outcome = TilesOutcome::default();
        for _ in 0..TRIES {
            self.from.refresh().await?;
            self.to.refresh().await?;
            let left = (self.missing)(&self.from.coverage(), &self.to.coverage());
            if left.is_empty() {
                return Ok(outcome);
            }
            for jobs in rounds(&left) {
                let Some(range) = hull(jobs) else { continue };
                match self.round(range, jobs).await {
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
            table: self.to.name().to_owned(),
            reason,
            source: None,
        }
        .into())
    }

    async fn round(&self, range: Interval, jobs: &[(Interval, Attempt)]) -> Result<Staged, MaterializeError> {
        let Self {
            session,
            view,
            spec,
            from: rows,
            to: tiles,
            fold,
            ..
        } = *self;
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
            match changed.is_some_and(|changed| changed.intervals.iter().all(|changed| !changed.overlaps(&range))) {
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
