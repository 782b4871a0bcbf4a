//! What versions of views were applied with.

use super::error::CliError;
use crate::definition::{FeatureView, Project};
use crate::registry::{Applied, Registry};

/// The definitions that a view's version was last applied with; none if the registry does not know them.
pub(crate) fn last_applied(
    registry: &Registry,
    applied: &Applied,
    view: &str,
    version: u32,
) -> Result<Option<(Project, FeatureView)>, CliError> {
    let Some(known) = applied.views.get(view).or_else(|| applied.retired.get(view)) else {
        return Ok(None);
    };
    let of = |project: Project| {
        let found = project.feature_view(view).cloned();
        found.map(|view| (project, view))
    };
    if let Some(kept) = known.kept.iter().find(|kept| kept.version == version) {
        return Ok(of(registry.read(kept.application)?.project));
    }
    if applied.views.contains_key(view) {
        return Ok(of(applied.project.clone()));
    }
    // It is not defined any more, and the last application that did is not written down.
    for number in (1..applied.number).rev() {
        let before = registry.read(number)?;
        if before.views.contains_key(view) {
            return Ok(of(before.project));
        }
    }
    Ok(None)
}
