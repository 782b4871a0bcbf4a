//! What `apply` would make of the folder: decided here once, shown by `plan` and done by `apply`.

use std::collections::BTreeMap;

use sandglass_runtime::{Component, Limits, Profile, Sandbox};

use super::compile::Compiled;
use super::error::CliError;
use super::kept::last_applied;
use super::loader::loader;
use super::output::{Printer, table};
use super::workbench::{Workbench, runs};
use crate::definition::{FeatureService, Project, ServiceFeatures};
use crate::ingest::check_types;
use crate::materialize::{Replayed, replay};
use crate::plan::{Effect, differences, last_due, total};
use crate::project::{CompiledRequest, CompiledView, parts, request_parts};
use crate::registry::{Applied, AppliedComponent, AppliedRequest, AppliedView, Next, Step};
use crate::time::Interval;

/// A view and what applying it would do.
pub(crate) struct Change<'a> {
    pub(crate) compiled: &'a CompiledView,
    pub(crate) next: Next,
    /// What two components made of the same rows, where that was asked for.
    pub(crate) replayed: Option<Replayed>,
}

/// What changes, in the order of the definitions; an error if it would leave rows of a feature table behind.
pub(crate) async fn changes<'a>(
    bench: &Workbench,
    project: &Project,
    compiled: &'a Compiled,
    before: Option<&Applied>,
) -> Result<Vec<Change<'a>>, CliError> {
    let change = |view: &'a CompiledView| {
        let component = view.transform.as_ref().map(|transform| AppliedComponent {
            digest: transform.component.digest().clone(),
            transformation: transform.contract.name.clone(),
        });
        let parts = parts(project, view, compiled.code(view.view.transformation.as_ref()));
        let known = Applied::known(before, &view.view.name);
        Change {
            compiled: view,
            next: AppliedView::next(known, parts, component, bench.now),
            replayed: None,
        }
    };
    let changes: Vec<_> = compiled.views.iter().map(change).collect();
    if let Some(before) = before {
        rows_stay(bench, &changes, before).await?;
    }
    Ok(changes)
}

/// An error if a change would leave rows of a feature table behind: nothing can make them again.
async fn rows_stay(bench: &Workbench, changes: &[Change<'_>], before: &Applied) -> Result<(), CliError> {
    for Change { compiled, next, .. } in changes {
        let name = &compiled.view.name;
        // Also of one that was left out of the definitions since, and not destroyed.
        let Some(known) = before.views.get(name).or_else(|| before.retired.get(name)) else {
            continue;
        };
        let last = last_applied(&bench.registry(), before, name, known.version)?;
        if last.is_none_or(|(_, view)| view.table.is_none()) {
            continue;
        }
        let differences = differences(&known.parts, &next.after.parts);
        let dear = differences
            .iter()
            .filter(|difference| difference.effect == Effect::Version);
        let dear: Vec<_> = dear.map(ToString::to_string).collect();
        if !dear.is_empty() {
            let message = format!(
                "feature table `{name}`: its rows would not fit any more, and nothing can make them again: {}",
                dear.join("; ")
            );
            let hint = format!(
                "add columns of other names, give the new table a name of its own, or remove this one with `sandglass destroy {name}` first"
            );
            return Err(CliError::invalid(message, Some(hint)));
        }
        let rows = bench.tables().rows(&bench.name(name, next.after.version), None).await?;
        if let Some(rows) = rows {
            check_types(&rows, name, &compiled.schema)?;
        }
    }
    Ok(())
}

/// A request view and what applying it would do. It computes nothing: requests are answered by it from then on.
pub(crate) struct RequestChange<'a> {
    pub(crate) compiled: &'a CompiledRequest,
    pub(crate) change: &'static str,
    pub(crate) reasons: Vec<String>,
    pub(crate) after: AppliedRequest,
}

