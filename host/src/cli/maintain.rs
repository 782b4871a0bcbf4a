use serde_json::json;

use super::error::CliError;
use super::fates::{View, decide};
use super::kept::last_applied;
use super::output::{Printer, table};
use super::upkeep::{TableFate, TableOutcome, Task};
use super::workbench::Workbench;
use crate::compaction::GRACE;
use crate::maintain::{Dropped, Fate, VersionFate, drop_folder, leftovers, remove_leftover, size};
use crate::offline::Upkeep;
use crate::registry::Applied;
use crate::storage::Place;
use crate::time::Span;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Only these views.
    views: Vec<String>,
    /// How old a file has to be that no table names, by the machine's clock: running jobs have such files, killed ones leave them. `0s` if
    /// nothing runs.
    #[arg(long, default_value = "1d", value_name = "TIME")]
    orphans_after: Span,
    /// Shows what would be done, and does nothing.
    #[arg(long)]
    dry_run: bool,
}

/// What was done to a version.
enum Outcome {
    Tables(Vec<TableOutcome>),
    Dropped(Dropped),
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    if arguments.orphans_after < Span::ZERO {
        return Err(CliError::invalid("`--orphans-after` cannot be negative", None));
    }
    let (applied, views) = decide(bench, &arguments.views, arguments.dry_run).await?;
    let task = Task {
        bench,
        upkeep: Upkeep {
            now: bench.now,
            orphans_after: arguments.orphans_after,
        },
        dry_run: arguments.dry_run,
    };
    let (mut rows, mut list, mut failure) = (Vec::new(), Vec::new(), None);
    for view in &views {
        let (mut of_versions, mut left) = (Vec::new(), 0);
        for found in &view.fates {
            let outcome = version(&task, &applied, view, *found).await?;
            of_versions.push(told(&view.name, *found, &outcome, &mut rows));
            if let Outcome::Tables(tables) = outcome {
                for TableOutcome { table, fate } in tables {
                    let TableFate::Failed(error) = fate else { continue };
                    printer.tell(&format!("{} v{}, {table}: {}", view.name, found.version, error.message));
                    failure.get_or_insert(error);
                }
            }
        }
        left += sweep_leftovers(&task, &bench.versions(&view.name), view)?;
        let generations = match arguments.dry_run {
            true => None,
            false => Some(sweep_generations(bench, &view.name).await?),
        };
        list.push(json!({
            "name": view.name,
            "versions": of_versions,
            "generations_dropped": generations,
            "leftovers": left,
        }));
    }
    let registry = bench.folder.offline().join(&bench.project().name.registry_path());
    for folder in ["applied", "components", "keys"] {
        remove_all(&task, &registry.join(folder))?;
    }
    let header = [
        "feature view",
        "version",
        "table",
        "files",
        "bytes",
        "merged",
        "expired",
        "orphans",
        "log",
    ];
    printer.answer(
        &table(&header, &rows),
        &json!({ "feature_views": list, "dry_run": arguments.dry_run }),
    );
    // What could be kept up was; what could not is what the command ends with.
    failure.map_or(Ok(()), Err)
}

async fn version(task: &Task<'_>, applied: &Applied, view: &View, found: VersionFate) -> Result<Outcome, CliError> {
    let bench = task.bench;
    let name = bench.name(&view.name, found.version);
    if found.fate != Fate::Dropped {
        let definition = last_applied(&bench.registry(), applied, &view.name, found.version)?;
        return Ok(Outcome::Tables(task.version(&name, definition.as_ref()).await));
    }
    let (versions, version) = (bench.versions(&view.name), format!("v{}", found.version));
    if task.dry_run {
        return Ok(Outcome::Dropped(size(&versions.join(&version))?));
    }
    drop_folder(&versions, &version)
        .map(Outcome::Dropped)
        .map_err(|error| CliError::unremovable(&error))
}

/// Puts a version's tables into the text, and gives it as an object.
fn told(view: &str, found: VersionFate, outcome: &Outcome, rows: &mut Vec<Vec<String>>) -> serde_json::Value {
    let version = format!("v{}", found.version);
    let begin = |table: &str| vec![view.to_owned(), version.clone(), table.to_owned()];
    let mut object = json!({ "version": found.version, "state": found.fate.name(), "kept_until": found.fate.until() });
    match outcome {
        Outcome::Tables(tables) => {
            for table in tables {
                rows.push(begin(&table.table).into_iter().chain(table.cells()).collect());
            }
            object["tables"] = tables.iter().map(TableOutcome::json).collect();
        }
        Outcome::Dropped(size) => {
            let cells = [
                format!("{} to 0", size.files),
                format!("{} to 0", size.bytes),
                "dropped".to_owned(),
            ];
            rows.push(begin("all").into_iter().chain(cells).collect());
            object["before"] = json!(size);
        }
    }
    object
}

/// Removes what is left in a view's folders; says how much it was.
fn sweep_leftovers(task: &Task<'_>, folder: &Place, view: &View) -> Result<usize, CliError> {
    let mut count = remove_all(task, folder)?;
    for found in view.fates.iter().filter(|found| found.fate != Fate::Dropped) {
        let version = folder.join(&format!("v{}", found.version));
        for inside in ["tiles", "failed"] {
            count += remove_all(task, &version.join(inside))?;
        }
    }
    Ok(count)
}

fn remove_all(task: &Task<'_>, folder: &Place) -> Result<usize, CliError> {
    let left = leftovers(folder, task.upkeep.orphans_after)?;
    for name in left.iter().filter(|_| !task.dry_run) {
        remove_leftover(folder, name).map_err(|error| CliError::unremovable(&error))?;
    }
    Ok(left.len())
}

/// Drops generations of a view that are not live.
async fn sweep_generations(bench: &Workbench, view: &str) -> Result<usize, CliError> {
    let (store, name, now) = (bench.online()?, bench.name(view, 1), bench.now);
    let swept = tokio::task::spawn_blocking(move || store.sweep(&name, GRACE, now)).await;
    Ok(swept.map_err(|error| CliError::internal(error.to_string()))??)
}
