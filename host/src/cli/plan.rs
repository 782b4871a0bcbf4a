use serde_json::json;

use super::changes::{Change, SAMPLE, Sample, ServiceChange, changes};
use super::changes::{removed, replay_all, request_changes, service_changes, told};
use super::compile;
use super::counts::{Dollars, cell, counts};
use super::error::CliError;
use super::left::{covered, intervals, missing_tiles, situation, stale_rows};
use super::left_out;
use super::online::money;
use super::output::{Printer, table};
use super::workbench::Workbench;
use crate::plan::{Job, JobKind, plan, plan_redo};
use crate::project::CompiledView;
use crate::time::{Interval, union};

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Runs intervals on the component that was applied and on the folder's, and compares their rows: a number of them,
    /// evenly spread, or `all`.
    #[arg(long, value_name = "N|all", num_args = 0..=1, default_missing_value = SAMPLE)]
    replay: Option<Sample>,
    /// Counts keys also in sources of more than 20 million rows.
    #[arg(long)]
    count: bool,
    /// Shows for each job the files, folders, row groups and pages that it skips, and why.
    #[arg(long)]
    explain: bool,
}

/// Rows that the jobs read of their sources, each once; none where a source does not tell.
fn source_rows(compiled: &CompiledView, jobs: &[Job]) -> Option<u64> {
    let rows = compiled.inputs.iter().map(|(place, table)| {
        let source = compiled.view.sources.get(*place)?;
        let ranges = jobs.iter().map(|job| compiled.view.source_range(source, job.interval));
        let ranges: Option<Vec<Interval>> = ranges.collect();
        table.rows(ranges.map(union).as_deref())
    });
    rows.sum()
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let compiled = compile::folder(bench, printer).await?;
    let before = bench.registry().latest()?;
    let mut changes = changes(bench, bench.project(), &compiled, before.as_ref()).await?;
    if let Some(sample) = arguments.replay {
        replay_all(bench, &compiled, before.as_ref(), &mut changes, sample, printer).await?;
    }
    let (mut rows, mut list) = (Vec::new(), Vec::new());
    let (mut explanations, mut prices) = (String::new(), String::new());
    for change in &changes {
        let Change {
            compiled: view,
            next,
            replayed,
        } = change;
        let name = bench.name(&view.view.name, next.after.version);
        let table = bench.tables().rows(&name, None).await?;
        let covered = covered(table.as_ref());
        let jobs = plan(&view.view, &situation(bench, view, &next.after, &covered));
        let tiles = match &view.tiles {
            Some(spec) => missing_tiles(bench, &name, spec, table.as_ref()).await?,
            None => Vec::new(),
        };
        if let (Some(first), Some(last)) = (tiles.first(), tiles.last()) {
            printer.tell(&format!(
                "{}: tiles of {} to {} are to be made of rows that are there; no transformation runs for them",
                view.view.name, first.start, last.end
            ));
        }
        let stale = stale_rows(table.as_ref(), &view.view, &view.inputs).await?;
        let redo = plan_redo(&view.view, view.data_delay, &intervals(&stale));
        let count = |kind: JobKind| jobs.iter().filter(|job| job.kind == kind).count();
        let (source_rows, reasons) = (source_rows(view, &jobs), reasons(change));
        let live = bench.live(&name).await?;
        let live = live.filter(|(record, _)| record.version == name.version());
        let passes = bench.kept_passes(&name, printer);
        let counts = counts(bench, view, &jobs, source_rows, live.as_ref(), &passes, arguments.count).await?;
        if let Some(dollars) = &counts.online_dollars {
            prices.push_str(&told_price(&view.view.name, dollars));
        }
        let cost = match source_rows {
            _ if jobs.is_empty() => "0".to_owned(),
            rows => cell(rows),
        };
        let range = match (jobs.first(), jobs.last()) {
            (Some(first), Some(last)) => format!("{} to {}", first.interval.start, last.interval.end),
            _ => String::new(),
        };
        rows.push(vec![
            view.view.name.clone(),
            next.step.name().to_owned(),
            format!("v{}", next.after.version),
            count(JobKind::Backfill).to_string(),
            count(JobKind::Recurring).to_string(),
            redo.len().to_string(),
            cost,
            cell(counts.online_writes.consolidated),
            cell(counts.online_writes.by_row),
            range,
            reasons.join("; "),
        ]);
        list.push(json!({
            "name": view.view.name,
            "change": next.step.name(),
            "reasons": reasons,
            "differences": next.differences,
            "version": next.after.version,
            "jobs": jobs,
            "missing_tiles": tiles,
            "cost": counts,
            "changed_sources": stale,
            "redo": redo,
            "replay": replayed,
        }));
        // A feature table reads nothing, so there is nothing to skip.
        if arguments.explain && view.view.table.is_none() {
            let (text, json) = left_out::view(view, &jobs);
            explanations.push_str(&text);
            if let Some(serde_json::Value::Object(entry)) = list.last_mut() {
                entry.insert("explain".to_owned(), json);
            }
        }
    }
    for change in request_changes(&compiled, before.as_ref()) {
        let name = &change.compiled.view.name;
        let row = [
            name,
            change.change,
            "",
            "0",
            "0",
            "0",
            "0",
            "0",
            "0",
            "",
            &change.reasons.join("; "),
        ];
        rows.push(row.map(str::to_owned).to_vec());
        list.push(json!({
            "name": name,
            "change": change.change,
            "reasons": change.reasons,
            "kind": "request",
            "jobs": [],
            "cost": { "jobs": 0 },
        }));
    }
    for (name, is_request) in removed(bench.project(), before.as_ref()) {
        let reason = match is_request {
            true => "not in the definitions",
            false => "not in the definitions; its tables and items are kept until `sandglass destroy`",
        };
        let row = [&name, "remove", "", "0", "0", "0", "0", "0", "0", "", reason];
        rows.push(row.map(str::to_owned).to_vec());
        list.push(json!({ "name": name, "change": "remove", "reasons": [reason], "jobs": [], "cost": { "jobs": 0 } }));
    }
    let services = service_changes(bench.project(), before.as_ref().map(|before| &before.project));
    let header = [
        "feature view",
        "change",
        "version",
        "backfill jobs",
        "recurring jobs",
        "redo jobs",
        "source rows",
        "online writes",
        "by row",
        "range",
        "reasons",
    ];
    let changed = list
        .iter()
        .filter(|view| view["redo"].as_array().is_some_and(|redo| !redo.is_empty()));
    if changed.count() > 0 {
        printer.tell("sources have changed since they were read; `sandglass materialize --redo-changed` makes those intervals again");
    }
    printer.answer(
        &(table(&header, &rows) + &prices + &ServiceChange::table(&services) + &explanations),
        &json!({ "feature_views": list, "feature_services": services }),
    );
    Ok(())
}

