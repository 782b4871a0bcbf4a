use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::json;

use super::error::CliError;
use super::forgotten::{Outcome, tell, text};
use super::holders::sources;
use super::kept::last_applied;
use super::keys::key_values;
use super::output::Printer;
use super::tables::tile_kind;
use super::workbench::Workbench;
use crate::definition::{Entity, JoinKey, list};
use crate::key::KeyValue;
use crate::maintain::{Followed, FollowedTables, ItemsOf, OfKey, OfLetters, chosen_items, forget_items, versions};
use crate::offline::{Chosen, Forgotten, OfflineTable};
use crate::online::{GenerationState, OnlineStore};
use crate::registry::Applied;
use crate::server::DATAFRAME_ROWS;
use crate::tile::TileSpec;
use crate::time::Span;
use crate::workspace::Name;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The entity.
    entity: String,
    /// The key: `customer_id=7`, once for each join key of the entity.
    #[arg(long = "key", value_name = "NAME=VALUE")]
    keys: Vec<String>,
    /// Does it. Without this, it is only shown what would go.
    #[arg(long)]
    yes: bool,
    /// How old a file has to be that no table names, by the machine's clock, to be looked at and removed: running jobs have such files. `0s`
    /// if nothing runs.
    #[arg(long, default_value = "1d", value_name = "TIME")]
    orphans_after: Span,
}

/// A version of a view that has the entity's key.
struct Target {
    name: Name,
    /// The entity's keys as this version has them, and the value of each.
    keys: Vec<JoinKey>,
    values: Vec<KeyValue>,
    /// All keys of the version, in the order of its items.
    all: Vec<JoinKey>,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    if arguments.orphans_after < Span::ZERO {
        return Err(CliError::invalid("`--orphans-after` cannot be negative", None));
    }
    let applied = bench.applied()?;
    let entity = entity(&applied, &arguments.entity)?;
    let values = key_values(&entity.join_keys, &format!("entity `{}`", entity.name), &arguments.keys)?;
    let targets = targets(bench, &applied, entity, &values, printer)?;
    let mut by_view: BTreeMap<&str, Vec<&Target>> = BTreeMap::new();
    for target in &targets {
        by_view.entry(target.name.view()).or_default().push(target);
    }
    let (mut outcomes, mut items, mut failed, mut untold) = (Vec::new(), BTreeMap::new(), 0, false);
    for (view, targets) in &by_view {
        let mut followed = FollowedTables::default();
        for target in targets {
            let base = base_tiles(bench, &applied, target).await?;
            let done = version(bench, arguments, target, base.as_deref()).await?;
            followed.rows = followed.rows.or(done.followed.rows);
            followed.tiles = followed.tiles.or(done.followed.tiles);
            untold |= done.untold;
            failed += done.failed;
            outcomes.extend(done.tables);
        }
        items.insert(*view, online(bench, arguments, view, targets, followed).await?);
    }
    let sources = sources(
        bench,
        &applied,
        &by_view.keys().copied().collect(),
        &entity.join_keys,
        &values,
    )
    .await;
    tell(printer, arguments.orphans_after, &outcomes, &items, untold, &sources);
    let waiting = waiting_dataframes(bench);
    if waiting > 0 {
        printer.tell(&format!(
            "warning: {waiting} data frames wait to be ingested, and may have the key: forget it again when they are, or when a day is over"
        ));
    }
    let answer = json!({
        "waiting_dataframes": waiting,
        "entity": entity.name,
        "forgotten": arguments.yes,
        "tables": outcomes.iter().map(Outcome::json).collect::<Vec<_>>(),
        "online_items": items,
        "failed_jobs": failed,
        "untold_letters": untold,
        "sources": sources,
    });
    printer.answer(&text(arguments.yes, &outcomes, &items), &answer);
    Ok(())
}

/// Data frames that clients have put, and that are not ingested yet.
fn waiting_dataframes(bench: &Workbench) -> usize {
    let folders = std::fs::read_dir(bench.dataframes()).into_iter().flatten().flatten();
    folders
        .filter(|folder| folder.path().join(DATAFRAME_ROWS).exists())
        .count()
}

