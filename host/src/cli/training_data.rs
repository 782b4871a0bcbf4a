use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use datafusion::physical_plan::execute_stream;
use sandglass_runtime::Digest;
use serde_json::json;

use super::compile;
use super::error::CliError;
use super::from_source;
use super::output::Printer;
use super::workbench::Workbench;
use crate::definition::{FeatureService, Parsed, Project, ResolvedFeature, ResolvedService};
use crate::plan::{Parts, decides_values};
use crate::project::{CompiledRequest, features};
use crate::registry::Applied;
use crate::training::{
    FileFormat, Manifest, Options, OutputRecord, Spine, SpineOptions, SpineRecord, SpineRows, Target, TrainingError,
    TrainingPlan, TrainingRequest, TrainingView, ViewRecord, write,
};
use crate::transform::{RequestRuns, Room};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The rows that are asked about: a Parquet, CSV or Arrow IPC file with the join keys and a time in each.
    #[arg(long)]
    spine: PathBuf,
    /// Feature views, features of views as `view[feature, feature]`, and feature services.
    #[arg(long, required_unless_present = "manifest", value_parser = names)]
    features: Option<Names>,
    /// Where the training data goes; its ending says the format.
    #[arg(long)]
    out: PathBuf,
    /// The spine's column with the times; else `timestamp`, or the only column of timestamps.
    #[arg(long)]
    timestamp_column: Option<String>,
    /// Replaces the output if it is there.
    #[arg(long)]
    overwrite: bool,
    /// Takes what is there where an interval has not been materialized.
    #[arg(long)]
    allow_gaps: bool,
    /// Computes everything from the sources and the project's folder, with nothing applied or materialized.
    #[arg(long)]
    from_source: bool,
    /// Makes the training data of a manifest again, bit for bit.
    #[arg(long, conflicts_with_all = ["features", "timestamp_column", "allow_gaps", "from_source"])]
    manifest: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn new(spine: PathBuf, features: &[&str], out: PathBuf) -> Self {
        Self {
            spine,
            features: Some(Names(features.iter().map(|&name| name.to_owned()).collect())),
            out,
            timestamp_column: None,
            overwrite: true,
            allow_gaps: false,
            from_source: false,
            manifest: None,
        }
    }
}

/// Names with commas in between.
#[derive(Clone)]
struct Names(Vec<String>);

/// Commas within brackets do not separate.
fn names(text: &str) -> Result<Names, String> {
    let (mut names, mut depth, mut from) = (Vec::new(), 0_i32, 0);
    for (at, character) in text.char_indices() {
        match character {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth == 0 => {
                names.push(text[from..at].trim().to_owned());
                from = at + 1;
            }
            _ => {}
        }
    }
    names.push(text[from..].trim().to_owned());
    match names.iter().any(String::is_empty) {
        true => Err("an empty name; write `view,other_view[feature]`".to_owned()),
        false => Ok(Names(names)),
    }
}