/// What a view costs on DynamoDB, in a line.
fn told_price(view: &str, dollars: &Dollars) -> String {
    let told = |price: Option<f64>| price.map_or_else(|| "unknown".to_owned(), money);
    let ways = match dollars.import {
        Some(import) => format!("{} by import, {} item by item", money(import), told(dollars.rows)),
        None => format!("{} item by item", told(dollars.rows)),
    };
    let largest = dollars
        .item_bytes_max
        .map_or_else(String::new, |bytes| format!("; the largest item has had {bytes} bytes"));
    format!(
        "{view}: online {} ({ways}, {} row by row); a pass {}; a million reads {}; a month of storage {}{largest} (prices of {}{} from {} on)\n",
        told(dollars.planned()),
        told(dollars.by_row),
        told(dollars.per_pass),
        money(dollars.million_reads),
        told(dollars.storage_month),
        dollars.prices_of,
        if dollars.stands_in {
            ", which stand in for those of the region,"
        } else {
            ""
        },
        dollars.since,
    )
}

/// Why a view changes, and what a replay found.
fn reasons(change: &Change<'_>) -> Vec<String> {
    let differences = change.next.differences.iter().map(ToString::to_string);
    let replay = change
        .replayed
        .iter()
        .map(|replayed| format!("replay {}", told(replayed)));
    differences.chain(replay).collect()
}
