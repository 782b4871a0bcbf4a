use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::error::CliError;
use super::keys::{context_values, key_values};
use super::output::{Printer, table};
use super::workbench::Workbench;
use crate::definition::{FeatureService, Project};
use crate::error::Kind;
use crate::serving::{Asked, FeaturePlace, Fields, RequestOptions, ServeError, Service, Serving};
use crate::time::Span;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feature view or feature service.
    name: String,
    /// The key: `customer_id=7`, once for each join key.
    #[arg(long = "key", value_name = "NAME=VALUE")]
    keys: Vec<String>,
    /// What a request brings along for request views: `amount=12.5`, once for each field.
    #[arg(long = "context", value_name = "NAME=VALUE")]
    context: Vec<String>,
}

impl Arguments {
    pub(crate) fn new(name: &str, key: &str) -> Self {
        Self {
            name: name.to_owned(),
            keys: vec![key.to_owned()],
            context: Vec::new(),
        }
    }
}

/// How long the store and transformations may take: whoever waits at a terminal can end it.
const TIMEOUT: Duration = Duration::from_secs(600);

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let applied = bench.applied()?;
    let project = &applied.project;
    let is_view = project.view_names().any(|view| view == arguments.name);
    if !is_view && project.feature_service(&arguments.name).is_none() {
        return Err(unknown(project, &arguments.name));
    }
    let service = project.feature_service(&arguments.name);
    let alone = FeatureService::of_view(&arguments.name);
    let mut entries = service.unwrap_or(&alone).features.iter();
    // Without them no component is loaded.
    let computes = entries.any(|entry| project.request_view(&entry.view).is_some());
    let host = computes.then(|| bench.request_host(printer));
    let (workspace, registry) = (project.name.clone(), bench.registry());
    let serving = Serving::new(workspace, registry, bench.online()?, host, bench.clock(), TIMEOUT)?;
    let serving = Arc::new(serving.with_skew(Span::ZERO));
    let service = serving.catalog().service(&arguments.name)?;
    let service = service.ok_or_else(|| unknown(project, &arguments.name))?;
    let what = match is_view {
        true => format!("feature view `{}`", arguments.name),
        false => format!("feature service `{}`", arguments.name),
    };
    let (keys, context) = given(&service, &what, arguments)?;
    let asked = Asked {
        workspace: None,
        service: Some(&arguments.name),
        rows: vec![(&keys, &context)],
        options: RequestOptions::default(),
        partial: false,
    };
    let vectors = serving.vectors(&asked).await?;
    for (view, through) in vectors.stale() {
        printer.tell(&format!(
            "stale: `{view}` is materialized through {through}, and more is due"
        ));
    }
    let mut all: Vec<_> = vectors.layout().features.iter().collect();
    if is_view {
        // A view by itself keeps the order of its columns.
        all.sort_by_key(|feature| match feature.from {
            FeaturePlace::Item(place) => place.value,
            FeaturePlace::Request(_, column) => column,
        });
    }
    let (mut rows, mut features) = (Vec::new(), Vec::new());
    for feature in all {
        let (value, effective, status) = vectors.feature(0, feature);
        rows.push(vec![
            feature.name.clone(),
            feature.kind.clone(),
            value.plain(),
            effective.map(|at| at.to_string()).unwrap_or_default(),
            status.to_owned(),
        ]);
        features.push(json!({
            "name": feature.name,
            "type": feature.kind,
            "value": value.to_json(),
            "effective_time": effective,
            "status": status,
        }));
    }
    let header = ["feature", "type", "value", "effective time", "status"];
    let stale = !vectors.stale().is_empty();
    printer.answer(&table(&header, &rows), &json!({ "features": features, "stale": stale }));
    Ok(())
}

/// Keys and context as a request has them.
fn given<'a>(service: &'a Service, what: &str, arguments: &Arguments) -> Result<(Fields<'a>, Fields<'a>), CliError> {
    let values = key_values(&service.keys, what, &arguments.keys)?;
    let keys = service.keys.iter().zip(&values);
    let keys = keys.map(|(key, value)| (Cow::from(&key.name), value.to_json()));
    let context: Vec<_> = service.context.iter().map(|(field, _)| field.clone()).collect();
    let context = context_values(&context, what, &arguments.context)?;
    let context = context.into_iter().map(|(name, value)| (Cow::from(name), value));
    Ok((keys.collect(), context.collect()))
}

fn unknown(project: &Project, name: &str) -> CliError {
    let services = project.feature_services.iter().map(|service| service.name.as_str());
    let names: Vec<String> = project
        .view_names()
        .chain(services)
        .map(|name| format!("`{name}`"))
        .collect();
    let message = format!(
        "no feature view or feature service `{name}`; there are {}",
        names.join(", ")
    );
    CliError::invalid(message, None)
}

impl From<ServeError> for CliError {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Early { online_from, now, .. } => {
                let message = format!(
                    "the online store holds what is known since {online_from}, and this asks for {now}: it holds no past"
                );
                Self::invalid(message, Some("the past is for `sandglass training-data`".to_owned()))
            }
            ServeError::Internal(message) => Self::internal(message),
            ServeError::Guest(message) => Self {
                kind: Kind::Guest,
                ..Self::invalid(message, None)
            },
            ServeError::Unavailable(message) | ServeError::TimedOut(message) => Self {
                kind: Kind::Unavailable,
                ..Self::invalid(message, None)
            },
            _ => Self::invalid(error.to_string(), error.hint().map(str::to_owned)),
        }
    }
}
