use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;

use super::compile;
use super::counts::counts;
use super::error::CliError;
use super::left::{covered, intervals, situation, stale_rows};
use super::online::{self, Brought, Rows, bring};
use super::output::{self, Printer, table};
use super::workbench::{Workbench, cores};
use crate::compaction::Mode;
use crate::definition::OnlineStoreKind;
use crate::error::Classified;
use crate::materialize::{FailedJob, Failure, Outcome, Progress, Settings, Task, materialize};
use crate::offline::OfflineTable;
use crate::plan::{Job, Range, last_due, plan, plan_range, plan_redo};
use crate::project::CompiledView;
use crate::registry::{Applied, AppliedView};
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
    /// Stops before the online store would cost more dollars than this; nothing that is live has changed then, or all of a change.
    #[arg(long, value_name = "DOLLARS", value_parser = super::counts::dollars)]
    budget: Option<f64>,
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
            budget: None,
        }
    }
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    bench.spend_at_most(arguments.budget);
    let applied = bench.applied()?;
    let compiled = compile::applied(bench, printer, &applied).await?;
    for name in &arguments.views {
        compile::is_kept(&applied.project, name)?;
        compile::view(&compiled, name)?;
    }
    let chosen = compiled.iter().filter(|view| match arguments.views.is_empty() {
        // No range is one of a feature table's: no job makes its rows.
        true => arguments.start.is_none() || view.view.table.is_none(),
        false => arguments.views.contains(&view.view.name),
    });
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
        let (outcome, brought) = one(bench, &settings, arguments, view, version, printer).await?;
        let Brought {
            tiles,
            online,
            writes_saved,
            cost,
        } = brought;
        let overflows = online.map_or(0, |done| done.report.overflows);
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
            online::text(online.as_ref()),
            writes_saved.to_string(),
            online::spent(cost.as_ref()),
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
            "online": online::text(online.as_ref()),
            "compaction": online::json(online.as_ref()),
            "writes_saved": writes_saved,
            "online_cost": cost,
            "overflows": overflows,
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
        "writes saved",
        "online cost",
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

async fn one(
    bench: &Workbench,
    settings: &Settings,
    arguments: &Arguments,
    view: &CompiledView,
    version: &AppliedView,
    printer: &Printer,
) -> Result<(Outcome, Brought), CliError> {
    let name = bench.name(&view.view.name, version.version);
    let table = Arc::new(bench.tables().rows_to_write(view, &name).await?);
    let coverage = table.coverage();
    let jobs = jobs(bench, arguments, view, version, Some(&table)).await?;
    let planned = planned(bench, view, &name, &jobs, printer).await?;
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
    let rows = Rows {
        view: &view.view,
        data_delay: view.data_delay,
        version,
        name: &name,
        table: &table,
        staged: outcome.report.rows,
        spec: view.tiles.as_ref(),
        planned,
    };
    let brought = bring(bench, &rows, Mode::AfterJobs, printer).await?;
    Ok((outcome, brought))
}

/// What the pass after these jobs is expected to cost, in dollars; none on a store that is not paid for by the request.
async fn planned(
    bench: &Workbench,
    view: &CompiledView,
    name: &Name,
    jobs: &[Job],
    printer: &Printer,
) -> Result<Option<f64>, CliError> {
    if !view.view.online || !matches!(bench.project().stores.online, OnlineStoreKind::DynamoDb(_)) {
        return Ok(None);
    }
    let live = bench.live(name).await?;
    let live = live.filter(|(record, _)| record.version == name.version());
    let due = last_due(&view.view, view.data_delay, bench.now);
    if jobs.is_empty() && live.as_ref().is_some_and(|(_, state)| state.through >= due) {
        // There is nothing to write, and no source need be read to know that.
        return Ok(Some(0.0));
    }
    let passes = bench.kept_passes(name, printer);
    let counts = counts(bench, view, jobs, None, live.as_ref(), &passes, false).await?;
    Ok(counts.online_dollars.and_then(|dollars| dollars.planned()))
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
