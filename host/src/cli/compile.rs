use std::collections::BTreeMap;

use sandglass_runtime::{Component, Digest, Limits};

use super::error::CliError;
use super::output::Printer;
use super::workbench::Workbench;
use crate::definition::{FeatureView, Parsed, Project};
use crate::project::{Code, CompiledView, build, check_services, check_view};
use crate::registry::Applied;

/// A project whose views have been checked against their components and sources.
pub(crate) struct Compiled {
    /// In the order of the definitions.
    pub(crate) views: Vec<CompiledView>,
    /// The components that were built, by their paths in the definitions.
    pub(crate) by_path: BTreeMap<String, Component>,
    /// Their bytes, by digest.
    pub(crate) components: BTreeMap<Digest, Vec<u8>>,
    /// What their code is told apart by, by the path as it is written.
    codes: BTreeMap<String, Code>,
}

impl Compiled {
    /// The code of a view's component, if it has one.
    pub(crate) fn code(&self, view: &FeatureView) -> Option<&Code> {
        self.codes.get(&view.transformation.as_ref()?.path)
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
    for view in &bench.project().feature_views {
        let Some(transformation) = &view.transformation else {
            continue;
        };
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
    // Only here: a service whose features are gone after a rollback does not keep views from being materialized.
    let problems = check_services(&bench.folder.parsed, &views);
    if !problems.is_empty() {
        return Err(bench.folder.parsed.problems(problems).into());
    }
    Ok(Compiled {
        views,
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