/// The views that values come from.
type Views = BTreeMap<String, Arc<TrainingView>>;

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let started = Instant::now();
    let manifest = arguments.manifest.as_deref().map(Manifest::read).transpose()?;
    let asked = match (&manifest, &arguments.features) {
        (Some(manifest), _) => manifest.features.clone(),
        (None, Some(Names(names))) => names.clone(),
        (None, None) => Vec::new(),
    };
    let options = match &manifest {
        Some(manifest) => manifest.options.clone(),
        None => Options {
            allow_gaps: arguments.allow_gaps,
            from_source: arguments.from_source,
            now: bench.now,
        },
    };
    let target = Target::new(
        &arguments.out,
        manifest.as_ref().map(|manifest| manifest.output.format),
        arguments.overwrite,
    )?;
    if target.is(&arguments.spine) {
        return Err(CliError::invalid("the output is the spine".to_owned(), None));
    }
    let applied = match (&manifest, options.from_source) {
        (_, true) => None,
        (Some(manifest), false) => Some(bench.registry().read(manifest.application)?),
        (None, false) => Some(bench.applied()?),
    };
    let project = applied.as_ref().map_or(bench.project(), |applied| &applied.project);
    let service = service(project, &asked)?;
    // Which columns are keys does not depend on the views' rows.
    let unresolved = resolve(project, &service, &Views::new(), &[])?;
    let spine_options = SpineOptions {
        format: manifest.as_ref().map(|manifest| manifest.spine.format),
        timestamp_column: match &manifest {
            Some(manifest) => Some(manifest.spine.timestamp_column.clone()),
            None => arguments.timestamp_column.clone(),
        },
        cells: match target.format() {
            FileFormat::Csv => crate::training::Cells::Text,
            FileFormat::Parquet | FileFormat::Arrow => crate::training::Cells::Typed,
        },
        context: unresolved.context.clone(),
    };
    let spine = Spine::open(&arguments.spine, &unresolved.keys, &spine_options).await?;
    if let Some(manifest) = &manifest {
        manifest.check_spine(&spine)?;
    }
    // Dropped, what was computed from the sources is removed.
    let (views, requests, records, _scratch) = match &applied {
        Some(applied) => {
            let names: Vec<&str> = unresolved
                .requests
                .iter()
                .map(|request| request.view.as_str())
                .collect();
            let requests = compile::applied_requests(bench, printer, applied, &names)?;
            let (views, mut records) = opened(bench, applied, &unresolved, manifest.as_ref()).await?;
            for compiled in &requests {
                let known = applied.request_views.get(&compiled.view.name);
                records.extend(known.map(|known| request_record(compiled, &known.parts)));
            }
            (views, requests, records, None)
        }
        None => {
            let computed = from_source::compute(
                bench,
                &unresolved,
                spine.times(),
                options.now,
                manifest.as_ref(),
                printer,
            )
            .await?;
            (
                computed.views,
                computed.requests,
                computed.records,
                Some(computed.scratch),
            )
        }
    };
    if let Some(manifest) = &manifest {
        check_views(manifest, &records)?;
    }
    let resolved = resolve(project, &service, &views, &requests)?;
    let own = |name: &String| spine.schema().index_of(name).is_ok();
    if let Some(taken) = resolved.features.iter().map(ResolvedFeature::training_name).find(own) {
        let message = format!(
            "spine {}: it has a column `{taken}` already, as a feature is called",
            spine.path().display()
        );
        let hint = "leave the column out, or ask for the feature by a service that gives it a `prefix`".to_owned();
        return Err(CliError::invalid(message, Some(hint)));
    }
    let requests = bound(bench, project, &resolved, &views, requests)?;
    let rows = SpineRows {
        plan: spine.plan().map_err(|error| CliError::internal(error.to_string()))?,
        columns: spine
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect(),
        rows: spine.rows(),
        times: spine.times().map(|times| (times.first, times.last)),
    };
    let view = |name: &str| views.get(name).cloned();
    let format = target.format();
    let made = async {
        let mut plan = TrainingPlan::new(&bench.session, rows, &resolved, view, requests, options.allow_gaps).await?;
        let stream =
            execute_stream(Arc::clone(&plan.root), bench.session.task_ctx()).map_err(TrainingError::from_plan)?;
        let (stream, counts) = match plan.requests.take() {
            None => (stream, Arc::default()),
            Some(stage) => {
                let counts = stage.counts();
                (stage.stream(stream, bench.guests.threads.count()), counts)
            }
        };
        let staged = write(target, stream).await?;
        Ok::<_, TrainingError>((plan, counts, staged))
    };
    let (plan, counts, staged) = match made.await {
        Err(error) if manifest.is_some() => return Err(gone(&views).await.unwrap_or_else(|| error.into())),
        made => made?,
    };
    let written = staged.written().clone();
    if let Some(manifest) = &manifest {
        manifest.check_output(&arguments.out, &written)?;
    }
    let manifest = Manifest::new(
        project.name.as_str().to_owned(),
        applied.as_ref().map_or(0, |applied| applied.number),
        asked,
        records,
        SpineRecord::of(&spine),
        options,
        OutputRecord::of(format, &written),
    );
    staged.publish(Some(&manifest))?;
    let overflows = plan.overflows();
    if overflows > 0 {
        printer.tell(&format!("{overflows} results did not fit their type and are null"));
    }
    if spine.null_times() > 0 {
        printer.tell(&format!(
            "rows of the spine without a time, and so without features: {}",
            spine.null_times()
        ));
    }
    for (count, what) in [
        (
            counts.without(),
            "without what a request view takes no null for, and so without its features",
        ),
        (
            counts.rejected(),
            "that a request view failed on, and so without its features",
        ),
    ] {
        if count > 0 {
            printer.tell(&format!("rows of the spine {what}: {count}"));
        }
    }
    let seconds = started.elapsed().as_secs_f64();
    let text = format!(
        "{} rows, {} features, {} bytes in {} ({seconds:.1} s)\n",
        written.rows,
        resolved.features.len(),
        written.bytes,
        arguments.out.display()
    );
    let json = json!({
        "rows": written.rows,
        "features": resolved.features.iter().map(|feature| feature.training_name()).collect::<Vec<_>>(),
        "bytes": written.bytes,
        "sha256": written.digest,
        "overflows": overflows,
        "rejected": counts.rejected(),
        "peak_memory_bytes": super::output::peak_memory_bytes(),
    });
    printer.answer(&text, &json);
    Ok(())
}

