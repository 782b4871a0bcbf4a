//! Brings a view online as its tables have it, for the commands that do so.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Value, json};

use super::error::CliError;
use super::output::{Printer, Steps};
use super::workbench::Workbench;
use crate::compaction::{Compacted, GRACE, KeptPass, Mode, Pass, PassCost, Visible, compact, take_down};
use crate::definition::FeatureView;
use crate::materialize::{TilesOutcome, build_level, build_tiles};
use crate::offline::OfflineTable;
use crate::online::{OnlineStore, Requests};
use crate::plan::{Effect, backfill_end, differences, last_due, total};
use crate::registry::AppliedView;
use crate::tile::TileSpec;
use crate::time::Span;
use crate::workspace::Name;

/// An applied view and its rows.
pub(crate) struct Rows<'a> {
    pub(crate) view: &'a FeatureView,
    pub(crate) data_delay: Span,
    pub(crate) version: &'a AppliedView,
    pub(crate) name: &'a Name,
    pub(crate) table: &'a OfflineTable,
    /// Those that jobs of this command committed.
    pub(crate) staged: u64,
    /// Of a view with aggregations.
    pub(crate) spec: Option<&'a Arc<TileSpec>>,
    /// What the pass is expected to cost, in dollars.
    pub(crate) planned: Option<f64>,
}

/// What was made of a view's rows.
pub(crate) struct Brought {
    pub(crate) tiles: Option<TilesOutcome>,
    /// None of a view that is not served.
    pub(crate) online: Option<Compacted>,
    /// Writes that a store would have taken that is written row by row, without those that it took.
    pub(crate) writes_saved: u64,
    /// None of a store that is not paid for by the request.
    pub(crate) cost: Option<PassCost>,
}

/// Makes the tiles that are missing and, if the view is served, a pass.
pub(crate) async fn bring(
    bench: &Workbench,
    rows: &Rows<'_>,
    mode: Mode,
    printer: &Printer,
) -> Result<Brought, CliError> {
    let Rows {
        view,
        data_delay,
        version,
        name,
        table,
        staged,
        spec,
        planned,
    } = *rows;
    let tiles = match spec {
        None => None,
        Some(spec) => Some((spec, tiles(bench, view, spec, name, table, printer).await?)),
    };
    let mut made = tiles.as_ref().map(|(_, (_, made))| *made);
    // Somebody may have applied another version, or none, while the jobs ran.
    let superseded = || {
        let latest = bench.registry().latest();
        !latest.is_ok_and(|latest| {
            let now = latest.as_ref().and_then(|latest| latest.views.get(&view.name));
            now.is_some_and(|now| {
                // What is served depends on more than rows: whoever has applied another definition makes a pass for it.
                let same = total(&differences(&version.parts, &now.parts)) <= Some(Effect::Metadata);
                (&now.view_id, now.version) == (&version.view_id, version.version) && same
            })
        })
    };
    if !view.online {
        let pass = match superseded() {
            true => Pass::Superseded,
            false => take_down(bench.online()?, name, GRACE, bench.now).await?,
        };
        let online = Some(Compacted::of(pass)).filter(|done| done.pass != Pass::Unchanged);
        return Ok(Brought {
            tiles: made,
            online,
            writes_saved: 0,
            cost: None,
        });
    }
    // A version is switched to when its backfill is complete; until then the one before it is served.
    let through = table.coverage().contiguous_from(view.feature_start_time);
    let due = last_due(view, data_delay, bench.now);
    if through < backfill_end(view, data_delay, version.version_at).min(due) {
        printer.tell(&format!(
            "{}: its backfill is not complete, so it is not brought online yet",
            view.name
        ));
        let online = Some(Compacted::of(Pass::Unchanged));
        return Ok(Brought {
            tiles: made,
            online,
            writes_saved: 0,
            cost: None,
        });
    }
    let mut longer = Vec::new();
    if let Some((spec, (tiles, _))) = &tiles
        && view.compaction_enabled
    {
        let built;
        (longer, built) = levels(bench, view, spec, name, tiles).await?;
        made = made.map(|made| made.and(built));
    }
    let steps = Arc::new(Steps::new(printer, &view.name));
    let visible = Visible {
        view,
        data_delay,
        name,
        rows: table,
        tiles: tiles.as_ref().map(|(spec, (tiles, _))| (*spec, tiles)),
        levels: &longer,
        // A schedule that has changed may have no boundary where the last job ended.
        through: view.grid().floor(through).min(due),
        now: bench.now,
        superseded: &superseded,
        tell: Arc::new({
            let steps = Arc::clone(&steps);
            move |step| steps.tell(step)
        }),
    };
    let started = Instant::now();
    let store = bench.online()?;
    let before = store.requests();
    let done = compact(&bench.session, Arc::clone(&store), &visible, mode).await;
    steps.end();
    let done = done?;
    let report = &done.report;
    let cost = cost(store, &before, planned).await?;
    let is_written = matches!(done.pass, Pass::Loaded | Pass::Changed);
    let writes_saved = match is_written {
        true => staged.saturating_sub(report.keys_written + report.keys_deleted),
        false => 0,
    };
    if is_written {
        let pass = KeptPass {
            at: bench.now,
            through: visible.through,
            rows_staged: staged,
            writes_saved,
            seconds: started.elapsed().as_secs_f64(),
            cost: cost.clone(),
            compacted: done,
        };
        if let Err(problem) = bench.passes(name).put(&pass) {
            printer.tell(&format!("{}: `status` will not list this pass: {problem}", view.name));
        }
    }
    if done.report.overflows > 0 {
        printer.tell(&format!(
            "{}: {} results did not fit their type and are null",
            view.name, done.report.overflows
        ));
    }
    Ok(Brought {
        tiles: made,
        online: Some(done),
        writes_saved,
        cost,
    })
}

