use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::error::CliError;
use super::left::{intervals, missing_tiles, stale_rows};
use super::online;
use super::output::{Printer, table};
use super::workbench::Workbench;
use crate::compaction::KeptPass;
use crate::offline::OfflineTable;
use crate::plan::last_due;
use crate::tile::TileSpec;
use crate::time::Interval;

/// Passes that `--format json` has, the last ones.
const PASSES: usize = 100;
/// Failed jobs and changed intervals of a view that are told in full; `--format json` has all.
const SHOWN: usize = 5;

pub(crate) async fn run(bench: &Workbench, printer: &Printer) -> Result<(), CliError> {
    let applied = bench.applied()?;
    // What sources are like now; where they cannot be read, the rest is told all the same.
    let sources = match bench.sources(&applied.project).await {
        Ok(sources) => sources,
        Err(error) => {
            printer.tell(&format!(
                "warning: whether sources have changed cannot be told: {}",
                error.message
            ));
            BTreeMap::new()
        }
    };
    let (mut rows, mut list) = (Vec::new(), Vec::new());
    for view in &applied.project.feature_views {
        let Some(version) = applied.views.get(&view.name) else {
            continue;
        };
        let name = bench.name(&view.name, version.version);
        let table = bench.tables().rows(&name, None).await?;
        let coverage = table.as_ref().map(OfflineTable::coverage).unwrap_or_default();
        let covered = coverage.union();
        let failed = bench.failed_jobs(&name).open(&coverage).unwrap_or_else(|error| {
            printer.tell(&format!("warning: the failed jobs of {name} cannot be read: {error}"));
            Vec::new()
        });
        let places = view.sources.iter().enumerate();
        let inputs: Vec<_> = places
            .filter_map(|(place, used)| Some((place, Arc::clone(sources.get(&used.name)?))))
            .collect();
        let stale = match inputs.len() == view.sources.len() {
            true => stale_rows(table.as_ref(), view, &inputs).await?,
            false => Vec::new(),
        };
        for stale in stale.iter().take(SHOWN) {
            let changes = stale.changes.join("; ");
            printer.tell(&format!(
                "{}: {} was made of other rows: {changes}",
                view.name, stale.interval
            ));
        }
        let tiles = match (&view.aggregation, &table) {
            (Some(aggregation), Some(rows)) => {
                let data_delay = applied.project.data_delay(view);
                let spec = TileSpec::new(view, aggregation, rows.schema(), data_delay)
                    .map_err(|error| CliError::internal(format!("feature view `{}`: {error}", view.name)))?;
                missing_tiles(bench, &name, &spec, Some(rows)).await?
            }
            _ => Vec::new(),
        };
        let dead_letters: u64 = match bench.tables().dead_letters(&name)?.table().await? {
            Some(table) => table.files().iter().filter_map(|file| file.rows).sum(),
            None => 0,
        };
        let data_delay = applied.project.data_delay(view);
        let due = last_due(view, data_delay, bench.now);
        let passes = bench.kept_passes(&name, printer);
        let live = bench.live(&name).await?;
        let through = live.as_ref().map(|(_, state)| state.through);
        let freshness = through.map(|through| bench.now.since(through).micros() / 1_000_000);
        let live_version = live.as_ref().map(|(record, _)| record.version);
        let all = Interval {
            start: view.feature_start_time,
            end: due,
        };
        // No job makes a feature table's rows, so none is missing.
        let (covered, gaps) = match view.table.is_some() {
            true => (Vec::new(), Vec::new()),
            false => (covered.clone(), crate::plan::gaps(all, &covered)),
        };
        let files = table.as_ref().map(OfflineTable::files).unwrap_or_default();
        let offline_rows: Option<u64> = files.iter().map(|file| file.rows).sum();
        rows.push(vec![
            view.name.clone(),
            format!("v{}", version.version),
            live_version.map(|version| format!("v{version}")).unwrap_or_default(),
            listed(&covered),
            listed(&gaps),
            listed(&tiles),
            offline_rows.map(|rows| rows.to_string()).unwrap_or_default(),
            through.map(|through| through.to_string()).unwrap_or_default(),
            live.as_ref()
                .map(|(record, _)| record.items.to_string())
                .unwrap_or_default(),
            passes.last().map(pass).unwrap_or_default(),
            dead_letters.to_string(),
            failed.len().to_string(),
            intervals(&stale).len().to_string(),
        ]);
        for job in failed.iter().take(SHOWN) {
            printer.tell(&format!("{}: failed at {}: {}", view.name, job.at, job.message));
        }
        list.push(json!({
            "name": view.name,
            "kind": match view.table.is_some() {
                true => "table",
                false => "batch",
            },
            "version": version.version,
            "live_version": live_version,
            "materialized": covered,
            "missing": gaps,
            "missing_tiles": tiles,
            "offline_rows": offline_rows,
            "online_through": through,
            "online_items": live.as_ref().map(|(record, _)| record.items),
            "passes": passes.get(passes.len().saturating_sub(PASSES)..).unwrap_or_default(),
            "freshness_seconds": freshness,
            "dead_letters": dead_letters,
            "failed": failed,
            "changed_sources": stale,
        }));
    }
    let header = [
        "feature view",
        "version",
        "live",
        "materialized",
        "missing",
        "missing tiles",
        "rows",
        "online through",
        "items",
        "last pass",
        "dead letters",
        "failed jobs",
        "changed ranges",
    ];
    printer.answer(&table(&header, &rows), &json!({ "feature_views": list }));
    Ok(())
}

/// A pass in a cell.
fn pass(kept: &KeptPass) -> String {
    let mut done = online::text(Some(&kept.compacted));
    if kept.writes_saved > 0 {
        done.push_str(&format!(
            " of {} rows, {} writes saved",
            kept.rows_staged, kept.writes_saved
        ));
    }
    if kept.cost.is_some() {
        done.push_str(&format!(", {}", online::spent(kept.cost.as_ref())));
    }
    done
}

fn listed(intervals: &[Interval]) -> String {
    let texts = intervals
        .iter()
        .map(|interval| format!("{} to {}", interval.start, interval.end));
    texts.collect::<Vec<_>>().join(", ")
}