/// What is asked for, as one service.
fn service(project: &Project, asked: &[String]) -> Result<FeatureService, CliError> {
    let mut entries = Vec::new();
    for name in asked {
        match project.feature_service(name) {
            Some(service) => entries.extend(service.features.clone()),
            None => entries.push(name.parse().map_err(|error: crate::definition::ServiceFeaturesError| {
                CliError::invalid(error.message, error.hint)
            })?),
        }
    }
    Ok(FeatureService {
        features: entries,
        ..FeatureService::of_view("--features")
    })
}

fn resolve(
    project: &Project,
    service: &FeatureService,
    views: &Views,
    requests: &[CompiledRequest],
) -> Result<ResolvedService, CliError> {
    let known = |name: &str| {
        let request = requests.iter().find(|request| request.view.name == name);
        known(views, name).or_else(|| request.map(CompiledRequest::named))
    };
    service.resolve(project, known).map_err(|problems| {
        let first = problems.into_iter().next();
        let (message, hint) = first.map(|problem| (problem.message, problem.hint)).unwrap_or_default();
        CliError::invalid(message, hint)
    })
}

/// The names and types of a view's features.
fn known(views: &Views, name: &str) -> Option<Vec<(String, String)>> {
    let view = views.get(name)?;
    let spec = view.tiles.as_ref().map(|(spec, _)| spec.as_ref());
    Some(features(&view.view, view.rows.schema(), spec))
}

/// Request views, with where their input comes from.
fn bound(
    bench: &Workbench,
    project: &Project,
    resolved: &ResolvedService,
    views: &Views,
    requests: Vec<CompiledRequest>,
) -> Result<Vec<TrainingRequest>, CliError> {
    let parsed = Parsed::stored(project.clone());
    // Nothing waits to be used: there is always a next batch.
    let room = Room::new(0, 0);
    let each = resolved.requests.iter().map(|resolved| {
        let compiled = requests.iter().find(|request| request.view.name == resolved.view);
        let compiled = compiled.ok_or_else(|| CliError::internal(format!("`{}` was not opened", resolved.view)))?;
        let inputs = compiled
            .bind(&parsed, |name| known(views, name))
            .map_err(|problems| CliError::from(parsed.problems(problems)))?;
        let (name, transform) = (&compiled.view.name, &compiled.transform);
        let runs = RequestRuns::new(name, transform, bench.guests.clone(), room.clone());
        Ok(TrainingRequest {
            compiled: compiled.clone(),
            inputs,
            resolved: resolved.clone(),
            runs: Arc::new(runs),
        })
    });
    each.collect()
}