/// What changes of request views, in the order of the definitions.
pub(crate) fn request_changes<'a>(compiled: &'a Compiled, before: Option<&Applied>) -> Vec<RequestChange<'a>> {
    let change = |request: &'a CompiledRequest| {
        let parts = request_parts(request, compiled.code(Some(&request.view.transformation)));
        let old = before.and_then(|before| before.request_views.get(&request.view.name));
        let found = old.map(|old| differences(&old.parts, &parts));
        let effect = found.as_deref().map(total);
        let component = match (old, effect) {
            // The component stays: one with the same code may differ in its bytes.
            (Some(old), Some(effect)) if effect < Some(Effect::Version) => old.component.clone(),
            _ => AppliedComponent {
                digest: request.transform.component.digest().clone(),
                transformation: request.transform.contract.name.clone(),
            },
        };
        RequestChange {
            compiled: request,
            change: match effect {
                None => "create",
                Some(None) => "none",
                Some(Some(Effect::Metadata)) => Effect::Metadata.name(),
                Some(Some(_)) => "at once",
            },
            reasons: found.iter().flatten().map(ToString::to_string).collect(),
            after: AppliedRequest { component, parts },
        }
    };
    compiled.requests.iter().map(change).collect()
}

/// Views that were applied and are not defined any more, and whether they are request views.
pub(crate) fn removed(project: &Project, before: Option<&Applied>) -> Vec<(String, bool)> {
    let gone = |name: &&String| project.view_names().all(|view| view != name.as_str());
    let views = before.into_iter().flat_map(|applied| applied.views.keys());
    let views = views.filter(|name| project.feature_view(name).is_none());
    let requests = before.into_iter().flat_map(|applied| applied.request_views.keys());
    let requests = requests.filter(gone).map(|name| (name.clone(), true));
    views.map(|name| (name.clone(), false)).chain(requests).collect()
}

/// A feature service and what applying it would do, which computes nothing.
#[derive(Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct ServiceChange {
    pub(crate) name: String,
    pub(crate) change: &'static str,
    pub(crate) reasons: Vec<String>,
}

impl ServiceChange {
    fn new(name: &str, change: &'static str, reasons: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            change,
            reasons,
        }
    }

    /// All of them as a table; nothing if there are none.
    pub(crate) fn table(changes: &[Self]) -> String {
        if changes.is_empty() {
            return String::new();
        }
        let row = |change: &Self| vec![change.name.clone(), change.change.to_owned(), change.reasons.join("; ")];
        let rows: Vec<_> = changes.iter().map(row).collect();
        format!("\n{}", table(&["feature service", "change", "reasons"], &rows))
    }
}

/// What changes of feature services: those of the definitions in their order, then those that are not defined any more.
pub(crate) fn service_changes(project: &Project, before: Option<&Project>) -> Vec<ServiceChange> {
    let mut changes = Vec::new();
    for service in &project.feature_services {
        let change = match before.and_then(|before| before.feature_service(&service.name)) {
            None => ServiceChange::new(&service.name, "create", Vec::new()),
            Some(old) if old == service => ServiceChange::new(&service.name, "none", Vec::new()),
            Some(old) => ServiceChange::new(&service.name, Effect::Metadata.name(), told_service(old, service)),
        };
        changes.push(change);
    }
    for old in before.iter().flat_map(|before| &before.feature_services) {
        if project.feature_service(&old.name).is_none() {
            let reasons = vec!["not in the definitions".to_owned()];
            changes.push(ServiceChange::new(&old.name, "remove", reasons));
        }
    }
    changes
}

fn told_service(old: &FeatureService, new: &FeatureService) -> Vec<String> {
    let told = |entries: &[ServiceFeatures]| {
        let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
        entries.join(", ")
    };
    let mut reasons = Vec::new();
    if old.features != new.features {
        reasons.push(format!("features: {} to {}", told(&old.features), told(&new.features)));
    }
    if old.meta != new.meta {
        reasons.push("description, owner or tags".to_owned());
    }
    reasons
}

