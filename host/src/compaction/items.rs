//! Items of a view, made of its rows or tiles.

use datafusion::prelude::{DataFrame, SessionContext};
use futures::StreamExt;

use super::affected::Keys;
use super::error::CompactionError;
use super::latest::{self, Latest};
use super::report::Report;
use super::visible::Visible;
use super::windowed::{self, Windowed};
use crate::offline::{Attempts, Coverage, OfflineTable};
use crate::online::Item;
use crate::tile::{Cover, TileSpec, tiles_within};
use crate::time::{Interval, Span};

/// Items by key, in the order of the keys.
pub(super) type Items = Vec<(Vec<u8>, Item)>;

/// What items were made of.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Made {
    /// Tiles or rows.
    pub(super) rows: u64,
    /// Results that did not fit their type and are null.
    pub(super) overflows: u64,
}

impl Made {
    pub(super) fn add_to(self, report: &mut Report) {
        report.rows_read += self.rows;
        report.overflows += self.overflows;
    }
}

/// Makes the items of these keys, or of all, and hands them out in batches in the order of the keys.
pub(super) async fn make(
    session: &SessionContext,
    visible: &Visible<'_>,
    keys: Option<&Keys>,
    mut out: impl AsyncFnMut(Items),
) -> Result<Made, CompactionError> {
    if keys.is_some_and(|keys| keys.encoded.is_empty()) {
        return Ok(Made::default());
    }
    let label = visible.label();
    let failed = |error| CompactionError::from_plan(&label, error);
    let session = &keys.map_or_else(|| session.clone(), |_| Keys::skipping(session));
    let all = match visible.tiles {
        Some((spec, tiles)) => covering(session, visible, spec, tiles)?,
        None => visible.rows.scan(session, Some(visible.alive()), None)?,
    };
    let some = match keys {
        Some(keys) => keys.only(session, visible, all).map_err(failed)?,
        None => all,
    };
    let sorted = match visible.tiles {
        Some((spec, _)) => windowed::sorted(spec, some),
        None => latest::sorted(visible, some),
    };
    let mut rows = sorted.map_err(failed)?.execute_stream().await.map_err(failed)?;
    let mut made = Made::default();
    match visible.tiles {
        Some((spec, _)) => {
            let mut windowed = Windowed::new(visible, spec);
            while let Some(batch) = rows.next().await {
                let batch = batch.map_err(failed)?;
                made.rows += batch.num_rows() as u64;
                out(windowed.push(&batch)?).await;
            }
            let (items, overflows) = windowed.finish()?;
            made.overflows = overflows;
            out(items).await;
        }
        None => {
            let mut latest = Latest::new(visible);
            while let Some(batch) = rows.next().await {
                let batch = batch.map_err(failed)?;
                made.rows += batch.num_rows() as u64;
                out(latest.push(&batch)?).await;
            }
            out(latest.finish()).await;
        }
    }
    Ok(made)
}

/// The tiles that values at the edge are made of, the longest that there are.
fn covering(
    session: &SessionContext,
    visible: &Visible<'_>,
    spec: &TileSpec,
    tiles: &OfflineTable,
) -> Result<DataFrame, CompactionError> {
    let (specs, tables): (Vec<TileSpec>, Vec<&OfflineTable>) = (visible.levels.iter())
        .map(|(spec, table)| (spec.clone(), table))
        .unzip();
    let levels = Levels::new(tiles, visible.levels);
    let is_sealed = |level: usize, tile: Interval| levels.is_sealed(level, tile);
    let columns = spec.columns();
    let mut all: Option<DataFrame> = None;
    for Cover { level, interval } in spec.cover(visible.through, visible.view.feature_start_time, &specs, is_sealed) {
        let table = level.map_or(tiles, |level| tables[level]);
        let some = table.scan(session, Some(interval), Some(&columns))?;
        all = Some(match all {
            None => some,
            Some(others) => others
                .union(some)
                .map_err(|error| CompactionError::from_plan(&visible.label(), error))?,
        });
    }
    match all {
        Some(all) => Ok(all),
        None => Ok(tiles.scan(
            session,
            Some(spec.reach(visible.through, visible.through)),
            Some(&columns),
        )?),
    }
}

/// What longer tiles were made of, and what they would be made of now.
struct Levels {
    /// The length of a level's tiles, its attempts, and those at what lies below.
    levels: Vec<(Span, Coverage, Attempts)>,
}

impl Levels {
    fn new(tiles: &OfflineTable, levels: &[(TileSpec, OfflineTable)]) -> Self {
        let mut below = tiles.coverage().attempts();
        let levels = levels.iter().map(|(spec, table)| {
            let coverage = table.coverage();
            let attempts = std::mem::replace(&mut below, coverage.attempts());
            (spec.interval, coverage, attempts)
        });
        Self {
            levels: levels.collect(),
        }
    }

    /// Whether a tile holds what those below it hold, down to the shortest.
    fn is_sealed(&self, level: usize, tile: Interval) -> bool {
        let (_, coverage, below) = &self.levels[level];
        let attempt = coverage.attempt(tile);
        if attempt.is_none() || attempt != below.over(tile) {
            return false;
        }
        match level.checked_sub(1) {
            None => true,
            Some(shorter) => tiles_within(tile, self.levels[shorter].0).all(|tile| self.is_sealed(shorter, tile)),
        }
    }
}
