use std::collections::BTreeMap;

use sandglass_runtime::{Component, Digest, Limits};

use super::error::CliError;
use super::output::Printer;
use super::workbench::Workbench;
use crate::definition::{FeatureView, Parsed, Project, RequestView, Transformation};
use crate::project::{Code, CompiledRequest, CompiledView, build, check_request, check_services, check_view};
use crate::registry::Applied;

/// A project whose views have been checked against their components and sources.
pub(crate) struct Compiled {
    /// In the order of the definitions.
    pub(crate) views: Vec<CompiledView>,
    /// In the order of the definitions.
    pub(crate) requests: Vec<CompiledRequest>,
    /// The components that were built, by their paths in the definitions.
    pub(crate) by_path: BTreeMap<String, Component>,
    /// Their bytes, by digest.
    pub(crate) components: BTreeMap<Digest, Vec<u8>>,
    /// What their code is told apart by, by the path as it is written.
    codes: BTreeMap<String, Code>,
}

impl Compiled {
    /// The code of a view's component, if it has one.
    pub(crate) fn code(&self, transformation: Option<&Transformation>) -> Option<&Code> {
        self.codes.get(&transformation?.path)
    }
}

/// The components of a project's folder, by their paths in the definitions.
pub(crate) struct Components {
    pub(crate) loaded: BTreeMap<String, Component>,
    bytes: BTreeMap<Digest, Vec<u8>>,
    codes: BTreeMap<String, Code>,
}

/// Builds and loads the components of the project's folder.
pub(crate) fn components(bench: &Workbench, printer: &Printer) -> Result<Components, CliError> {
    printer.warnings(&bench.folder.parsed);
    let (mut loaded, mut bytes, mut codes) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for transformation in bench.project().transformations() {
        if loaded.contains_key(&transformation.path) {
            continue;
        }
        let built = build(&bench.folder.root, &transformation.path, printer.is_json())?;
        let component = load(bench, printer, &transformation.path, &built.bytes)?;
        bytes.insert(component.digest().clone(), built.bytes);
        codes.insert(transformation.path.clone(), built.code);
        loaded.insert(transformation.path.clone(), component);
    }
    Ok(Components { loaded, bytes, codes })
}

/// Builds and checks the project as its folder has it.
pub(crate) async fn folder(bench: &Workbench, printer: &Printer) -> Result<Compiled, CliError> {
    let Components { loaded, bytes, codes } = components(bench, printer)?;
    let views = check(bench, &bench.folder.parsed, |view| {
        let path = &view.transformation.as_ref()?.path;
        loaded.get(path).cloned()
    })
    .await?;
    let requests = requests(&bench.folder.parsed, |view| {
        loaded.get(&view.transformation.path).cloned()
    })?;
    // Only here: a service whose features are gone after a rollback does not keep views from being materialized.
    let problems = check_services(&bench.folder.parsed, &views, &requests);
    if !problems.is_empty() {
        return Err(bench.folder.parsed.problems(problems).into());
    }
    Ok(Compiled {
        views,
        requests,
        by_path: loaded,
        components: bytes,
        codes,
    })
}

/// Checks the project as it was applied, with the components of the registry.
pub(crate) async fn applied(
    bench: &Workbench,
    printer: &Printer,
    applied: &Applied,
) -> Result<Vec<CompiledView>, CliError> {
    let registry = bench.registry();
    let mut loaded: BTreeMap<Digest, Component> = BTreeMap::new();
    for component in applied.views.values().filter_map(|view| view.component.as_ref()) {
        if !loaded.contains_key(&component.digest) {
            let bytes = registry.component(&component.digest)?;
            loaded.insert(
                component.digest.clone(),
                load(bench, printer, component.digest.hex(), &bytes)?,
            );
        }
    }
    let parsed = Parsed::stored(applied.project.clone());
    check(bench, &parsed, |view| {
        let digest = &applied.views.get(&view.name)?.component.as_ref()?.digest;
        loaded.get(digest).cloned()
    })
    .await
}

/// The request views of these names as they were applied, with the components of the registry.
pub(crate) fn applied_requests(
    bench: &Workbench,
    printer: &Printer,
    applied: &Applied,
    names: &[&str],
) -> Result<Vec<CompiledRequest>, CliError> {
    let mut parsed = Parsed::stored(applied.project.clone());
    parsed
        .project
        .request_views
        .retain(|view| names.contains(&view.name.as_str()));
    let mut loaded: BTreeMap<&str, Component> = BTreeMap::new();
    for view in &parsed.project.request_views {
        if let Some(known) = applied.request_views.get(&view.name) {
            let digest = &known.component.digest;
            let bytes = bench.registry().component(digest)?;
            loaded.insert(&view.name, load(bench, printer, digest.hex(), &bytes)?);
        }
    }
    requests(&parsed, |view| loaded.get(view.name.as_str()).cloned())
}

/// Checks request views against their components.
fn requests(
    parsed: &Parsed,
    component: impl Fn(&RequestView) -> Option<Component>,
) -> Result<Vec<CompiledRequest>, CliError> {
    let (mut requests, mut problems) = (Vec::new(), Vec::new());
    for view in &parsed.project.request_views {
        let component = component(view)
            .ok_or_else(|| CliError::internal(format!("feature view `{}` has no component", view.name)))?;
        match check_request(parsed, view, &component) {
            Ok(compiled) => requests.push(compiled),
            Err(found) => problems.extend(found),
        }
    }
    match problems.is_empty() {
        true => Ok(requests),
        false => Err(parsed.problems(problems).into()),
    }
}

fn load(bench: &Workbench, printer: &Printer, path: &str, bytes: &[u8]) -> Result<Component, CliError> {
    bench.loader(printer)?.load(bytes, &Limits::default()).map_err(|error| {
        let error = CliError::from(error);
        CliError {
            message: format!("{path}: {}", error.message),
            ..error
        }
    })
}

async fn check(
    bench: &Workbench,
    parsed: &Parsed,
    component: impl Fn(&FeatureView) -> Option<Component>,
) -> Result<Vec<CompiledView>, CliError> {
    let project: &Project = &parsed.project;
    let sources = bench.sources(project).await?;
    let mut views = Vec::new();
    let mut problems = Vec::new();
    for view in &project.feature_views {
        match check_view(parsed, view, &sources, component(view).as_ref()) {
            Ok(compiled) => views.push(compiled),
            Err(found) => problems.extend(found),
        }
    }
    if problems.is_empty() {
        Ok(views)
    } else {
        Err(parsed.problems(problems).into())
    }
}

/// An error if nothing is kept of the view of that name, because it is computed for each request.
pub(crate) fn is_kept(project: &Project, name: &str) -> Result<(), CliError> {
    match project.request_view(name) {
        None => Ok(()),
        Some(_) => {
            let message = format!("`{name}` is a request view, of which nothing is kept");
            let hint =
                "`sandglass get` computes it; to remove it, take it out of the definitions, and apply".to_owned();
            Err(CliError::invalid(message, Some(hint)))
        }
    }
}

/// The view of that name, or an error with the names there are.
pub(crate) fn view<'a>(views: &'a [CompiledView], name: &str) -> Result<&'a CompiledView, CliError> {
    views.iter().find(|compiled| compiled.view.name == name).ok_or_else(|| {
        let names: Vec<_> = views
            .iter()
            .map(|compiled| format!("`{}`", compiled.view.name))
            .collect();
        CliError::invalid(
            format!("no feature view `{name}`; this project has {}", names.join(", ")),
            None,
        )
    })
}
