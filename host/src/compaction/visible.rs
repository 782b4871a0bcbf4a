use std::sync::Arc;

use crate::definition::FeatureView;
use crate::offline::OfflineTable;
use crate::online::{GenerationState, LoadProgress};
use crate::project::features;
use crate::tile::TileSpec;
use crate::time::{Interval, Span, Timestamp};
use crate::workspace::Name;

/// What is to be online: a view's tables at a boundary.
pub struct Visible<'a> {
    /// The view.
    pub view: &'a FeatureView,
    /// How late its rows may arrive.
    pub data_delay: Span,
    /// Its version.
    pub name: &'a Name,
    /// Its rows.
    pub rows: &'a OfflineTable,
    /// The tiles of its rows, if it has aggregations.
    pub tiles: Option<(&'a Arc<TileSpec>, &'a OfflineTable)>,
    /// Longer tiles, as [`TileSpec::levels`] has them, the shortest first; some may not be there.
    pub levels: &'a [(TileSpec, OfflineTable)],
    /// The last boundary of the schedule that coverage reaches from the view's start on.
    pub through: Timestamp,
    /// The time.
    pub now: Timestamp,
    /// Whether another version has been applied meanwhile: then this one is not switched to.
    pub superseded: &'a (dyn Fn() -> bool + Send + Sync),
    /// Is told how far a load is that takes long.
    pub tell: Tell,
}

/// Who is told how far a load is.
pub type Tell = Arc<dyn Fn(&LoadProgress) + Send + Sync>;

/// Who asks for a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Materialization, when its jobs are done: it waits for the view's `compaction_schedule`.
    AfterJobs,
    /// Somebody: it waits for nothing.
    Now,
    /// Somebody: every item is made anew, as a new generation.
    Full,
}

impl<'a> Visible<'a> {
    /// The same at a boundary, if that is later.
    pub(super) fn not_before(&self, through: Timestamp) -> Visible<'a> {
        Visible {
            through: self.through.max(through),
            tell: Arc::clone(&self.tell),
            ..*self
        }
    }
}

impl Visible<'_> {
    /// What the generation's state is after a pass.
    pub(super) fn state(&self) -> GenerationState {
        GenerationState {
            through: self.through,
            offline_version: self.rows.version(),
            tiles_version: self.tiles.map(|(_, tiles)| tiles.version()),
            columns: features(self.view, self.rows.schema(), self.tiles.map(|(spec, _)| spec.as_ref())),
            empty: self.tiles.map(|(spec, _)| spec.empty()).unwrap_or_default(),
            rules: self.rules(),
        }
    }

    /// What items depend on beside rows.
    fn rules(&self) -> String {
        let view = self.view;
        serde_json::json!({
            "aggregation": view.aggregation,
            "ttl": view.ttl,
            "order_by": view.order_by,
            "batch_schedule": view.batch_schedule,
            "feature_start_time": view.feature_start_time,
            "data_delay": self.data_delay,
        })
        .to_string()
    }

    /// The time of the rows whose items can be alive: earlier ones have expired by now.
    pub(super) fn alive(&self) -> Interval {
        let start = self.view.feature_start_time;
        let earliest = match self.view.ttl {
            // A row expires at the first effective boundary at or after its time and the ttl.
            Some(ttl) => self.now.saturating_sub(ttl).saturating_sub(self.view.batch_schedule),
            None => start,
        };
        Interval {
            start: earliest.max(start).min(self.through),
            end: self.through,
        }
    }

    /// How errors call it.
    pub(super) fn label(&self) -> String {
        format!("feature view `{}`", self.view.name)
    }
}
