use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;

use super::error::CliError;
use super::keys::key_values;
use super::output::{Printer, table};
use super::workbench::Workbench;
use crate::definition::{FeatureService, Lookup, Project, ResolvedService, ServiceFeatures};
use crate::key::{KeyValue, encode};
use crate::online::{Item, OnlineStore, Read, Value};
use crate::plan::last_due;
use crate::registry::Applied;
use crate::time::Timestamp;
use crate::workspace::Name;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feature view or feature service.
    name: String,
    /// The key: `customer_id=7`, once for each join key.
    #[arg(long = "key", value_name = "NAME=VALUE", required = true)]
    keys: Vec<String>,
}

impl Arguments {
    pub(crate) fn new(name: &str, key: &str) -> Self {
        Self {
            name: name.to_owned(),
            keys: vec![key.to_owned()],
        }
    }
}

/// Names and types of the columns of what is live, by view.
type Columns = BTreeMap<String, Vec<(String, String)>>;

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let applied = bench.applied()?;
    let project = &applied.project;
    let is_view = project.feature_view(&arguments.name).is_some();
    let service = service(project, &arguments.name)?;
    let store = bench.online();
    let columns = columns(bench, &store, &applied, &service).await?;
    let mut resolved = service
        .resolve(project, |view| columns.get(&view.name).cloned())
        .map_err(|problems| {
            let first = problems.into_iter().next();
            let (message, hint) = first.map(|problem| (problem.message, problem.hint)).unwrap_or_default();
            CliError::invalid(format!("feature service `{}`: {message}", service.name), hint)
        })?;
    if is_view {
        // A view by itself keeps the order of its columns.
        let place = |name: &str| {
            columns
                .get(&arguments.name)?
                .iter()
                .position(|(column, _)| column == name)
        };
        resolved.features.sort_by_key(|feature| place(&feature.feature));
    }
    let what = match is_view {
        true => format!("feature view `{}`", arguments.name),
        false => format!("feature service `{}`", arguments.name),
    };
    let values = key_values(&resolved.keys, &what, &arguments.keys)?;
    let reads = read(bench, store, &applied, &resolved, &values).await?;
    let mut stale = false;
    let mut items: Vec<Option<&Item>> = Vec::new();
    for (lookup, read) in resolved.lookups.iter().zip(&reads) {
        let known = applied.views.get(&lookup.view);
        if let Some(view) = known
            && !view.versions_with_its_keys().contains(&read.live.version)
        {
            let message = format!(
                "feature view `{}` has other join keys in version {}, which is live until version {} is materialized",
                lookup.view, read.live.version, view.version
            );
            return Err(CliError::invalid(
                message,
                Some("run `sandglass materialize` first".to_owned()),
            ));
        }
        let is_stale = check_time(bench, project, lookup, read)?;
        if is_stale {
            let through = read.state.through;
            printer.tell(&format!(
                "stale: `{}` is materialized through {through}, and more is due",
                lookup.view
            ));
        }
        stale |= is_stale;
        items.push(
            read.items
                .first()
                .and_then(Option::as_deref)
                .filter(|item| item.is_visible(bench.now)),
        );
    }
    let mut rows = Vec::new();
    let mut features = Vec::new();
    for feature in &resolved.features {
        let (read, item) = (&reads[feature.lookup], items[feature.lookup]);
        let place = read.state.columns.iter().position(|(name, _)| *name == feature.feature);
        let value = match item {
            Some(item) => place
                .and_then(|place| item.values.get(place))
                .cloned()
                .unwrap_or(Value::Null),
            None => empty(place.and_then(|place| read.state.empty.get(place).copied().flatten())),
        };
        let effective = item.map(|item| item.timestamp);
        let status = if item.is_some() { "PRESENT" } else { "MISSING_DATA" };
        rows.push(vec![
            feature.name(),
            feature.data_type.clone(),
            value.plain(),
            effective.map(|at| at.to_string()).unwrap_or_default(),
            status.to_owned(),
        ]);
        features.push(json!({
            "name": feature.name(),
            "type": feature.data_type,
            "value": value.to_json(),
            "effective_time": effective,
            "status": status,
        }));
    }
    let header = ["feature", "type", "value", "effective time", "status"];
    printer.answer(&table(&header, &rows), &json!({ "features": features, "stale": stale }));
    Ok(())
}

