use std::collections::BTreeMap;
use std::path::Path;

use sandglass_runtime::Component;
use serde_json::json;

use super::compile;
use super::error::CliError;
use super::output::Printer;
use super::workbench::Workbench;
use crate::definition::Project;
use crate::golden::{Broken, Case, Engine, Outcome, check, find};

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Cases of these only: a feature view, a transformation, or a folder.
    names: Vec<String>,
    /// Accepts what cases give now: writes `expected.csv`, `rejected.jsonl` and `error.txt`.
    #[arg(long)]
    update: bool,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let components = compile::components(bench, printer)?;
    let all = cases(bench, &components.loaded)?;
    let chosen = choose(bench, &all, &arguments.names)?;
    let report = run_cases(bench, &components.loaded, &chosen, arguments.update).await;
    for line in uncovered(bench.project(), &components.loaded, &all) {
        printer.tell(&line);
    }
    printer.answer(&report.text(), &report.json());
    printer.tell(&report.summary());
    match report.failed() {
        0 => Ok(()),
        failed => Err(CliError::invalid(
            format!("{failed} of {} golden cases failed", report.cases.len()),
            Some("`sandglass test --update` accepts what they give now".to_owned()),
        )),
    }
}

/// Runs all cases before an application; an error if one does not pass.
pub(crate) async fn before_apply(
    bench: &Workbench,
    components: &BTreeMap<String, Component>,
    printer: &Printer,
) -> Result<(), CliError> {
    let all = cases(bench, components)?;
    let chosen: Vec<&Case> = all.iter().collect();
    let report = run_cases(bench, components, &chosen, false).await;
    if report.failed() == 0 {
        if !all.is_empty() {
            printer.tell(&report.summary());
        }
        return Ok(());
    }
    if !printer.is_json() {
        printer.tell(report.failures().trim_end());
    }
    let names: Vec<_> = report.failing().map(|(case, _)| format!("`{case}`")).collect();
    Err(CliError::invalid(
        format!("nothing was applied: golden cases failed: {}", names.join(", ")),
        Some(
            "mend the transformation, accept what it gives now with `sandglass test --update`, or `apply --skip-tests`"
                .to_owned(),
        ),
    ))
}

/// All cases of a project's components.
fn cases(bench: &Workbench, components: &BTreeMap<String, Component>) -> Result<Vec<Case>, CliError> {
    let mut all = Vec::new();
    for (path, component) in components {
        all.extend(find(&bench.folder.root, path, component)?);
    }
    Ok(all)
}

impl From<Broken> for CliError {
    fn from(broken: Broken) -> Self {
        Self::invalid(broken.message, broken.hint)
    }
}

/// The cases that are named; all of them if none are.
fn choose<'c>(bench: &Workbench, all: &'c [Case], names: &[String]) -> Result<Vec<&'c Case>, CliError> {
    if names.is_empty() {
        return Ok(all.iter().collect());
    }
    let views = &bench.project().feature_views;
    let fits = |case: &Case, name: &str| {
        let of_view = views.iter().filter(|view| view.name == name).any(|view| {
            view.transformation.as_ref().is_some_and(|transformation| {
                transformation.path == case.component
                    && transformation
                        .name
                        .as_ref()
                        .is_none_or(|name| *name == case.transformation)
            })
        });
        of_view || case.transformation == name || lies_in(&case.folder, Path::new(name))
    };
    for name in names {
        if !all.iter().any(|case| fits(case, name)) {
            let mut known: Vec<_> = all.iter().map(|case| format!("`{}`", case.transformation)).collect();
            known.dedup();
            let known = if known.is_empty() {
                "no transformation".to_owned()
            } else {
                known.join(", ")
            };
            return Err(CliError::invalid(
                format!("`{name}` has no golden cases; there are some of {known}"),
                Some("name a feature view, a transformation, or a folder".to_owned()),
            ));
        }
    }
    Ok(all
        .iter()
        .filter(|case| names.iter().any(|name| fits(case, name)))
        .collect())
}

/// Whether one folder is below the other; as they are on disk, whatever they are called.
fn lies_in(folder: &Path, above: &Path) -> bool {
    match (folder.canonicalize(), above.canonicalize()) {
        (Ok(folder), Ok(above)) => folder.starts_with(above),
        _ => false,
    }
}

