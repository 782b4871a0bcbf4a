use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::json;

use super::compile::is_kept;
use super::error::CliError;
use super::online::{self, Brought, Rows, bring};
use super::output::{Printer, table};
use super::workbench::Workbench;
use crate::compaction::Mode;
use crate::definition::{BucketAt, Format, Meta, Parsed, Source, TimestampUnit, list};
use crate::ingest::{Ingested, ingest};
use crate::project::{CompiledView, check_view};
use crate::registry::Applied;
use crate::time::Span;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feature table.
    table: String,
    /// A file of its rows: Parquet, CSV or JSON lines, the last two also compressed; or a pattern, a folder or a Delta table of them.
    #[arg(long)]
    file: PathBuf,
    /// What a time column of whole numbers counts.
    #[arg(long, value_enum)]
    timestamp_unit: Option<Unit>,
    /// How a time column of text is written, as strftime does; RFC 3339 if it is not said.
    #[arg(long, conflicts_with = "timestamp_unit")]
    timestamp_format: Option<String>,
}

#[derive(clap::ValueEnum, Clone, Copy)]
enum Unit {
    S,
    Ms,
    Us,
    Ns,
}

impl From<Unit> for TimestampUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::S => Self::S,
            Unit::Ms => Self::Ms,
            Unit::Us => Self::Us,
            Unit::Ns => Self::Ns,
        }
    }
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let started = Instant::now();
    let (ingested, brought) = bring_rows(bench, arguments, printer).await?;
    let Brought {
        online, writes_saved, ..
    } = brought;
    if ingested.floored_times > 0 {
        printer.tell(&format!(
            "{} times were floored to microseconds",
            ingested.floored_times
        ));
    }
    if !ingested.ignored_columns.is_empty() {
        let columns = list(ingested.ignored_columns.iter().map(String::as_str));
        printer.tell(&format!("the table has no column {columns}"));
    }
    if let Some(upkeep) = &ingested.upkeep {
        printer.tell(&format!("{upkeep} (nothing is lost; a later commit tries again)"));
    }
    let seconds = started.elapsed().as_secs_f64();
    let row = vec![
        arguments.table.clone(),
        ingested.rows.to_string(),
        ingested.bytes.to_string(),
        online::text(online.as_ref()),
        writes_saved.to_string(),
        format!("{seconds:.1} s"),
    ];
    let header = ["feature table", "rows", "bytes", "online", "writes saved", "time"];
    let json = json!({
        "name": arguments.table,
        "ingested": ingested,
        "online": online::text(online.as_ref()),
        "compaction": online::json(online.as_ref()),
        "writes_saved": writes_saved,
        "seconds": seconds,
    });
    printer.answer(&table(&header, &[row]), &json);
    Ok(())
}

/// Adds the rows of the file to the feature table, and brings them online if it is served.
async fn bring_rows(
    bench: &Workbench,
    arguments: &Arguments,
    printer: &Printer,
) -> Result<(Ingested, Brought), CliError> {
    let (applied, name) = (bench.applied()?, arguments.table.as_str());
    let compiled = feature_table(&applied, name)?;
    let Some(version) = applied.views.get(name) else {
        return Err(CliError::internal(format!(
            "the registry has no version of feature table `{name}`"
        )));
    };
    let view_name = bench.name(name, version.version);
    let table = bench.tables().rows_to_write(&compiled, &view_name).await?;
    let (root, source) = source(arguments, &compiled)?;
    let ingested = ingest(&bench.session, &root, &source, &compiled, &table, bench.now).await?;
    let rows = Rows {
        view: &compiled.view,
        data_delay: Span::ZERO,
        version,
        name: &view_name,
        table: &table,
        staged: ingested.rows,
        spec: None,
        planned: None,
    };
    let brought = bring(bench, &rows, Mode::AfterJobs, printer).await.map_err(|error| {
        let done = format!(
            "{} rows are in feature table `{name}`, and not online yet: {}",
            ingested.rows, error.message
        );
        let again = "`sandglass compact` brings them online; to ingest them again does no harm".to_owned();
        CliError {
            message: done,
            hint: Some(
                error
                    .hint
                    .clone()
                    .map_or(again.clone(), |hint| format!("{hint}; then, {again}")),
            ),
            ..error
        }
    })?;
    Ok((ingested, brought))
}

/// The feature table of that name, as it was applied.
fn feature_table(applied: &Applied, name: &str) -> Result<CompiledView, CliError> {
    let project = &applied.project;
    is_kept(project, name)?;
    let view = match project.feature_view(name) {
        Some(view) if view.table.is_some() => view,
        Some(_) => {
            let hint = "`sandglass materialize` makes its rows of its sources".to_owned();
            let message = format!("`{name}` is a batch view, and no feature table");
            return Err(CliError::invalid(message, Some(hint)));
        }
        None => {
            let tables = project.feature_views.iter().filter(|view| view.table.is_some());
            let tables: Vec<_> = tables.map(|view| format!("`{}`", view.name)).collect();
            let there = match tables.is_empty() {
                true => "none is applied".to_owned(),
                false => format!("there are {}", tables.join(", ")),
            };
            return Err(CliError::invalid(format!("no feature table `{name}`; {there}"), None));
        }
    };
    let parsed = Parsed::stored(project.clone());
    let compiled = check_view(&parsed, view, &BTreeMap::new(), None);
    compiled.map_err(|problems| parsed.problems(problems).into())
}

/// The file as a source has it, and the folder that its path is relative to.
fn source(arguments: &Arguments, compiled: &CompiledView) -> Result<(PathBuf, Source), CliError> {
    let file = &arguments.file;
    let path = file.to_str().ok_or_else(|| {
        let message = format!("`{}` is no text in UTF-8", file.display());
        CliError::invalid(message, Some("rename the file".to_owned()))
    })?;
    let root = std::path::absolute("").unwrap_or_default();
    // The name of a file is no pattern, whatever is in it.
    let pattern = match file.exists() {
        true => glob::Pattern::escape(path),
        false => path.to_owned(),
    };
    let source = Source {
        name: path.to_owned(),
        path: pattern,
        bucket: BucketAt::default(),
        format: Format::of(path).unwrap_or(Format::Detect),
        version: None,
        partitions: None,
        partition_slack: Span::ZERO,
        columns: BTreeMap::new(),
        timestamp_column: compiled.view.timestamp_column.clone(),
        timestamp_unit: arguments.timestamp_unit.map(TimestampUnit::from),
        timestamp_format: arguments.timestamp_format.clone(),
        data_delay: Span::ZERO,
        meta: Meta::default(),
    };
    Ok((root, source))
}
