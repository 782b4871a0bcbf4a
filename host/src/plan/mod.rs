//! Which jobs there are: a pure function of the definition, of what is done, and of the time.

mod change;

pub use change::{
    AGGREGATION, AGGREGATION_INTERVAL, CODE, Difference, Effect, ONLINE, Parts, SCOPE, TABLE_COLUMN, decides_values,
    differences, same_rows, total,
};

use serde::{Deserialize, Serialize};

use crate::definition::{FeatureView, Trigger};
use crate::time::{Interval, Span, Timestamp};

/// Why a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobKind {
    /// Its interval was due when the version was applied.
    Backfill,
    /// Its interval has become due since.
    Recurring,
    /// Somebody asked for its interval.
    Manual,
    /// Its source has changed since it was read.
    Redo,
}

impl JobKind {
    /// As plans name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backfill => "backfill",
            Self::Recurring => "recurring",
            Self::Manual => "manual",
            Self::Redo => "redo",
        }
    }
}

/// One run of a view over an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Why it runs.
    pub kind: JobKind,
    /// What it makes.
    #[serde(flatten)]
    pub interval: Interval,
    /// When it may run.
    pub due: Timestamp,
}

/// A range that somebody asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// Its intervals.
    pub interval: Interval,
    /// Whether intervals that are done are done again.
    pub overwrite: bool,
}

/// Why a range is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RangeError {
    /// In words.
    pub message: String,
    /// What would do.
    pub hint: Option<String>,
}

/// What a plan depends on, beside the definition.
#[derive(Debug, Clone)]
pub struct Situation<'a> {
    /// How late rows may arrive.
    pub data_delay: Span,
    /// What is done, in order and without overlap.
    pub covered: &'a [Interval],
    /// When the version was applied: where the backfill ends and recurring jobs begin.
    pub applied_at: Timestamp,
    /// The time.
    pub now: Timestamp,
}

/// The last boundary of the schedule whose interval is due; the start, if there is none.
pub fn last_due(view: &FeatureView, data_delay: Span, at: Timestamp) -> Timestamp {
    view.grid()
        .floor(at.saturating_sub(data_delay))
        .max(view.feature_start_time)
}

/// Where the backfill of a version ends.
pub fn backfill_end(view: &FeatureView, data_delay: Span, applied_at: Timestamp) -> Timestamp {
    let due = last_due(view, data_delay, applied_at);
    match (view.trigger, view.manual_backfill_end_time) {
        (Trigger::Scheduled, _) => due,
        (Trigger::Manual, Some(end)) => due.min(end),
        (Trigger::Manual, None) => view.feature_start_time,
    }
}

/// The jobs that are left, in the order of their intervals.
pub fn plan(view: &FeatureView, situation: &Situation<'_>) -> Vec<Job> {
    let start = view.feature_start_time;
    let middle = backfill_end(view, situation.data_delay, situation.applied_at).min(last_due(
        view,
        situation.data_delay,
        situation.now,
    ));
    let mut jobs = cut(view, JobKind::Backfill, Interval { start, end: middle }, situation);
    if view.trigger == Trigger::Scheduled {
        let end = last_due(view, situation.data_delay, situation.now);
        for gap in gaps(
            Interval {
                start: middle,
                end: end.max(middle),
            },
            situation.covered,
        ) {
            jobs.extend(
                view.grid()
                    .intervals(gap)
                    .map(|interval| job(JobKind::Recurring, interval, situation.data_delay)),
            );
        }
    }
    jobs
}

/// The jobs of a range that somebody asked for.
///
/// # Errors
/// The range does not lie on the schedule's grid, begins before the view does, or is not due yet.
pub fn plan_range(view: &FeatureView, situation: &Situation<'_>, range: Range) -> Result<Vec<Job>, RangeError> {
    if view.table.is_some() {
        return Err(RangeError {
            message: "it is a feature table, and no job makes its rows".to_owned(),
            hint: Some(
                "bring rows with `sandglass ingest`; those of a key and time take the place of others".to_owned(),
            ),
        });
    }
    let grid = view.grid();
    for (what, at) in [("start", range.interval.start), ("end", range.interval.end)] {
        if !grid.is_boundary(at) {
            let (before, after) = (grid.floor(at), grid.ceil(at));
            return Err(RangeError {
                message: format!("the {what} of the range, {at}, is not on the schedule's grid"),
                hint: Some(format!("{before} or {after} would do")),
            });
        }
    }
    if range.interval.start < view.feature_start_time {
        let message = format!(
            "the range begins at {}, the view at {}",
            range.interval.start, view.feature_start_time
        );
        return Err(RangeError { message, hint: None });
    }
    let due = last_due(view, situation.data_delay, situation.now);
    if range.interval.end > due {
        let message = format!(
            "the range ends at {}, and what is due now ends at {due}",
            range.interval.end
        );
        return Err(RangeError {
            message,
            hint: Some(format!("end it at {due}")),
        });
    }
    let nothing = Situation {
        covered: &[],
        ..situation.clone()
    };
    Ok(cut(
        view,
        JobKind::Manual,
        range.interval,
        if range.overwrite { &nothing } else { situation },
    ))
}

/// The jobs that make these ranges again, cut as backfills are.
pub fn plan_redo(view: &FeatureView, data_delay: Span, ranges: &[Interval]) -> Vec<Job> {
    let nothing = Situation {
        data_delay,
        covered: &[],
        applied_at: view.feature_start_time,
        now: view.feature_start_time,
    };
    let jobs = ranges
        .iter()
        .flat_map(|range| cut(view, JobKind::Redo, *range, &nothing));
    jobs.collect()
}

/// What is not covered of a range, cut as backfills are.
fn cut(view: &FeatureView, kind: JobKind, range: Interval, situation: &Situation<'_>) -> Vec<Job> {
    let step = match (view.incremental_backfills, view.max_backfill_interval) {
        (true, _) => Some(view.batch_schedule),
        (false, interval) => interval,
    };
    // A range that somebody asked for need not begin where the view does; jobs then begin where it begins.
    let grid = step.and_then(|step| crate::time::Grid::new(view.feature_start_time, step));
    gaps(range, situation.covered)
        .into_iter()
        .flat_map(|gap| match grid {
            None => vec![gap],
            Some(grid) => grid.intervals(gap).collect(),
        })
        .map(|interval| job(kind, interval, situation.data_delay))
        .collect()
}

fn job(kind: JobKind, interval: Interval, data_delay: Span) -> Job {
    Job {
        kind,
        interval,
        due: interval.end.saturating_add(data_delay),
    }
}

/// What is left of a range.
pub fn gaps(range: Interval, covered: &[Interval]) -> Vec<Interval> {
    let mut gaps = Vec::new();
    let mut start = range.start;
    for interval in covered.iter().filter(|interval| interval.overlaps(&range)) {
        if start < interval.start {
            gaps.push(Interval {
                start,
                end: interval.start,
            });
        }
        start = start.max(interval.end);
    }
    if start < range.end {
        gaps.push(Interval { start, end: range.end });
    }
    gaps
}

#[cfg(test)]
mod tests;
