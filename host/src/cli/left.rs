//! What is left to do for a view: what its jobs depend on, tiles that are missing, and rows whose source has changed. Whoever asks
//! has opened the view's table.

use super::error::CliError;
use super::workbench::Workbench;
use crate::definition::FeatureView;
use crate::materialize::{Inputs, Stale, stale};
use crate::offline::OfflineTable;
use crate::plan::Situation;
use crate::project::CompiledView;
use crate::registry::AppliedView;
use crate::tile::TileSpec;
use crate::time::{Interval, union};
use crate::workspace::Name;

/// What a version has materialized, in order and without overlap.
pub(crate) fn covered(table: Option<&OfflineTable>) -> Vec<Interval> {
    table.map(|table| table.coverage().union()).unwrap_or_default()
}

/// What the plan of a view's version depends on.
pub(crate) fn situation<'a>(
    bench: &Workbench,
    view: &CompiledView,
    version: &AppliedView,
    covered: &'a [Interval],
) -> Situation<'a> {
    Situation {
        data_delay: view.data_delay,
        covered,
        applied_at: version.version_at,
        now: bench.now,
    }
}

/// Where the tiles of a version are missing or made of other rows than are there, in order and without overlap.
pub(crate) async fn missing_tiles(
    bench: &Workbench,
    name: &Name,
    spec: &TileSpec,
    rows: Option<&OfflineTable>,
) -> Result<Vec<Interval>, CliError> {
    let Some(rows) = rows else { return Ok(Vec::new()) };
    let tiles = bench.tables().tiles(spec, name, None).await?;
    let there = tiles.as_ref().map(OfflineTable::coverage).unwrap_or_default();
    let jobs = rows.coverage().missing_from(&there);
    Ok(union(jobs.into_iter().map(|(interval, _)| interval).collect()))
}

/// The rows of a view's version whose source has changed since.
pub(crate) async fn stale_rows(
    table: Option<&OfflineTable>,
    view: &FeatureView,
    inputs: &Inputs,
) -> Result<Vec<Stale>, CliError> {
    match table {
        Some(table) => Ok(stale(table, view, inputs).await?),
        None => Ok(Vec::new()),
    }
}

/// Where they lie, in order and without overlap.
pub(crate) fn intervals(stale: &[Stale]) -> Vec<Interval> {
    union(stale.iter().map(|stale| stale.interval).collect())
}