/// What the manifest says of a request view.
pub(crate) fn request_record(compiled: &CompiledRequest, parts: &Parts) -> ViewRecord {
    ViewRecord {
        name: compiled.view.name.clone(),
        version: 0,
        rows: None,
        tiles: None,
        component: Some(compiled.transform.component.digest().to_string()),
        definition: digests(parts),
        sources: Vec::new(),
    }
}

/// The tables of applied views, as they are now or as a manifest names them.
async fn opened(
    bench: &Workbench,
    applied: &Applied,
    service: &ResolvedService,
    manifest: Option<&Manifest>,
) -> Result<(Views, Vec<ViewRecord>), CliError> {
    let (mut views, mut records) = (Views::new(), Vec::new());
    for entry in &service.lookups {
        if views.contains_key(&entry.view) {
            continue;
        }
        let record = manifest.and_then(|manifest| manifest.views.iter().find(|record| record.name == entry.view));
        let versions = record.map(|record| (record.rows, record.tiles));
        let opened = bench.opened_at(applied, &entry.view, versions).await?;
        records.push(ViewRecord {
            name: entry.view.clone(),
            version: u64::from(opened.version.version),
            rows: Some(opened.rows.version()),
            tiles: opened.tiles.as_ref().map(|(_, tiles)| tiles.version()),
            component: opened
                .version
                .component
                .as_ref()
                .map(|component| component.digest.to_string()),
            definition: digests(&opened.version.parts),
            sources: Vec::new(),
        });
        let view = TrainingView {
            view: opened.view,
            data_delay: opened.data_delay,
            rows: Arc::new(opened.rows),
            tiles: opened.tiles.map(|(spec, tiles)| (spec, Arc::new(tiles))),
        };
        views.insert(entry.view.clone(), Arc::new(view));
    }
    Ok((views, records))
}

/// A digest for each part of a definition that values depend on.
pub(crate) fn digests(parts: &Parts) -> BTreeMap<String, String> {
    let digest = |value: &serde_json::Value| Digest::of(value.to_string().as_bytes()).hex().to_owned();
    let parts = parts.iter().filter(|(part, _)| decides_values(part));
    parts.map(|(part, value)| (part.clone(), digest(value))).collect()
}

pub(crate) const GONE: &str = "what it was made from is gone; make new training data without `--manifest`";

/// Whether values come from what a manifest names.
fn check_views(manifest: &Manifest, found: &[ViewRecord]) -> Result<(), CliError> {
    for named in &manifest.views {
        let Some(found) = found.iter().find(|found| found.name == named.name) else {
            continue;
        };
        let what = if found.component != named.component {
            "its component is another one"
        } else if found.definition != named.definition {
            "its definition is another one"
        } else if found.sources != named.sources {
            "its sources have changed"
        } else if (found.version, found.rows, found.tiles) != (named.version, named.rows, named.tiles) {
            "its tables are not kept as they were"
        } else {
            continue;
        };
        let message = format!("feature view `{}`: {what} since the manifest was written", named.name);
        return Err(CliError::invalid(message, Some(GONE.to_owned())));
    }
    Ok(())
}

/// Why what a manifest names cannot be read, if files of its tables are gone.
async fn gone(views: &Views) -> Option<CliError> {
    for (name, view) in views {
        let table = view.tiles.as_ref().map_or(&view.rows, |(_, tiles)| tiles);
        if let Ok(Some(file)) = table.missing_file().await {
            let version = table.version();
            let message =
                format!("feature view `{name}`: `{file}`, of version {version} of its table, is not kept any more");
            return Some(CliError::invalid(message, Some(GONE.to_owned())));
        }
    }
    None
}
