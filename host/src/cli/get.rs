use serde_json::json;

use super::error::CliError;
use super::keys::key;
use super::output::{Printer, table};
use super::workbench::Workbench;
use crate::key::encode;
use crate::online::Value;
use crate::plan::last_due;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feature view.
    view: String,
    /// The key: `customer_id=7`, once for each join key.
    #[arg(long = "key", value_name = "NAME=VALUE", required = true)]
    keys: Vec<String>,
}

impl Arguments {
    pub(crate) fn new(view: &str, key: &str) -> Self {
        Self {
            view: view.to_owned(),
            keys: vec![key.to_owned()],
        }
    }
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let applied = bench.applied()?;
    let view = applied.project.feature_view(&arguments.view).ok_or_else(|| {
        let names: Vec<_> = applied.views.keys().map(|name| format!("`{name}`")).collect();
        CliError::invalid(
            format!("no feature view `{}`; there are {}", arguments.view, names.join(", ")),
            None,
        )
    })?;
    if !view.online {
        let hint = Some("set `online = true`, apply and materialize".to_owned());
        return Err(CliError::invalid(
            format!("feature view `{}` is not online", view.name),
            hint,
        ));
    }
    let key = key(view, &arguments.keys)?;
    let version = applied.views.get(&view.name).map_or(1, |applied| applied.version);
    let name = bench.name(&view.name, version);
    let store = bench.online();
    let read = tokio::task::spawn_blocking(move || store.get(&[(name, vec![encode(&key)])]))
        .await
        .map_err(|error| CliError::internal(error.to_string()))??;
    let Some(Some(read)) = read.into_iter().next() else {
        let hint = Some("run `sandglass materialize` first".to_owned());
        return Err(CliError::invalid(
            format!("feature view `{}` has nothing online yet", view.name),
            hint,
        ));
    };
    let data_delay = applied.project.data_delay(view);
    let online_from = read.state.through.saturating_add(data_delay);
    if bench.now < online_from {
        let message = format!(
            "the online store holds what is known since {online_from}, and this asks for {}: it holds no past",
            bench.now
        );
        return Err(CliError::invalid(
            message,
            Some("the past is for training data".to_owned()),
        ));
    }
    let stale = last_due(view, data_delay, bench.now) > read.state.through;
    let item = read
        .items
        .into_iter()
        .next()
        .flatten()
        .filter(|item| item.is_visible(bench.now));
    let mut rows = Vec::new();
    let mut features = Vec::new();
    for (index, (column, data_type)) in read.state.columns.iter().enumerate() {
        let value = item
            .as_ref()
            .and_then(|item| item.values.get(index))
            .unwrap_or(&Value::Null);
        let effective = item.as_ref().map(|item| item.timestamp);
        let status = if item.is_some() { "PRESENT" } else { "MISSING_DATA" };
        let full = format!("{}.{column}", view.name);
        rows.push(vec![
            full.clone(),
            data_type.clone(),
            value.plain(),
            effective.map(|at| at.to_string()).unwrap_or_default(),
            status.to_owned(),
        ]);
        features.push(json!({
            "name": full,
            "type": data_type,
            "value": value.to_json(),
            "effective_time": effective,
            "status": status,
        }));
    }
    if stale {
        printer.tell(&format!(
            "stale: materialized through {}, and more is due",
            read.state.through
        ));
    }
    let header = ["feature", "type", "value", "effective time", "status"];
    printer.answer(&table(&header, &rows), &json!({ "features": features, "stale": stale }));
    Ok(())
}