/// What the store has cost since.
async fn cost(
    store: Arc<dyn OnlineStore>,
    before: &Requests,
    planned_dollars: Option<f64>,
) -> Result<Option<PassCost>, CliError> {
    let consumed = store.requests().since(before);
    let price = tokio::task::spawn_blocking(move || store.price()).await;
    let price = price.map_err(|error| CliError::internal(error.to_string()))?;
    Ok(price.map(|price| PassCost {
        dollars: price.of(&consumed),
        planned_dollars,
        consumed,
    }))
}

/// What a pass cost, in a cell.
pub(crate) fn spent(cost: Option<&PassCost>) -> String {
    match cost {
        None => String::new(),
        Some(PassCost {
            dollars,
            planned_dollars: Some(planned),
            ..
        }) => format!("{}, {} planned", money(*dollars), money(*planned)),
        Some(cost) => money(cost.dollars),
    }
}

/// Dollars, with as many digits as say something.
pub(crate) fn money(dollars: f64) -> String {
    match dollars {
        dollars if dollars >= 100.0 => format!("${dollars:.0}"),
        dollars if dollars >= 0.01 || dollars == 0.0 => format!("${dollars:.2}"),
        dollars => format!("${dollars:.2e}"),
    }
}

/// Makes the tiles that are missing of the rows that are there.
async fn tiles(
    bench: &Workbench,
    view: &FeatureView,
    spec: &Arc<TileSpec>,
    name: &Name,
    rows: &OfflineTable,
    printer: &Printer,
) -> Result<(OfflineTable, TilesOutcome), CliError> {
    let table = bench.tables().tiles_or_new(view, spec, name).await?;
    let left = rows.coverage().missing_from(&table.coverage()).len();
    let bar = printer.bar(&format!("{}, tiles", view.name), left);
    let built = build_tiles(&bench.session, &view.name, spec, rows, &table, |outcome| {
        bar.set_position(outcome.jobs as u64);
        bar.set_message(format!("{} tiles", outcome.tiles));
    })
    .await;
    bar.finish_and_clear();
    Ok((table, built?))
}

/// Makes the longer tiles that are missing, level by level, each of the one below.
async fn levels(
    bench: &Workbench,
    view: &FeatureView,
    spec: &TileSpec,
    name: &Name,
    tiles: &OfflineTable,
) -> Result<(Vec<(TileSpec, OfflineTable)>, TilesOutcome), CliError> {
    let mut levels: Vec<(TileSpec, OfflineTable)> = Vec::new();
    let mut made = TilesOutcome::default();
    for level in spec.levels() {
        let table = bench.tables().tiles_or_new(view, &level, name).await?;
        let below = levels.last().map_or(tiles, |(_, table)| table);
        let built = build_level(&bench.session, &view.name, &level, below, &table, |_| ()).await?;
        made = made.and(built);
        levels.push((level, table));
    }
    Ok((levels, made))
}

/// A pass in words.
pub(crate) fn text(online: Option<&Compacted>) -> String {
    let Some(Compacted { pass, report }) = online else {
        return "off".to_owned();
    };
    match pass {
        Pass::Unchanged => "unchanged".to_owned(),
        Pass::Waiting(due) => format!("waits until rows reach {due}"),
        Pass::Loaded => format!("{} keys loaded", report.keys_written),
        Pass::Changed if report.keys_deleted > 0 => {
            format!("{} keys written, {} deleted", report.keys_written, report.keys_deleted)
        }
        Pass::Changed => format!("{} keys written", report.keys_written),
        Pass::TakenDown => "taken down".to_owned(),
        Pass::Superseded => "another version was applied meanwhile".to_owned(),
    }
}

/// A pass for programs; null of a view that is not served.
pub(crate) fn json(online: Option<&Compacted>) -> Value {
    online.map_or(Value::Null, |done| json!(done))
}