/// Transformations that views use and that have no case.
fn uncovered(project: &Project, components: &BTreeMap<String, Component>, all: &[Case]) -> Vec<String> {
    let mut lines = Vec::new();
    for view in &project.feature_views {
        let Some(used) = &view.transformation else { continue };
        let Some(component) = components.get(&used.path) else {
            continue;
        };
        let name = match (&used.name, component.contracts()) {
            (Some(name), _) => name,
            (None, [only]) => &only.name,
            (None, _) => continue,
        };
        let line = format!("{}#{name} has no golden cases", used.path);
        let covered = all
            .iter()
            .any(|case| case.component == used.path && case.transformation == *name);
        if !covered && !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

struct Report<'a> {
    cases: Vec<(&'a Case, Outcome)>,
}

async fn run_cases<'a>(
    bench: &Workbench,
    components: &BTreeMap<String, Component>,
    chosen: &[&'a Case],
    update: bool,
) -> Report<'a> {
    let engine = Engine {
        session: &bench.session,
        guests: &bench.guests,
    };
    let mut cases = Vec::new();
    for case in chosen {
        if let Some(component) = components.get(&case.component) {
            cases.push((*case, check(&engine, component, case, update).await));
        }
    }
    Report { cases }
}

impl<'a> Report<'a> {
    fn failing(&self) -> impl Iterator<Item = &(&'a Case, Outcome)> {
        let fails = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_) | Outcome::Broken(_));
        self.cases.iter().filter(move |(_, outcome)| fails(outcome))
    }

    fn failed(&self) -> usize {
        self.failing().count()
    }

    fn count(&self, what: impl Fn(&Outcome) -> bool) -> usize {
        self.cases.iter().filter(|(_, outcome)| what(outcome)).count()
    }

    fn summary(&self) -> String {
        let passed = self.count(|outcome| *outcome == Outcome::Passed);
        let updated = self.count(|outcome| matches!(outcome, Outcome::Updated(_)));
        let mut text = match self.cases.len() {
            1 => format!("1 golden case: {passed} passed"),
            all => format!("{all} golden cases: {passed} passed"),
        };
        for (count, what) in [(updated, "updated"), (self.failed(), "failed")] {
            if count > 0 {
                text.push_str(&format!(", {count} {what}"));
            }
        }
        text
    }

    fn text(&self) -> String {
        self.cases.iter().map(|(case, outcome)| lines(case, outcome)).collect()
    }

    fn failures(&self) -> String {
        self.failing().map(|(case, outcome)| lines(case, outcome)).collect()
    }

    fn json(&self) -> serde_json::Value {
        let each = self.cases.iter().map(|(case, outcome)| {
            let mut object = json!({
                "component": case.component,
                "transformation": case.transformation,
                "case": case.name,
                "folder": case.folder,
                "outcome": word(outcome),
            });
            match outcome {
                Outcome::Passed => {}
                Outcome::Updated(files) => object["files"] = json!(files),
                Outcome::Failed(difference) => object["difference"] = json!(difference),
                Outcome::Broken(broken) => {
                    object["message"] = json!(broken.message);
                    object["hint"] = json!(broken.hint);
                }
            }
            object
        });
        let each: Vec<_> = each.collect();
        json!({
            "cases": each,
            "passed": self.count(|outcome| *outcome == Outcome::Passed),
            "updated": self.count(|outcome| matches!(outcome, Outcome::Updated(_))),
            "failed": self.failed(),
        })
    }
}

fn word(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "passed",
        Outcome::Updated(_) => "updated",
        Outcome::Failed(_) => "failed",
        Outcome::Broken(_) => "broken",
    }
}

/// One line, and below it what is wrong.
fn lines(case: &Case, outcome: &Outcome) -> String {
    let mut text = format!("{:<7}  {case}\n", word(outcome));
    let below = match outcome {
        Outcome::Passed => String::new(),
        Outcome::Updated(files) => files.join(", "),
        Outcome::Failed(difference) => difference.clone(),
        Outcome::Broken(Broken { message, hint }) => match hint {
            Some(hint) => format!("{message}\nhint: {hint}"),
            None => message.clone(),
        },
    };
    for line in below.lines() {
        text.push_str(format!("    {line}").trim_end());
        text.push('\n');
    }
    text
}
