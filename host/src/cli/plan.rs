use std::collections::BTreeMap;

use serde_json::json;

use super::compile::{self, Compiled};
use super::error::CliError;
use super::explain;
use super::output::{Printer, table};
use super::workbench::Workbench;
use crate::definition::Project;
use crate::plan::{Job, JobKind, Situation, plan};
use crate::project::{CompiledView, fingerprint};
use crate::registry::{Applied, AppliedComponent, AppliedView};

/// What `apply` would make of a view.
pub(crate) struct Change {
    pub(crate) kind: &'static str,
    pub(crate) reasons: Vec<String>,
    pub(crate) after: AppliedView,
}

/// Compares a compiled view with what was applied of it.
pub(crate) fn change(
    bench: &Workbench,
    project: &Project,
    compiled: &CompiledView,
    before: Option<&Applied>,
) -> Change {
    let view = &compiled.view;
    let component = compiled.transform.as_ref().map(|transform| AppliedComponent {
        digest: transform.component.digest().clone(),
        transformation: transform.contract.name.clone(),
    });
    let parts = fingerprint(project, view, Compiled::digest(compiled).as_ref());
    let known = before.and_then(|applied| applied.views.get(&view.name));
    let Some(known) = known else {
        let view_id = uuid::Uuid::new_v4().simple().to_string();
        let after = AppliedView {
            view_id,
            version: 1,
            version_at: bench.now,
            component,
            fingerprint: parts,
        };
        return Change {
            kind: "create",
            reasons: vec!["new".to_owned()],
            after,
        };
    };
    let reasons = differences(&known.fingerprint, &parts);
    if !reasons.is_empty() {
        let (view_id, version) = (known.view_id.clone(), known.version + 1);
        let after = AppliedView {
            view_id,
            version,
            version_at: bench.now,
            component,
            fingerprint: parts,
        };
        return Change {
            kind: "new version",
            reasons,
            after,
        };
    }
    let same = before.and_then(|applied| applied.project.feature_view(&view.name)) == Some(view);
    let kind = if same { "none" } else { "metadata" };
    let reasons = if same { Vec::new() } else { vec!["metadata".to_owned()] };
    Change {
        kind,
        reasons,
        after: known.clone(),
    }
}

fn differences(
    before: &BTreeMap<String, serde_json::Value>,
    after: &BTreeMap<String, serde_json::Value>,
) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let reason = |name: &String| {
        let (old, new) = (before.get(name), after.get(name));
        let shown = |value: Option<&serde_json::Value>| value.map_or_else(|| "nothing".to_owned(), ToString::to_string);
        match (old == new, name.as_str()) {
            (true, _) => None,
            (false, "code") => Some("code".to_owned()),
            (false, _) => Some(format!("{name}: {} to {}", shown(old), shown(new))),
        }
    };
    names.into_iter().filter_map(reason).collect()
}

/// The jobs that are left of a view.
pub(crate) async fn jobs(
    bench: &Workbench,
    compiled: &CompiledView,
    applied: &AppliedView,
) -> Result<Vec<Job>, CliError> {
    let table = bench.table(&bench.name(&compiled.view.name, applied.version)).await?;
    let covered = table.map(|table| table.coverage().union()).unwrap_or_default();
    let situation = Situation {
        data_delay: compiled.data_delay,
        covered: &covered,
        applied_at: applied.version_at,
        now: bench.now,
    };
    Ok(plan(&compiled.view, &situation))
}

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Shows for each job the files, folders, row groups and pages that it skips, and why.
    #[arg(long)]
    explain: bool,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let compiled = compile::folder(bench, printer).await?;
    let before = bench.registry().latest()?;
    let (mut rows, mut list) = (Vec::new(), Vec::new());
    let mut explanations = String::new();
    for view in &compiled.views {
        let change = change(bench, bench.project(), view, before.as_ref());
        let jobs = jobs(bench, view, &change.after).await?;
        let count = |kind: JobKind| jobs.iter().filter(|job| job.kind == kind).count();
        let range = match (jobs.first(), jobs.last()) {
            (Some(first), Some(last)) => format!("{} to {}", first.interval.start, last.interval.end),
            _ => String::new(),
        };
        rows.push(vec![
            view.view.name.clone(),
            change.kind.to_owned(),
            change.reasons.join("; "),
            count(JobKind::Backfill).to_string(),
            count(JobKind::Recurring).to_string(),
            range,
        ]);
        list.push(json!({
            "name": view.view.name,
            "change": change.kind,
            "reasons": change.reasons,
            "version": change.after.version,
            "jobs": jobs,
            "cost": { "jobs": jobs.len() },
        }));
        if arguments.explain {
            let (text, json) = explain::view(view, &jobs);
            explanations.push_str(&text);
            if let Some(serde_json::Value::Object(entry)) = list.last_mut() {
                entry.insert("explain".to_owned(), json);
            }
        }
    }
    for name in removed(bench.project(), before.as_ref()) {
        rows.push(vec![
            name.clone(),
            "remove".into(),
            "not in the definitions".into(),
            "0".into(),
            "0".into(),
            String::new(),
        ]);
        list.push(json!({ "name": name, "change": "remove", "reasons": ["not in the definitions"], "jobs": [], "cost": { "jobs": 0 } }));
    }
    let header = [
        "feature view",
        "change",
        "reasons",
        "backfill jobs",
        "recurring jobs",
        "range",
    ];
    printer.answer(
        &(table(&header, &rows) + &explanations),
        &json!({ "feature_views": list }),
    );
    Ok(())
}

/// Views that were applied and are not defined any more.
pub(crate) fn removed(project: &Project, before: Option<&Applied>) -> Vec<String> {
    let names = before
        .map(|applied| applied.views.keys().cloned().collect::<Vec<_>>())
        .unwrap_or_default();
    names
        .into_iter()
        .filter(|name| project.feature_view(name).is_none())
        .collect()
}
