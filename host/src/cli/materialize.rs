use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::compile;
use super::error::CliError;
use super::left::{covered, intervals, situation, stale_rows};
use super::output::{self, Printer, table};
use super::workbench::{Workbench, cores};
use crate::error::Classified;
use crate::materialize::{
    FailedJob, Failure, GRACE, OnlineOutcome, Outcome, Progress, Settings, Task, TilesOutcome, Visible, bring_online,
    build_tiles, materialize, take_down,
};
use crate::offline::OfflineTable;
use crate::plan::{Job, Range, backfill_end, last_due, plan, plan_range, plan_redo};
use crate::project::CompiledView;
use crate::registry::{Applied, AppliedView};
use crate::tile::TileSpec;
use crate::time::{Interval, Timestamp};
use crate::workspace::Name;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these views.
    views: Vec<String>,
    /// Where a range begins that is materialized by hand.
    #[arg(long, requires = "end")]
    start: Option<Timestamp>,
    /// Where the range ends.
    #[arg(long, requires = "start")]
    end: Option<Timestamp>,
    /// Materializes intervals of the range again that are done.
    #[arg(long, requires = "start")]
    overwrite: bool,
    /// Also makes intervals again whose source has changed since it was read.
    #[arg(long, conflicts_with = "start")]
    redo_changed: bool,
    /// Jobs at once; as many as there are cores if it is not said.
    #[arg(long)]
    parallel: Option<usize>,
    /// How often what cannot be reached is tried again, without progress in between: after a second, two, four, and so on.
    #[arg(long, default_value_t = RETRIES)]
    retries: u32,
    /// Shows the jobs and runs none.
    #[arg(long)]
    dry_run: bool,
}

const RETRIES: u32 = 4;

impl Arguments {
    /// Everything that is due.
    pub(crate) fn all() -> Self {
        Self {
            views: Vec::new(),
            start: None,
            end: None,
            overwrite: false,
            redo_changed: false,
            parallel: None,
            retries: RETRIES,
            dry_run: false,
        }
    }
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let applied = bench.applied()?;
    let compiled = compile::applied(bench, printer, &applied).await?;
    for name in &arguments.views {
        compile::is_kept(&applied.project, name)?;
        compile::view(&compiled, name)?;
    }
    let chosen = compiled
        .iter()
        .filter(|view| arguments.views.is_empty() || arguments.views.contains(&view.view.name));
    if arguments.dry_run {
        return dry_run(bench, arguments, chosen, &applied, printer).await;
    }
    let settings = Settings {
        session: bench.session.clone(),
        guests: bench.guests.clone(),
        parallel: arguments.parallel.unwrap_or_else(cores),
        // The rest of the memory is for the jobs' own sorts and guests.
        shared_bytes_max: bench.memory_bytes / 4,
        retries: arguments.retries,
        retry_after: Duration::from_secs(1),
    };
    let (mut rows, mut list) = (Vec::new(), Vec::new());
    for view in chosen {
        let Some(version) = applied.views.get(&view.view.name) else {
            continue;
        };
        let started = Instant::now();
        let (outcome, tiles, online) = one(bench, &settings, arguments, view, version, printer).await?;
        let dropped = outcome.report.cut.outside_interval
            + outcome.report.cut.null_keys
            + outcome.report.cut.null_times
            + outcome.report.source.null_keys
            + outcome.report.source.null_times
            + outcome.report.source.unrepresentable_times;
        if dropped > 0 {
            printer.tell(&format!(
                "{}: {dropped} rows were dropped ({})",
                view.view.name,
                reasons(&outcome)
            ));
        }
        if outcome.report.source.floored_times > 0 {
            let floored = outcome.report.source.floored_times;
            printer.tell(&format!(
                "{}: {floored} times were floored to microseconds",
                view.view.name
            ));
        }
        if outcome.report.rejected > 0 {
            let rejected = outcome.report.rejected;
            let place = bench
                .tables()
                .dead_letters(&bench.name(&view.view.name, version.version))?
                .location;
            printer.tell(&format!(
                "{}: {rejected} rows were rejected; they are in {place}",
                view.view.name
            ));
        }
        if let Some(OnlineOutcome::Loaded {
            overflows: overflows @ 1..,
            ..
        }) = online
        {
            printer.tell(&format!(
                "{}: {overflows} results did not fit their type and are null",
                view.view.name
            ));
        }
        if let Some(upkeep) = &outcome.upkeep {
            printer.tell(&format!(
                "{}: {upkeep} (nothing is lost; a later commit tries again)",
                view.view.name
            ));
        }
        let seconds = started.elapsed().as_secs_f64();
        rows.push(vec![
            view.view.name.clone(),
            format!("v{}", version.version),
            outcome.jobs.to_string(),
            outcome.report.rows.to_string(),
            tiles.map(|tiles| tiles.tiles.to_string()).unwrap_or_default(),
            outcome.report.scan.bytes_scanned.to_string(),
            online_text(online),
            format!("{seconds:.1} s"),
        ]);
        list.push(json!({
            "name": view.view.name,
            "version": version.version,
            "jobs": outcome.jobs,
            "commits": outcome.commits,
            "retries": outcome.retries,
            "report": outcome.report,
            "tiles": tiles.map(|tiles| tiles.tiles),
            "online": online_text(online),
            "overflows": match online {
                Some(OnlineOutcome::Loaded { overflows, .. }) => overflows,
                _ => 0,
            },
        }));
    }
    let header = [
        "feature view",
        "version",
        "jobs",
        "rows",
        "tiles",
        "bytes read",
        "online",
        "time",
    ];
    let json = json!({ "feature_views": list, "peak_memory_bytes": output::peak_memory_bytes() });
    printer.answer(&table(&header, &rows), &json);
    Ok(())
}