/// The service of that name, or one of the view of that name alone.
fn service(project: &Project, name: &str) -> Result<FeatureService, CliError> {
    if let Some(service) = project.feature_service(name) {
        return Ok(service.clone());
    }
    if project.feature_view(name).is_some() {
        return Ok(FeatureService::of_view(name));
    }
    let views = project.feature_views.iter().map(|view| &view.name);
    let names: Vec<String> = views
        .chain(project.feature_services.iter().map(|service| &service.name))
        .map(|name| format!("`{name}`"))
        .collect();
    let message = format!(
        "no feature view or feature service `{name}`; there are {}",
        names.join(", ")
    );
    Err(CliError::invalid(message, None))
}

fn named(bench: &Workbench, applied: &Applied, view: &str) -> Name {
    let version = applied.views.get(view).map_or(1, |applied| applied.version);
    bench.name(view, version)
}

/// What the live generations hold.
async fn columns(
    bench: &Workbench,
    store: &Arc<dyn OnlineStore>,
    applied: &Applied,
    service: &FeatureService,
) -> Result<Columns, CliError> {
    let mut columns = Columns::new();
    for ServiceFeatures { view, .. } in &service.features {
        let online = applied.project.feature_view(view).is_some_and(|view| view.online);
        if !online {
            let hint = Some("set `online = true`, apply and materialize".to_owned());
            return Err(CliError::invalid(format!("feature view `{view}` is not online"), hint));
        }
        let (store, name) = (Arc::clone(store), named(bench, applied, view));
        let live = tokio::task::spawn_blocking(move || store.live(&name))
            .await
            .map_err(|error| CliError::internal(error.to_string()))??;
        let (_, state) = live.ok_or_else(|| nothing_online(view))?;
        columns.insert(view.clone(), state.columns);
    }
    Ok(columns)
}

fn nothing_online(view: &str) -> CliError {
    let hint = Some("run `sandglass materialize` first".to_owned());
    CliError::invalid(format!("feature view `{view}` has nothing online yet"), hint)
}

/// One read of all items.
async fn read(
    bench: &Workbench,
    store: Arc<dyn OnlineStore>,
    applied: &Applied,
    resolved: &ResolvedService,
    values: &[KeyValue],
) -> Result<Vec<Read>, CliError> {
    let value = |name: &String| {
        let place = resolved.keys.iter().position(|key| key.name == *name)?;
        values.get(place).cloned()
    };
    let wanted = resolved.lookups.iter().map(|lookup| {
        let key: Vec<KeyValue> = lookup.keys.iter().filter_map(value).collect();
        (named(bench, applied, &lookup.view), vec![encode(&key)])
    });
    let wanted: Vec<_> = wanted.collect();
    let reads = tokio::task::spawn_blocking(move || store.get(&wanted))
        .await
        .map_err(|error| CliError::internal(error.to_string()))??;
    let reads = reads.into_iter().zip(&resolved.lookups);
    reads
        .map(|(read, lookup)| read.ok_or_else(|| nothing_online(&lookup.view)))
        .collect()
}

/// Whether more of the view is due; an error if the time lies before what is online.
fn check_time(bench: &Workbench, project: &Project, lookup: &Lookup, read: &Read) -> Result<bool, CliError> {
    let Some(view) = project.feature_view(&lookup.view) else {
        return Ok(false);
    };
    let data_delay = project.data_delay(view);
    let online_from: Timestamp = read.state.through.saturating_add(data_delay);
    if bench.now < online_from {
        let message = format!(
            "the online store holds what is known since {online_from}, and this asks for {}: it holds no past",
            bench.now
        );
        let hint = "the past is for `sandglass training-data`".to_owned();
        return Err(CliError::invalid(message, Some(hint)));
    }
    Ok(last_due(view, data_delay, bench.now) > read.state.through)
}

/// The value of a key without an item.
fn empty(nulls: Option<u32>) -> Value {
    match nulls {
        None => Value::Null,
        Some(count) => Value::List(vec![Value::Null; count as usize]),
    }
}
