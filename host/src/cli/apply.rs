use std::collections::BTreeMap;

use serde_json::json;

use super::changes::{Change, RequestChange, SAMPLE, Sample, ServiceChange, changes, is_code_only};
use super::changes::{removed, replay_all, request_changes, service_changes, told};
use super::compile;
use super::error::CliError;
use super::output::{Printer, table};
use super::test;
use super::workbench::Workbench;
use crate::plan::Effect;
use crate::registry::{Applied, AppliedComponent, Step};

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Adopts new code without computing anything again, where it makes the same rows; `unchecked` asks for no proof.
    #[arg(long, value_name = "equal|unchecked", num_args = 0..=1, default_missing_value = "equal")]
    keep_data: Option<Keep>,
    /// How many intervals prove that rows are the same: a number of them, evenly spread, or `all`.
    #[arg(long, value_name = "N|all", default_value = SAMPLE, requires = "keep_data")]
    replay: Sample,
    /// Applies without running the golden cases first.
    #[arg(long)]
    skip_tests: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Only if a replay on both components gives equal rows.
    Equal,
    /// Without a replay, on your word; the registry says so.
    Unchecked,
}

pub(crate) async fn run(bench: &Workbench, arguments: &Arguments, printer: &Printer) -> Result<(), CliError> {
    let compiled = compile::folder(bench, printer).await?;
    if !arguments.skip_tests {
        test::before_apply(bench, &compiled.by_path, printer).await?;
    }
    let registry = bench.registry();
    let before = registry.latest()?;
    let project = bench.project();
    let mut changes = changes(bench, project, &compiled, before.as_ref()).await?;
    if let Some(keep) = arguments.keep_data {
        if keep == Keep::Equal {
            let sample = arguments.replay;
            replay_all(bench, &compiled, before.as_ref(), &mut changes, sample, printer).await?;
        }
        for change in &mut changes {
            adopt(bench, before.as_ref(), change, keep)?;
        }
    }
    let (mut rows, mut list) = (Vec::new(), Vec::new());
    for Change {
        compiled: view,
        next,
        replayed,
    } in &changes
    {
        let reasons: Vec<_> = next.differences.iter().map(ToString::to_string).collect();
        rows.push(vec![
            view.view.name.clone(),
            next.step.name().to_owned(),
            format!("v{}", next.after.version),
        ]);
        list.push(json!({
            "name": view.view.name,
            "change": next.step.name(),
            "reasons": reasons,
            "version": next.after.version,
            "replay": replayed,
        }));
    }
    let requests = request_changes(&compiled, before.as_ref());
    for RequestChange {
        compiled,
        change,
        reasons,
        ..
    } in &requests
    {
        let name = &compiled.view.name;
        rows.push(vec![name.clone(), (*change).to_owned(), String::new()]);
        list.push(json!({ "name": name, "change": change, "reasons": reasons, "kind": "request" }));
    }
    for (name, _) in removed(project, before.as_ref()) {
        rows.push(vec![name.clone(), "remove".to_owned(), String::new()]);
        list.push(json!({ "name": name, "change": "remove", "reasons": ["not in the definitions"] }));
    }
    let services = service_changes(project, before.as_ref().map(|before| &before.project));
    let views: BTreeMap<_, _> = changes
        .into_iter()
        .map(|change| (change.compiled.view.name.clone(), change.next.after))
        .collect();
    let requests = requests
        .into_iter()
        .map(|change| (change.compiled.view.name.clone(), change.after));
    let requests: BTreeMap<_, _> = requests.collect();
    let unchanged = before
        .as_ref()
        .is_some_and(|before| before.project == *project && before.views == views && before.request_views == requests);
    if !unchanged {
        let used = views.values().filter_map(|view| view.component.as_ref());
        for AppliedComponent { digest, .. } in used.chain(requests.values().map(|view| &view.component)) {
            if let Some(bytes) = compiled.components.get(digest) {
                registry.put_component(bytes)?;
            }
        }
        let next = Applied::next(before.as_ref(), bench.now, project.clone(), views, requests);
        registry.put(before.as_ref(), &next)?;
    }
    printer.tell(if unchanged {
        "nothing to apply"
    } else {
        "applied; `sandglass materialize` runs what is due"
    });
    printer.answer(
        &(table(&["feature view", "change", "version"], &rows) + &ServiceChange::table(&services)),
        &json!({ "feature_views": list, "feature_services": services }),
    );
    Ok(())
}

/// Makes of a new version the old one with the new code, if its rows may stay.
fn adopt(bench: &Workbench, before: Option<&Applied>, change: &mut Change<'_>, keep: Keep) -> Result<(), CliError> {
    let name = &change.compiled.view.name;
    if change.next.step != Step::NewVersion {
        return Ok(());
    }
    if !is_code_only(change) {
        let dear = change.next.differences.iter();
        let dear: Vec<_> = dear
            .filter(|difference| difference.effect == Effect::Version)
            .map(ToString::to_string)
            .collect();
        let message = format!(
            "feature view `{name}`: its data cannot be kept, for not only its code changes: {}",
            dear.join("; ")
        );
        let hint = "apply without `--keep-data`: the other views keep their data anyway".to_owned();
        return Err(CliError::invalid(message, Some(hint)));
    }
    let replayed = match (keep, &change.replayed) {
        (Keep::Unchecked, _) => None,
        (Keep::Equal, Some(replayed)) if replayed.difference.is_none() && replayed.intervals > 0 => {
            Some(replayed.intervals)
        }
        (Keep::Equal, Some(replayed)) if replayed.difference.is_some() => {
            let message = format!(
                "feature view `{name}`: its data cannot be kept, for the new code {}",
                told(replayed)
            );
            let hint = "apply without `--keep-data` for a new version; `--keep-data=unchecked` keeps the old rows beside new ones";
            return Err(CliError::invalid(message, Some(hint.to_owned())));
        }
        (Keep::Equal, _) => {
            let message = format!(
                "feature view `{name}`: no interval can be run on both components, so nothing shows that its data may be kept"
            );
            let hint = "apply without `--keep-data`, or with `--keep-data=unchecked`".to_owned();
            return Err(CliError::invalid(message, Some(hint)));
        }
    };
    let Some(known) = before.and_then(|before| before.views.get(name)) else {
        return Ok(());
    };
    let next = &change.next.after;
    let after = known.adopt(next.parts.clone(), next.component.clone(), bench.now, replayed);
    change.next.after = after;
    change.next.step = Step::Adopt;
    Ok(())
}
