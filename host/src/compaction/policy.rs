//! What a pass looks at and which way it writes: decided of definitions, boundaries and counts alone.

use crate::definition::{FeatureView, OnlineLoad};
use crate::tile::TileSpec;
use crate::time::{Interval, Timestamp, union};

/// Where the keys are whose items may differ from those that are live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Affected {
    /// Keys with a row or tile in one of these, as the tables are now.
    pub(super) now: Vec<Interval>,
    /// Keys that had one in one of these, as the tables were when the live generation was made: it may be gone.
    pub(super) before: Vec<Interval>,
    /// Keys with a row in one of these files, which came to the others since, at whatever times.
    pub(super) appended: Vec<String>,
}

/// How items are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// As a change of the live generation.
    Change,
    /// All of them, as a new generation.
    Generation,
}

/// A change of at most so many keys is written as one whatever share of the live ones it is: one transaction takes milliseconds,
/// and a generation a folder of its own.
pub(crate) const FEW: u64 = 1_000;
/// A change is one transaction, which lies in memory as a whole.
pub(super) const CHANGE_KEYS_MAX: u64 = 1_000_000;
/// The same in bytes of items and keys.
pub(super) const CHANGE_BYTES_MAX: u64 = 128 << 20;

/// What a key of a new generation costs of what one of a change does, where that is not a question of money but of time.
const SHARE: f64 = 0.1;

/// The most keys that are written as a change of a live generation of so many items, each of which costs so much in a new generation if it
/// costs 1 in a change.
pub(super) fn change_keys_max(load: OnlineLoad, live: u64, price: Option<f64>) -> u64 {
    match load {
        OnlineLoad::Bulk => 0,
        OnlineLoad::Rows => CHANGE_KEYS_MAX,
        OnlineLoad::Auto => ((live as f64 * price.unwrap_or(SHARE)) as u64).clamp(FEW, CHANGE_KEYS_MAX),
    }
}

/// Which way so many keys are written, if at most so many are as a change.
pub(super) fn way(load: OnlineLoad, most: u64, keys: u64) -> Way {
    match keys <= most && load != OnlineLoad::Bulk {
        true => Way::Change,
        false => Way::Generation,
    }
}

/// Keys whose windows differ between two leading edges, where `changed` was made again since the first: those with tiles in what a
/// window, or the time that all of them reach over, gains or loses, and those with tiles in what has changed.
pub(super) fn of_windows(spec: &TileSpec, old: Timestamp, new: Timestamp, changed: &[Interval]) -> Affected {
    let lifetime = spec.lifetime_start;
    let mut now = Vec::new();
    for window in &spec.windows {
        for (before, after) in window.at(old, lifetime).zip(window.at(new, lifetime)) {
            now.extend(difference(before, after));
        }
    }
    let (before, after) = (spec.reach(old, old), spec.reach(new, new));
    // A key has an item if it has a tile anywhere in reach, be it between two windows.
    now.extend(difference(before, after));
    now.extend(clipped(changed, after));
    Affected {
        now: union(now),
        before: union(clipped(changed, before)),
        appended: Vec::new(),
    }
}

/// Keys whose latest row differs between two boundaries: those with rows in between, and those with rows in what has changed.
pub(super) fn of_rows(start: Timestamp, old: Timestamp, new: Timestamp, changed: &[Interval]) -> Affected {
    let mut now = vec![Interval { start: old, end: new }];
    now.extend(clipped(changed, Interval { start, end: new }));
    now.retain(|interval| !interval.is_empty());
    Affected {
        now: union(now),
        before: union(clipped(changed, Interval { start, end: old })),
        appended: Vec::new(),
    }
}

/// Where a pass from one boundary to another one looks for keys, if nothing was made again in between: the time of rows.
pub fn looked_through(view: &FeatureView, tiles: Option<&TileSpec>, old: Timestamp, new: Timestamp) -> Vec<Interval> {
    let affected = match tiles {
        Some(spec) => of_windows(spec, old, new, &[]),
        None => of_rows(view.feature_start_time, old, new, &[]),
    };
    clipped(
        &affected.now,
        Interval {
            start: view.feature_start_time,
            end: new.max(view.feature_start_time),
        },
    )
}

/// Whether a pass that waits for its schedule is due: a boundary of it lies after what is online and not after what could be.
pub(super) fn is_due(view: &FeatureView, online: Timestamp, through: Timestamp) -> bool {
    next_due(view, online).is_none_or(|due| due <= through)
}

/// The boundary at which the next pass is due, none if every one is.
pub(super) fn next_due(view: &FeatureView, online: Timestamp) -> Option<Timestamp> {
    Some(view.compaction_grid()?.interval(online).end)
}

/// What lies in one of two intervals and not in the other.
fn difference(before: Interval, after: Interval) -> Vec<Interval> {
    if before.is_empty() || after.is_empty() || !before.overlaps(&after) {
        return [before, after].into_iter().filter(|one| !one.is_empty()).collect();
    }
    let ends = [
        (before.start.min(after.start), before.start.max(after.start)),
        (before.end.min(after.end), before.end.max(after.end)),
    ];
    let ends = ends.into_iter().map(|(start, end)| Interval { start, end });
    ends.filter(|end| !end.is_empty()).collect()
}

fn clipped(intervals: &[Interval], to: Interval) -> Vec<Interval> {
    let parts = intervals.iter().map(|interval| Interval {
        start: interval.start.max(to.start),
        end: interval.end.min(to.end),
    });
    parts.filter(|part| part.start < part.end).collect()
}

/// The same time or more in at most so many intervals: the smallest gaps between them are closed.
pub(super) fn fewer(mut intervals: Vec<Interval>, most: usize) -> Vec<Interval> {
    while intervals.len() > most.max(1) {
        let gap = |at: &usize| intervals[at + 1].start.since(intervals[*at].end);
        let Some(at) = (0..intervals.len() - 1).min_by_key(gap) else {
            break;
        };
        intervals[at].end = intervals[at + 1].end;
        intervals.remove(at + 1);
    }
    intervals
}

#[cfg(test)]
mod tests;