fn entity<'a>(applied: &'a Applied, name: &str) -> Result<&'a Entity, CliError> {
    let entities = &applied.project.entities;
    entities.iter().find(|entity| entity.name == name).ok_or_else(|| {
        let names = list(entities.iter().map(|entity| entity.name.as_str()));
        CliError::invalid(format!("no entity `{name}`; this project has {names}"), None)
    })
}

/// All versions of all views that have the entity, also of views that are not defined any more.
fn targets(
    bench: &Workbench,
    applied: &Applied,
    entity: &Entity,
    values: &[KeyValue],
    printer: &Printer,
) -> Result<Vec<Target>, CliError> {
    let registry = bench.registry();
    let mut targets = Vec::new();
    for (view, known) in applied.views.iter().chain(&applied.retired) {
        let kept = known.kept.iter().map(|kept| kept.version);
        let numbers: BTreeSet<u32> = kept.chain([known.version]).collect();
        for version in &numbers {
            let found = last_applied(&registry, applied, view, *version)?;
            let Some((project, definition)) = found.filter(|(_, view)| view.entities.contains(&entity.name)) else {
                continue;
            };
            let then = project.entities.iter().find(|other| other.name == entity.name);
            let keys = then.map(|then| then.join_keys.clone()).unwrap_or_default();
            let Some(values) = as_then(&entity.join_keys, values, &keys) else {
                let names = list(keys.iter().map(|key| key.name.as_str()));
                printer.tell(&format!(
                    "warning: {view} v{version} has other join keys of `{}`, {names}, and is left as it is",
                    entity.name
                ));
                continue;
            };
            targets.push(Target {
                name: bench.name(view, *version),
                keys,
                values,
                all: definition.join_keys,
            });
        }
        if versions(&bench.versions(view))?
            .iter()
            .any(|version| !numbers.contains(version))
        {
            printer.tell(&format!(
                "warning: {view} has versions whose removal was cut off; `sandglass maintain` removes them with all that is in them"
            ));
        }
    }
    Ok(targets)
}

/// The values in the order and the types that the keys had then; none if they were called otherwise or cannot be of that type.
fn as_then(now: &[JoinKey], values: &[KeyValue], then: &[JoinKey]) -> Option<Vec<KeyValue>> {
    if now.len() != then.len() {
        return None;
    }
    then.iter()
        .map(|key| {
            let place = now.iter().position(|other| other.name == key.name)?;
            KeyValue::parse(key, &values[place].to_string()).ok()
        })
        .collect()
}

struct VersionDone {
    tables: Vec<Outcome>,
    followed: FollowedTables,
    failed: usize,
    untold: bool,
}

/// Rows first, then what is made of them: whoever makes it anew meanwhile makes it of rows that have forgotten.
async fn version(
    bench: &Workbench,
    arguments: &Arguments,
    target: &Target,
    base_tiles: Option<&str>,
) -> Result<VersionDone, CliError> {
    let (tables, name) = (bench.tables(), &target.name);
    let mut done = VersionDone {
        tables: Vec::new(),
        followed: FollowedTables::default(),
        failed: 0,
        untold: false,
    };
    let of_key: Arc<dyn Chosen> = Arc::new(OfKey::new(&target.keys, &target.values));
    let mut outcome = |table: &str, forgotten| {
        done.tables.push(Outcome {
            view: name.view().to_owned(),
            version: name.version(),
            table: table.to_owned(),
            forgotten,
        });
    };
    if let Some(rows) = tables.rows(name, None).await? {
        let up_to = settled(bench, &rows, name, |state| Some(state.offline_version)).await?;
        let before = rows.version();
        let forgotten = forget(&rows, &of_key, arguments).await?;
        done.followed.rows = followed(up_to, before, &forgotten);
        outcome("rows", forgotten);
    }
    for kind in tables.tile_kinds(name)? {
        if let Some(tiles) = tables.tiles_of(name, &kind).await? {
            let (mut up_to, before) = (None, tiles.version());
            if base_tiles == Some(kind.as_str()) {
                up_to = settled(bench, &tiles, name, |state| state.tiles_version).await?;
            }
            let forgotten = forget(&tiles, &of_key, arguments).await?;
            done.followed.tiles = done.followed.tiles.or(followed(up_to, before, &forgotten));
            outcome(&format!("tiles/{kind}"), forgotten);
        }
    }
    let letters = Arc::new(OfLetters::new(&target.keys, &target.values));
    if let Some(dead) = tables.dead_letters(name)?.table().await? {
        let of_letters: Arc<dyn Chosen> = Arc::clone(&letters) as _;
        outcome(
            "dead",
            forget(&dead.with_runtime(bench.session.runtime_env()), &of_letters, arguments).await?,
        );
    }
    done.untold = letters.untold();
    if arguments.yes {
        let failed = bench.failed_jobs(name).forget_rows();
        done.failed = failed.map_err(|error| CliError::unremovable(&error))?;
    }
    Ok(done)
}

