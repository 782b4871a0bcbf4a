//! What `apply` would make of the folder: decided here once, shown by `plan` and done by `apply`.

use std::collections::BTreeMap;

use sandglass_runtime::{Component, Limits, Profile, Sandbox};

use super::compile::Compiled;
use super::error::CliError;
use super::loader::loader;
use super::output::Printer;
use super::workbench::{Workbench, runs};
use crate::definition::Project;
use crate::materialize::{Replayed, replay};
use crate::plan::last_due;
use crate::project::{CompiledView, parts};
use crate::registry::{Applied, AppliedComponent, AppliedView, Next, Step};
use crate::time::Interval;

/// A view and what applying it would do.
pub(crate) struct Change<'a> {
    pub(crate) compiled: &'a CompiledView,
    pub(crate) next: Next,
    /// What two components made of the same rows, where that was asked for.
    pub(crate) replayed: Option<Replayed>,
}

/// What changes, in the order of the definitions.
pub(crate) fn changes<'a>(
    bench: &Workbench,
    project: &Project,
    compiled: &'a Compiled,
    before: Option<&Applied>,
) -> Vec<Change<'a>> {
    let change = |view: &'a CompiledView| {
        let component = view.transform.as_ref().map(|transform| AppliedComponent {
            digest: transform.component.digest().clone(),
            transformation: transform.contract.name.clone(),
        });
        let parts = parts(project, view, compiled.code(&view.view));
        let known = Applied::known(before, &view.view.name);
        Change {
            compiled: view,
            next: AppliedView::next(known, parts, component, bench.now),
            replayed: None,
        }
    };
    compiled.views.iter().map(change).collect()
}

/// Views that were applied and are not defined any more.
pub(crate) fn removed(project: &Project, before: Option<&Applied>) -> Vec<String> {
    let names = before.into_iter().flat_map(|applied| applied.views.keys());
    names
        .filter(|name| project.feature_view(name).is_none())
        .cloned()
        .collect()
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