/// How many intervals a replay runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sample {
    /// So many, evenly spread, the first and the last among them.
    Some(usize),
    /// All.
    All,
}

/// If it is not said.
pub(crate) const SAMPLE: &str = "5";

impl Default for Sample {
    fn default() -> Self {
        Self::Some(5)
    }
}

impl std::str::FromStr for Sample {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("all", _) => Ok(Self::All),
            (_, Ok(count)) if count > 0 => Ok(Self::Some(count)),
            _ => Err("a number of intervals, or `all`".to_owned()),
        }
    }
}

impl Sample {
    fn of(self, all: Vec<Interval>) -> Vec<Interval> {
        let count = match self {
            Self::Some(count) if count < all.len() => count,
            _ => return all,
        };
        let last = all.len() - 1;
        let place = |number: usize| match count {
            1 => last,
            _ => number * last / (count - 1),
        };
        (0..count)
            .filter_map(|number| all.get(place(number)).copied())
            .collect()
    }
}

/// Runs intervals on the component that was applied and on the one of the folder, for each view whose code alone asks for a new
/// version. Both run under the deterministic profile.
pub(crate) async fn replay_all(
    bench: &Workbench,
    compiled: &Compiled,
    before: Option<&Applied>,
    changes: &mut [Change<'_>],
    sample: Sample,
    printer: &Printer,
) -> Result<(), CliError> {
    let sandbox = Sandbox::new(Profile::Deterministic, runs()).map_err(CliError::internal)?;
    let loader = loader(sandbox, printer);
    let load = |bytes: &[u8]| loader.load(bytes, &Limits::default()).map_err(CliError::from);
    let registry = bench.registry();
    // One for each digest: views share them.
    let mut loaded: BTreeMap<String, Component> = BTreeMap::new();
    for change in changes.iter_mut().filter(|change| is_code_only(change)) {
        let view = change.compiled;
        let known = before.and_then(|before| before.views.get(&view.view.name));
        let (Some(old), Some(new)) = (known.and_then(|known| known.component.as_ref()), &view.transform) else {
            continue;
        };
        let (old, new) = (&old.digest, new.component.digest());
        for digest in [old, new] {
            if !loaded.contains_key(digest.hex()) {
                let component = match compiled.components.get(digest) {
                    Some(bytes) => load(bytes)?,
                    None => load(&registry.component(digest)?)?,
                };
                loaded.insert(digest.hex().to_owned(), component);
            }
        }
        let sides = (with(view, loaded.get(old.hex())), with(view, loaded.get(new.hex())));
        let (Some(old), Some(new)) = sides else {
            printer.tell(&format!(
                "{}: nothing to replay, for its inputs, output or parameters are others",
                view.view.name
            ));
            continue;
        };
        let due = Interval {
            start: view.view.feature_start_time,
            end: last_due(&view.view, view.data_delay, bench.now),
        };
        let intervals = sample.of(view.view.grid().intervals(due).collect());
        let bar = printer.bar(&format!("replay {}", view.view.name), intervals.len());
        let replayed = replay(&bench.session, &bench.guests, (&old, &new), &intervals, |done| {
            bar.set_position(done as u64);
        })
        .await;
        bar.finish_and_clear();
        change.replayed = Some(replayed?);
    }
    Ok(())
}

pub(crate) fn is_code_only(change: &Change<'_>) -> bool {
    change.next.step == Step::NewVersion && AppliedView::only_code_differs(&change.next.differences)
}

/// The view with another component in the place of its own; none if the two cannot be compared.
fn with(view: &CompiledView, component: Option<&Component>) -> Option<CompiledView> {
    let mut view = view.clone();
    let transform = view.transform.as_mut()?;
    let (component, own) = (component?, &transform.contract);
    let contract = component.contract(&own.name)?;
    let same = (&contract.inputs, &contract.output, contract.scope) == (&own.inputs, &own.output, own.scope)
        && contract.parameters.len() == own.parameters.len()
        && contract
            .parameters
            .iter()
            .zip(&own.parameters)
            .all(|(left, right)| left.name == right.name && left.kind == right.kind);
    if !same {
        return None;
    }
    // A parameter that is not said has the component's own default.
    for (name, value) in &mut transform.parameters {
        let default = contract.parameters.iter().find(|parameter| parameter.name == *name);
        if !view.view.parameters.contains_key(name)
            && let Some(default) = default.and_then(|parameter| parameter.default.clone())
        {
            *value = default;
        }
    }
    transform.contract = contract.clone();
    transform.component = component.clone();
    Some(view)
}

/// What a replay found, in a line.
pub(crate) fn told(replayed: &Replayed) -> String {
    match &replayed.difference {
        None => format!("equal: {} rows of {} intervals", replayed.rows, replayed.intervals),
        Some(difference) => format!("differs: {difference}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn days(count: i64) -> Vec<Interval> {
        let at = Timestamp::from_micros;
        (0..count)
            .map(|day| Interval {
                start: at(day),
                end: at(day + 1),
            })
            .collect()
    }

    #[test]
    fn services_come_change_and_go() {
        let project = |services: &str| {
            let views = "[project]\nname = \"shop\"\n[[entity]]\nname = \"c\"\njoin_keys = { id = \"int64\" }\n[[source]]\nname = \
                \"s\"\npath = \"s.csv\"\ntimestamp_column = \"t\"\n[[feature_view]]\nname = \"v\"\nkind = \"batch\"\nentities = \
                [\"c\"]\nsources = [\"s\"]\ntimestamp_column = \"t\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"2024-01-01\"\n";
            let parsed = crate::definition::parse("sandglass.toml", &format!("{views}{services}"));
            parsed.expect("a project").project
        };
        let service =
            |name: &str, features: &str| format!("[[feature_service]]\nname = \"{name}\"\nfeatures = {features}\n");
        let before = project(&(service("a", "[\"v\"]") + &service("b", "[\"v\"]") + &service("gone", "[\"v\"]")));
        let entry = r#"["v[x, y]", { view = "v", join_keys = { id = "buyer_id" }, prefix = "buyer" }]"#;
        let after = project(&(service("new", "[\"v\"]") + &service("b", entry) + &service("a", "[\"v\"]")));
        let told: Vec<_> = service_changes(&after, Some(&before))
            .into_iter()
            .map(|change| (change.name, change.change, change.reasons.join("; ")))
            .collect();
        let told: Vec<_> = told
            .iter()
            .map(|(name, change, reasons)| (name.as_str(), *change, reasons.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("new", "create", ""),
                ("b", "metadata", "features: v to v[x, y], buyer = v (id = buyer_id)"),
                ("a", "none", ""),
                ("gone", "remove", "not in the definitions"),
            ]
        );
        assert_eq!(ServiceChange::table(&[]), "");
    }

    #[test]
    fn samples_are_spread() {
        let sample = |text: &str, count| -> Vec<i64> {
            let sample: Sample = text.parse().expect("a sample");
            sample
                .of(days(count))
                .iter()
                .map(|interval| interval.start.micros())
                .collect()
        };
        assert_eq!(sample("all", 3), [0, 1, 2]);
        assert_eq!(sample("5", 3), [0, 1, 2]);
        assert_eq!(sample("1", 10), [9]);
        assert_eq!(sample("2", 10), [0, 9]);
        assert_eq!(sample("4", 10), [0, 3, 6, 9]);
        assert_eq!(sample("3", 0), [0i64; 0]);
        assert_eq!(SAMPLE.parse(), Ok(Sample::default()));
        for text in ["0", "-1", "", "some"] {
            assert!(text.parse::<Sample>().is_err());
        }
    }
}
