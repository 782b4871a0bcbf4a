//! Values for training data computed from the sources: views are materialized into a folder of their own, by the same jobs, and
//! nothing else is touched.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use super::compile;
use super::error::CliError;
use super::output::Printer;
use super::tables::Tables;
use super::training_data::{GONE, digests, request_record};
use super::workbench::{Workbench, cores};
use crate::definition::ResolvedService;
use crate::materialize::{Progress, Settings, Task, build_tiles, materialize, read_sources};
use crate::offline::Coverage;
use crate::plan::{Range, Situation, last_due, plan_range};
use crate::project::{CompiledRequest, CompiledView, parts, request_parts};
use crate::source::Extent;
use crate::time::{Interval, Timestamp};
use crate::training::{Manifest, TrainingView, ViewRecord};

/// Views' values, and where they lie.
pub(crate) struct Computed {
    pub(crate) views: BTreeMap<String, Arc<TrainingView>>,
    pub(crate) requests: Vec<CompiledRequest>,
    pub(crate) records: Vec<ViewRecord>,
    /// Removed with this.
    pub(crate) scratch: TempDir,
}

/// Computes what values at the spine's times are made of.
pub(crate) async fn compute(
    bench: &Workbench,
    service: &ResolvedService,
    times: Option<Extent>,
    now: Timestamp,
    manifest: Option<&Manifest>,
    printer: &Printer,
) -> Result<Computed, CliError> {
    let compiled = compile::folder(bench, printer).await?;
    let scratch = tempfile::Builder::new()
        .prefix("sandglass-")
        .tempdir()
        .map_err(|error| CliError::internal(format!("no temporary folder: {error}")))?;
    let tables = Tables {
        root: scratch.path().into(),
        session: bench.session.clone(),
    };
    let (mut views, mut records) = (BTreeMap::new(), Vec::new());
    for entry in &service.lookups {
        if views.contains_key(&entry.view) {
            continue;
        }
        let view = compile::view(&compiled.views, &entry.view)?;
        let (training, made) = match &view.view.table {
            Some(_) => brought(bench, view, manifest).await?,
            None => {
                let (training, interval) = one(bench, &tables, view, times, now, printer).await?;
                (training, Made::OfSources(interval))
            }
        };
        let (version, rows, sources) = match made {
            Made::OfSources(interval) => (0, None, read_sources(&view.view, &view.inputs, interval)),
            Made::Brought { version, rows } => (version, Some(rows), Vec::new()),
        };
        let parts = parts(bench.project(), view, compiled.code(view.view.transformation.as_ref()));
        let component = view
            .transform
            .as_ref()
            .map(|transform| transform.component.digest().to_string());
        records.push(ViewRecord {
            name: entry.view.clone(),
            version,
            rows,
            tiles: None,
            component,
            definition: digests(&parts),
            sources,
        });
        views.insert(entry.view.clone(), Arc::new(training));
    }
    let asked = |request: &&CompiledRequest| {
        let mut asked = service.requests.iter();
        asked.any(|asked| asked.view == request.view.name)
    };
    let requests: Vec<CompiledRequest> = compiled.requests.iter().filter(asked).cloned().collect();
    for request in &requests {
        let parts = request_parts(request, compiled.code(Some(&request.view.transformation)));
        records.push(request_record(request, &parts));
    }
    Ok(Computed {
        views,
        requests,
        records,
        scratch,
    })
}

/// Where rows come from.
enum Made {
    /// The sources, over an interval.
    OfSources(Interval),
    /// Somebody has brought them: they are in this version of the view and of its table.
    Brought { version: u64, rows: u64 },
}

/// A feature table, whose rows are nowhere else; as a manifest names it, or as it is now.
async fn brought(
    bench: &Workbench,
    compiled: &CompiledView,
    manifest: Option<&Manifest>,
) -> Result<(TrainingView, Made), CliError> {
    let name = &compiled.view.name;
    let named = manifest.and_then(|manifest| manifest.views.iter().find(|record| record.name == *name));
    let applied = bench.applied()?;
    let now = applied.views.get(name).map(|view| u64::from(view.version));
    if let (Some(named), Some(now)) = (named, now)
        && named.version != now
    {
        let message = format!("feature table `{name}`: it was made anew since the manifest was written");
        return Err(CliError::invalid(message, Some(GONE.to_owned())));
    }
    let versions = named.map(|record| (record.rows, None));
    let opened = bench.opened_at(&applied, name, versions).await?;
    let made = Made::Brought {
        version: u64::from(opened.version.version),
        rows: opened.rows.version(),
    };
    let training = TrainingView {
        view: compiled.view.clone(),
        data_delay: compiled.data_delay,
        rows: Arc::new(opened.rows),
        tiles: None,
    };
    Ok((training, made))
}

async fn one(
    bench: &Workbench,
    tables: &Tables,
    compiled: &CompiledView,
    times: Option<Extent>,
    now: Timestamp,
    printer: &Printer,
) -> Result<(TrainingView, Interval), CliError> {
    let view = &compiled.view;
    let name = bench.name(&view.name, 1);
    let rows = Arc::new(tables.rows_or_new(compiled, &name).await?);
    let tiles = match &compiled.tiles {
        None => None,
        Some(spec) => Some((
            Arc::clone(spec),
            Arc::new(tables.tiles_or_new(view, spec, &name).await?),
        )),
    };
    let training = TrainingView {
        view: view.clone(),
        data_delay: compiled.data_delay,
        rows: Arc::clone(&rows),
        tiles,
    };
    let Extent { first, last } = times.unwrap_or(Extent {
        first: view.feature_start_time,
        last: view.feature_start_time,
    });
    let needs = training.needs(first, last);
    let grid = view.grid();
    let interval = Interval {
        start: grid.floor(needs.start).max(view.feature_start_time),
        end: grid.ceil(needs.end).min(last_due(view, compiled.data_delay, now)),
    };
    if interval.is_empty() {
        return Ok((training, interval));
    }
    let situation = Situation {
        data_delay: compiled.data_delay,
        covered: &[],
        applied_at: now,
        now,
    };
    let range = Range {
        interval,
        overwrite: false,
    };
    let jobs = plan_range(view, &situation, range)
        .map_err(|error| CliError::invalid(format!("feature view `{}`: {}", view.name, error.message), error.hint))?;
    let settings = Settings {
        session: bench.session.clone(),
        guests: bench.guests.clone(),
        parallel: cores(),
        shared_bytes_max: bench.memory_bytes / 4,
        retries: 0,
        retry_after: Duration::ZERO,
    };
    let dead = tables.dead_letters(&name)?;
    let task = Task {
        compiled,
        table: Arc::clone(&rows),
        dead: &dead,
        coverage: &Coverage::default(),
        jobs: &jobs,
    };
    let bar = printer.bar(&view.name, jobs.len());
    let outcome = materialize(&settings, task, |progress| {
        if let Progress::Committed { jobs, rows } = progress {
            bar.set_position(jobs as u64);
            bar.set_message(format!("{rows} rows"));
        }
    })
    .await;
    bar.finish_and_clear();
    outcome.map_err(|failure| failure.error)?;
    if let Some((spec, tiles)) = &training.tiles {
        build_tiles(&bench.session, &view.name, spec, &rows, tiles, |_| {}).await?;
    }
    Ok((training, interval))
}