/// The jobs that would run.
async fn dry_run(
    bench: &Workbench,
    arguments: &Arguments,
    views: impl Iterator<Item = &CompiledView>,
    applied: &Applied,
    printer: &Printer,
) -> Result<(), CliError> {
    let (mut rows, mut list) = (Vec::new(), Vec::new());
    for view in views {
        let Some(version) = applied.views.get(&view.view.name) else {
            continue;
        };
        let table = bench
            .tables()
            .rows(&bench.name(&view.view.name, version.version), None)
            .await?;
        let jobs = jobs(bench, arguments, view, version, table.as_ref()).await?;
        for job in &jobs {
            rows.push(vec![
                view.view.name.clone(),
                format!("v{}", version.version),
                job.kind.name().to_owned(),
                job.interval.start.to_string(),
                job.interval.end.to_string(),
            ]);
        }
        list.push(json!({ "name": view.view.name, "version": version.version, "jobs": jobs }));
    }
    printer.answer(
        &table(&["feature view", "version", "job", "start", "end"], &rows),
        &json!({ "feature_views": list }),
    );
    Ok(())
}

fn reasons(outcome: &Outcome) -> String {
    let report = &outcome.report;
    let counts = [
        ("null key in the source", report.source.null_keys),
        ("null time in the source", report.source.null_times),
        (
            "time outside of the years 0001 to 9999",
            report.source.unrepresentable_times,
        ),
        ("made outside of the job's interval", report.cut.outside_interval),
        ("made with a null key", report.cut.null_keys),
        ("made with a null time", report.cut.null_times),
    ];
    let text = counts
        .iter()
        .filter(|(_, count)| *count > 0)
        .map(|(reason, count)| format!("{reason}: {count}"));
    text.collect::<Vec<_>>().join(", ")
}

fn online_text(online: Option<OnlineOutcome>) -> String {
    match online {
        None => "off".to_owned(),
        Some(OnlineOutcome::Unchanged) => "unchanged".to_owned(),
        Some(OnlineOutcome::Loaded { keys, .. }) => format!("{keys} keys loaded"),
        Some(OnlineOutcome::Written(keys)) => format!("{keys} keys written"),
        Some(OnlineOutcome::TakenDown) => "taken down".to_owned(),
        Some(OnlineOutcome::Superseded) => "another version was applied meanwhile".to_owned(),
    }
}

