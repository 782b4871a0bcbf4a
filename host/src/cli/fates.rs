//! What becomes of the versions of views, as the registry has them and as they lie in the store.

use std::collections::{BTreeMap, BTreeSet};

use super::error::CliError;
use super::tables::RETENTION;
use super::workbench::Workbench;
use crate::error::{Classified, Kind};
use crate::maintain::{Fate, VersionFate, fates, versions};
use crate::registry::{Applied, AppliedView, Kept, Registry};

/// How often what is to be dropped is decided anew because somebody has applied meanwhile.
const TRIES: usize = 5;

/// A view's name, what the registry has of it, and what becomes of its versions.
pub(crate) struct View {
    pub(crate) name: String,
    pub(crate) applied: Option<AppliedView>,
    pub(crate) fates: Vec<VersionFate>,
}

/// What becomes of the views' versions. The registry goes first: nobody goes back to what is being dropped.
pub(crate) async fn decide(
    bench: &Workbench,
    only: &[String],
    dry_run: bool,
) -> Result<(Applied, Vec<View>), CliError> {
    let registry = bench.registry();
    let mut tries = 0;
    loop {
        // Before the registry is read: what is there and unknown to it is nobody's.
        let applied_before = bench.applied()?;
        let names: BTreeSet<&String> = known(&applied_before).collect();
        let mut found: BTreeMap<&String, Vec<u32>> = BTreeMap::new();
        for name in names {
            found.insert(name, versions(&bench.versions(name))?);
        }
        let applied = bench.applied()?;
        if let Some(unknown) = only.iter().find(|name| !known(&applied).any(|known| known == *name)) {
            let names: Vec<_> = known(&applied).map(|name| format!("`{name}`")).collect();
            let message = format!("no feature view `{unknown}`; there are {}", names.join(", "));
            return Err(CliError::invalid(message, None));
        }
        let chosen = |name: &String| only.is_empty() || only.contains(name);
        let mut views = Vec::new();
        for name in known(&applied)
            .filter(|name| chosen(name))
            .cloned()
            .collect::<BTreeSet<_>>()
        {
            let found = found.get(&name).map(Vec::as_slice).unwrap_or_default();
            let view = applied.views.get(&name).or_else(|| applied.retired.get(&name)).cloned();
            let fates = match &view {
                Some(view) => of_view(bench, &registry, &name, view, found).await?,
                None => of_destroyed(applied.destroyed.get(&name).copied(), found),
            };
            views.push(View {
                name,
                applied: view,
                fates,
            });
        }
        let next = match dry_run {
            true => None,
            false => without_dropped(bench, &applied, &views),
        };
        let Some(next) = next else {
            return Ok((applied, views));
        };
        match registry.put(Some(&applied), &next) {
            Ok(()) => return Ok((next, views)),
            Err(error) if error.kind() == Kind::Conflict && tries < TRIES => tries += 1,
            Err(error) => return Err(error.into()),
        }
    }
}

/// Views that have, or may have, something in the stores.
fn known(applied: &Applied) -> impl Iterator<Item = &String> {
    let views = applied.views.keys().chain(applied.retired.keys());
    views.chain(applied.destroyed.keys())
}

async fn of_view(
    bench: &Workbench,
    registry: &Registry,
    name: &str,
    view: &AppliedView,
    found: &[u32],
) -> Result<Vec<VersionFate>, CliError> {
    let (store, live) = (bench.online()?, bench.name(name, view.version));
    let live = tokio::task::spawn_blocking(move || store.live(&live))
        .await
        .map_err(|error| CliError::internal(error.to_string()))??;
    let mut superseded = BTreeMap::new();
    for kept in &view.kept {
        // The application after the last one that had it took its place.
        superseded.insert(kept.version, registry.read(kept.application + 1)?.at);
    }
    let at = |kept: &Kept| superseded.get(&kept.version).copied().unwrap_or(bench.now);
    let live = live.map(|(record, _)| record.version);
    Ok(fates(view, at, live, found, RETENTION, bench.now))
}

/// What the removal of a view left that was cut off.
fn of_destroyed(versions: Option<u32>, found: &[u32]) -> Vec<VersionFate> {
    let found = found
        .iter()
        .filter(|version| versions.is_some_and(|last| **version <= last));
    let dropped = found.map(|version| VersionFate {
        version: *version,
        fate: Fate::Dropped,
    });
    dropped.collect()
}

/// The next application, which does not know the versions that are dropped; none if it knows none of them now.
fn without_dropped(bench: &Workbench, applied: &Applied, views: &[View]) -> Option<Applied> {
    let mut changed = BTreeMap::new();
    for view in views {
        let Some(before) = &view.applied else { continue };
        let dropped = view.fates.iter().filter(|found| found.fate == Fate::Dropped);
        let after = before.without(&dropped.map(|found| found.version).collect::<Vec<_>>());
        if after != *before {
            changed.insert(view.name.clone(), after);
        }
    }
    if changed.is_empty() {
        return None;
    }
    let (mut of_views, requests) = (applied.views.clone(), applied.request_views.clone());
    let (in_views, retired): (BTreeMap<_, _>, BTreeMap<_, _>) = changed
        .into_iter()
        .partition(|(name, _)| applied.views.contains_key(name));
    of_views.extend(in_views);
    let mut next = Applied::next(Some(applied), bench.now, applied.project.clone(), of_views, requests);
    next.retired.extend(retired);
    Some(next)
}