/// What the live items are to follow of a table, if nothing but what was forgotten is between the two versions.
fn followed(up_to: Option<u64>, before: u64, forgotten: &Forgotten) -> Option<Followed> {
    let to = forgotten.version.filter(|version| *version == before + 1)?;
    up_to.map(|from| Followed { from, to })
}

/// What the table of tiles is called that a version's items are made of.
async fn base_tiles(bench: &Workbench, applied: &Applied, target: &Target) -> Result<Option<String>, CliError> {
    let name = &target.name;
    let Some((project, view)) = last_applied(&bench.registry(), applied, name.view(), name.version())? else {
        return Ok(None);
    };
    let (Some(aggregation), Some(rows)) = (&view.aggregation, bench.tables().rows(name, None).await?) else {
        return Ok(None);
    };
    let spec = TileSpec::new(&view, aggregation, rows.schema(), project.data_delay(&view));
    Ok(spec.ok().as_ref().map(tile_kind))
}

/// The version of a table that the live items are of, if nothing in it has changed since.
async fn settled(
    bench: &Workbench,
    table: &OfflineTable,
    name: &Name,
    version: impl Fn(&GenerationState) -> Option<u64>,
) -> Result<Option<u64>, CliError> {
    let live = blocking(bench, name, |store, name| store.live(name)).await?;
    let Some((_, state)) = live.filter(|(record, _)| record.version == name.version()) else {
        return Ok(None);
    };
    let Some(version) = version(&state) else {
        return Ok(None);
    };
    let changed = table.changed_since(version).await?;
    Ok(changed.is_some_and(|changed| changed.is_empty()).then_some(version))
}

async fn forget(table: &OfflineTable, chosen: &Arc<dyn Chosen>, arguments: &Arguments) -> Result<Forgotten, CliError> {
    Ok(match arguments.yes {
        true => table.forget(chosen, arguments.orphans_after).await?,
        false => table.plan_forget(chosen, arguments.orphans_after).await?,
    })
}

/// The items of all keys that have the entity's in them.
async fn online(
    bench: &Workbench,
    arguments: &Arguments,
    view: &str,
    targets: &[&Target],
    followed: FollowedTables,
) -> Result<u64, CliError> {
    let items = targets.iter().map(|target| {
        let items = ItemsOf::new(&target.all, &target.keys, &target.values);
        (target.name.version(), items)
    });
    let items: BTreeMap<u32, ItemsOf> = items.collect();
    let chosen = move |version: u32, key: &[u8]| items.get(&version).is_some_and(|items| items.has(key));
    let (yes, now) = (arguments.yes, bench.now);
    blocking(bench, &bench.name(view, 1), move |store, name| {
        if !yes {
            return Ok(chosen_items(store, name, &chosen)?.len() as u64);
        }
        let count = forget_items(store, name, &chosen, followed)?;
        // Generations that were switched away from have the key, too.
        store.sweep(name, Span::ZERO, now)?;
        Ok(count)
    })
    .await
}

async fn blocking<T: Send + 'static>(
    bench: &Workbench,
    name: &Name,
    work: impl FnOnce(&dyn OnlineStore, &Name) -> Result<T, crate::online::OnlineError> + Send + 'static,
) -> Result<T, CliError> {
    let (store, name) = (bench.online()?, name.clone());
    let done = tokio::task::spawn_blocking(move || work(store.as_ref(), &name)).await;
    Ok(done.map_err(|error| CliError::internal(error.to_string()))??)
}