async fn one(
    bench: &Workbench,
    settings: &Settings,
    arguments: &Arguments,
    view: &CompiledView,
    version: &AppliedView,
    printer: &Printer,
) -> Result<(Outcome, Option<TilesOutcome>, Option<OnlineOutcome>), CliError> {
    let name = bench.name(&view.view.name, version.version);
    let table = Arc::new(bench.tables().rows_or_new(view, &name).await?);
    let coverage = table.coverage();
    let jobs = jobs(bench, arguments, view, version, Some(&table)).await?;
    let bar = printer.bar(&view.view.name, jobs.len());
    let dead = bench.tables().dead_letters(&name)?;
    let task = Task {
        compiled: view,
        table: Arc::clone(&table),
        dead: &dead,
        coverage: &coverage,
        jobs: &jobs,
    };
    let outcome = materialize(settings, task, |progress| match progress {
        Progress::Committed { jobs, rows } => {
            bar.set_position(jobs as u64);
            bar.set_message(format!("{rows} rows"));
        }
        Progress::Retrying { error, after } => {
            printer.tell(&format!("{error}; trying again in {} s", after.as_secs_f64()));
        }
    })
    .await;
    bar.finish_and_clear();
    let outcome = outcome.map_err(|failure| {
        let Failure { error, interval, .. } = *failure;
        if let Some(interval) = interval {
            let job = FailedJob::new(interval, &coverage, bench.now, error.kind(), error.to_string());
            if let Err(problem) = bench.failed_jobs(&name).put(&job) {
                printer.tell(&format!("`status` will not list the failed job: {problem}"));
            }
        }
        error
    })?;
    let tiles = match &view.tiles {
        None => None,
        Some(spec) => Some((spec, tiles(bench, view, spec, &name, &table, printer).await?)),
    };
    let made = tiles.as_ref().map(|(_, (_, made))| *made);
    // Somebody may have applied another version, or none, while the jobs ran.
    let superseded = || {
        let latest = bench.registry().latest();
        !latest.is_ok_and(|latest| {
            let now = latest.as_ref().and_then(|latest| latest.views.get(&view.view.name));
            now.is_some_and(|now| (&now.view_id, now.version) == (&version.view_id, version.version))
        })
    };
    if !view.view.online {
        if superseded() {
            return Ok((outcome, made, Some(OnlineOutcome::Superseded)));
        }
        let done = take_down(bench.online(), &name, GRACE, bench.now).await?;
        let done = Some(done).filter(|done| *done == OnlineOutcome::TakenDown);
        return Ok((outcome, made, done));
    }
    // A version is switched to when its backfill is complete; until then the one before it is served.
    let through = table.coverage().contiguous_from(view.view.feature_start_time);
    let due = last_due(&view.view, view.data_delay, bench.now);
    let complete = through >= backfill_end(&view.view, view.data_delay, version.version_at).min(due);
    if !complete {
        printer.tell(&format!(
            "{}: its backfill is not complete, so it is not brought online yet",
            view.view.name
        ));
        return Ok((outcome, made, Some(OnlineOutcome::Unchanged)));
    }
    let visible = Visible {
        compiled: view,
        name: &name,
        table: &table,
        tiles: tiles.as_ref().map(|(spec, (tiles, _))| (*spec, tiles)),
        // A schedule that has changed may have no boundary where the last job ended.
        through: view.view.grid().floor(through).min(due),
        now: bench.now,
        superseded: &superseded,
    };
    let online = bring_online(&bench.session, bench.online(), &visible).await?;
    Ok((outcome, made, Some(online)))
}

/// Makes the tiles that are missing of the rows that are there.
async fn tiles(
    bench: &Workbench,
    view: &CompiledView,
    spec: &Arc<TileSpec>,
    name: &Name,
    rows: &OfflineTable,
    printer: &Printer,
) -> Result<(OfflineTable, TilesOutcome), CliError> {
    let table = bench.tables().tiles_or_new(&view.view, spec, name).await?;
    let left = rows.coverage().missing_from(&table.coverage()).len();
    let bar = printer.bar(&format!("{}, tiles", view.view.name), left);
    let built = build_tiles(&bench.session, &view.view.name, spec, rows, &table, |outcome| {
        bar.set_position(outcome.jobs as u64);
        bar.set_message(format!("{} tiles", outcome.tiles));
    })
    .await;
    bar.finish_and_clear();
    Ok((table, built?))
}

/// The jobs of a version: of a range if one is asked for, else those that are due, with those whose source has changed if they
/// are asked for.
async fn jobs(
    bench: &Workbench,
    arguments: &Arguments,
    view: &CompiledView,
    version: &AppliedView,
    table: Option<&OfflineTable>,
) -> Result<Vec<Job>, CliError> {
    let covered = covered(table);
    let situation = situation(bench, view, version, &covered);
    let (Some(start), Some(end)) = (arguments.start, arguments.end) else {
        let mut jobs = plan(&view.view, &situation);
        if arguments.redo_changed {
            let stale = stale_rows(table, &view.view, &view.inputs).await?;
            jobs.extend(plan_redo(&view.view, view.data_delay, &intervals(&stale)));
            jobs.sort_by_key(|job| job.interval);
        }
        return Ok(jobs);
    };
    let interval = Interval::new(start, end)
        .filter(|interval| !interval.is_empty())
        .ok_or_else(|| CliError::invalid(format!("the range ends at {end} and begins at {start}"), None))?;
    let range = Range {
        interval,
        overwrite: arguments.overwrite,
    };
    plan_range(&view.view, &situation, range).map_err(|error| {
        CliError::invalid(
            format!("feature view `{}`: {}", view.view.name, error.message),
            error.hint,
        )
    })
}
