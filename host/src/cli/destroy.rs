use std::sync::Arc;

use serde_json::json;

use super::compile::is_kept;
use super::error::CliError;
use super::output::Printer;
use super::workbench::Workbench;
use crate::compaction::take_down;
use crate::offline::OfflineTable;
use crate::registry::{Applied, AppliedView};
use crate::storage::Place;
use crate::time::Span;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feature view.
    view: String,
    /// Does it. Without this, it is only shown what would go.
    #[arg(long)]
    yes: bool,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let before = bench.applied()?;
    let name = &arguments.view;
    let found = before.views.get(name).or_else(|| before.retired.get(name));
    let Some(view) = found else {
        // An earlier try may have been cut off after its first step.
        return match before.destroyed.get(name) {
            Some(&versions) => remove(bench, name, versions, arguments.yes, printer).await,
            None => Err(is_kept(&before.project, name)
                .err()
                .unwrap_or_else(|| unknown(&before, name))),
        };
    };
    let mut services = before.project.feature_services.iter();
    let user = services.find(|service| service.features.iter().any(|entry| entry.view == *name));
    if let Some(service) = user {
        let message = format!("feature service `{}` has features of `{name}`", service.name);
        let hint = "take them out of the service, and apply".to_owned();
        return Err(CliError::invalid(message, Some(hint)));
    }
    let mut requests = before.project.request_views.iter();
    let user = requests.find(|request| request.features.iter().any(|entry| entry.view == *name));
    if let Some(request) = user {
        let message = format!("request view `{}` reads features of `{name}`", request.name);
        let hint = "take them out of the view, and apply".to_owned();
        return Err(CliError::invalid(message, Some(hint)));
    }
    let versions = view.last_version();
    if arguments.yes {
        forget(bench, &before, name, view)?;
    }
    remove(bench, name, versions, arguments.yes, printer).await?;
    if arguments.yes && bench.project().feature_view(name).is_some() {
        printer.tell(&format!(
            "the folder still defines `{name}`: the next `apply` creates it anew"
        ));
    }
    Ok(())
}

fn unknown(applied: &Applied, name: &str) -> CliError {
    let names = applied.views.keys().chain(applied.retired.keys());
    let names: Vec<_> = names.map(|name| format!("`{name}`")).collect();
    CliError::invalid(
        format!("no feature view `{name}`; there are {}", names.join(", ")),
        None,
    )
}

/// The registry first: what is not there any more is not materialized or read while it is removed.
fn forget(bench: &Workbench, before: &Applied, name: &str, view: &AppliedView) -> Result<(), CliError> {
    let (mut project, mut views) = (before.project.clone(), before.views.clone());
    project.feature_views.retain(|view| view.name != name);
    views.remove(name);
    let mut next = Applied::next(Some(before), bench.now, project, views, before.request_views.clone());
    next.retired.remove(name);
    next.destroyed.insert(name.to_owned(), view.last_version());
    bench.registry().put(Some(before), &next)?;
    Ok(())
}

/// Items, then tables. What is gone already is no error.
async fn remove(bench: &Workbench, view: &str, versions: u32, yes: bool, printer: &Printer) -> Result<(), CliError> {
    let mut tables = Vec::new();
    for version in 1..=versions {
        let name = bench.name(view, version);
        let (rows, bytes) = match bench.tables().rows(&name, None).await {
            Ok(Some(table)) => {
                let files = table.files();
                let rows: u64 = files.iter().filter_map(|file| file.rows).sum();
                (Some(rows), files.iter().map(|file| file.size).sum::<u64>())
            }
            Ok(None) => continue,
            // What cannot be read can be removed.
            Err(_) => (None, 0),
        };
        let tiles = bench.tables().all_tiles(&name).await.unwrap_or_default();
        let files = tiles.iter().flatten().flat_map(OfflineTable::files);
        let tile_bytes = files.map(|file| file.size).sum::<u64>();
        tables.push((version, rows, bytes, (tiles.len(), tile_bytes)));
    }
    let name = bench.name(view, versions);
    let store = bench.online()?;
    let live = tokio::task::spawn_blocking({
        let (store, name) = (Arc::clone(&store), name.clone());
        move || store.live(&name)
    })
    .await
    .map_err(|error| CliError::internal(error.to_string()))??;
    let served = live.map(|(record, _)| record.version);
    let mut text = String::new();
    for (version, rows, bytes, (tiles, tile_bytes)) in &tables {
        let rows = rows.map_or_else(|| "unreadable".to_owned(), |rows| format!("{rows} rows"));
        text.push_str(&format!("{view} v{version}: {rows}, {bytes} bytes"));
        match tiles {
            0 => {}
            1 => text.push_str(&format!("; tiles, {tile_bytes} bytes")),
            several => text.push_str(&format!("; {several} tables of tiles, {tile_bytes} bytes")),
        }
        text.push('\n');
    }
    if let Some(version) = served {
        text.push_str(&format!("{view}: online items of version {version}\n"));
    }
    let delete = |place: &Place| place.remove_all().map_err(|error| CliError::unremovable(&error));
    if yes {
        take_down(store, &name, Span::ZERO, bench.now).await?;
        if let Some(path) = bench.folder.online() {
            delete(&path.join(bench.project().name.to_string()).join(view).into())?;
        }
        delete(&bench.versions(view))?;
        text.push_str("destroyed\n");
    } else {
        text.push_str(&format!(
            "nothing is removed yet: `sandglass destroy {view} --yes` removes all of it\n"
        ));
    }
    let tables: Vec<_> = tables
        .iter()
        .map(|(version, rows, bytes, (tiles, tile_bytes))| {
            let tiles = json!({ "tables": tiles, "bytes": tile_bytes });
            json!({ "version": version, "rows": rows, "bytes": bytes, "tiles": tiles })
        })
        .collect();
    printer.answer(
        &text,
        &json!({ "name": view, "tables": tables, "online_version": served, "destroyed": yes }),
    );
    Ok(())
}
