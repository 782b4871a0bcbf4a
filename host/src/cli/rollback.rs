use serde_json::json;

use super::compile::is_kept;
use super::error::CliError;
use super::output::Printer;
use super::workbench::Workbench;
use crate::definition::{FeatureView, Project, Source};
use crate::registry::{Applied, AppliedView, Kept};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The feature view.
    view: String,
    /// The version to go back to; the one before the current one if it is not said.
    #[arg(long)]
    to: Option<u32>,
}

pub(crate) fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let registry = bench.registry();
    let before = bench.applied()?;
    is_kept(&before.project, &arguments.view)?;
    let name = &arguments.view;
    let view = before.views.get(name).ok_or_else(|| unknown(&before, name))?;
    let kept = kept(name, view, arguments.to)?;
    let then = registry.read(kept.application)?;
    let project = restored(&before, &then.project, name)?;
    let services = project.feature_services.iter();
    let services = services.map(|service| (format!("feature service `{}`", service.name), service.check(&project)));
    let requests = project.request_views.iter();
    let requests = requests.map(|view| (format!("request view `{}`", view.name), view.check(&project)));
    for (user, problems) in services.chain(requests) {
        if let Some(problem) = problems.into_iter().next() {
            let message = format!(
                "feature view `{name}` cannot go back alone: {user} uses it, and {}",
                problem.message
            );
            let hint = "change the definitions back, and apply them: versions that are kept are found again".to_owned();
            return Err(CliError::invalid(message, Some(hint)));
        }
    }
    let mut views = before.views.clone();
    let after = view.back_to(kept, kept.parts.clone(), before.number);
    let (from, to) = (view.version, after.version);
    views.insert(name.clone(), after);
    let requests = before.request_views.clone();
    let next = Applied::next(Some(&before), bench.now, project, views, requests);
    registry.put(Some(&before), &next)?;
    printer.tell("`sandglass materialize` runs what became due meanwhile, and switches to it");
    printer.tell(
        "the folder's definitions still are those of the other version: `sandglass plan` shows what `apply` would do",
    );
    let json = json!({ "feature_views": [{ "name": name, "from": from, "version": to }] });
    printer.answer(&format!("{name}: version {from} back to version {to}"), &json);
    Ok(())
}

pub(crate) fn unknown(applied: &Applied, name: &str) -> CliError {
    let names: Vec<_> = applied.views.keys().map(|name| format!("`{name}`")).collect();
    CliError::invalid(
        format!("no feature view `{name}` is applied; there are {}", names.join(", ")),
        None,
    )
}

fn kept<'a>(name: &str, view: &'a AppliedView, to: Option<u32>) -> Result<&'a Kept, CliError> {
    let found = match to {
        Some(to) => view.kept.iter().find(|kept| kept.version == to),
        None => view.kept.iter().rev().find(|kept| kept.version < view.version),
    };
    found.ok_or_else(|| {
        let versions: Vec<_> = view.kept.iter().map(|kept| kept.version.to_string()).collect();
        let there = match versions.as_slice() {
            [] => "no other version is kept".to_owned(),
            versions => format!("kept are {}", versions.join(", ")),
        };
        let wanted = to.map_or_else(|| "an earlier version".to_owned(), |to| format!("version {to}"));
        CliError::invalid(
            format!(
                "feature view `{name}` is version {}, and cannot go back to {wanted}: {there}",
                view.version
            ),
            None,
        )
    })
}

/// The definitions as they are, with one view and what it reads as they were.
fn restored(before: &Applied, then: &Project, name: &str) -> Result<Project, CliError> {
    let mut project = before.project.clone();
    let old = then
        .feature_view(name)
        .ok_or_else(|| CliError::internal(format!("the registry has no definition of feature view `{name}`")))?;
    for used in &old.sources {
        let Some(source) = then.source(&used.name) else {
            continue;
        };
        put_source(&mut project, source, name)?;
    }
    match project.feature_views.iter_mut().find(|view| view.name == name) {
        Some(view) => *view = old.clone(),
        None => project.feature_views.push(old.clone()),
    }
    let entities: Vec<_> = then
        .entities
        .iter()
        .filter(|entity| old.entities.contains(&entity.name))
        .collect();
    for entity in entities {
        match project.entities.iter().find(|other| other.name == entity.name) {
            None => project.entities.push(entity.clone()),
            Some(other) if other.join_keys == entity.join_keys => {}
            Some(_) => {
                return Err(shared(
                    name,
                    &format!("entity `{}`", entity.name),
                    others(&project, name, |view| view.entities.contains(&entity.name)),
                ));
            }
        }
    }
    Ok(project)
}

fn put_source(project: &mut Project, source: &Source, name: &str) -> Result<(), CliError> {
    let users = others(project, name, |view| {
        view.sources.iter().any(|used| used.name == source.name)
    });
    match project.sources.iter_mut().find(|other| other.name == source.name) {
        None => project.sources.push(source.clone()),
        Some(other) if other == source => {}
        Some(other) if users.is_empty() => *other = source.clone(),
        Some(_) => return Err(shared(name, &format!("source `{}`", source.name), users)),
    }
    Ok(())
}

fn others(project: &Project, name: &str, uses: impl Fn(&FeatureView) -> bool) -> Vec<String> {
    let others = project
        .feature_views
        .iter()
        .filter(|view| view.name != name && uses(view));
    others.map(|view| format!("`{}`", view.name)).collect()
}

fn shared(name: &str, what: &str, users: Vec<String>) -> CliError {
    CliError::invalid(
        format!(
            "feature view `{name}` cannot go back alone: {what} has changed since, and is used by {}",
            users.join(", ")
        ),
        Some("change the definitions back, and apply them: versions that are kept are found again".to_owned()),
    )
}
