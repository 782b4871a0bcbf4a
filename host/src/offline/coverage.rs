use super::Attempt;
use crate::time::{Interval, Timestamp, union};

/// One job that is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    /// What it materialized.
    pub interval: Interval,
    /// The last attempt in the log.
    pub attempt: Attempt,
}

/// What has been materialized, as one version of the log has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// The version of the table.
    pub version: u64,
    /// The jobs that are done, by interval. Intervals may overlap: whoever came last holds the rows.
    pub done: Vec<Done>,
}

impl Coverage {
    /// The last attempt at exactly this interval.
    pub fn attempt(&self, interval: Interval) -> Option<Attempt> {
        let at = self.done.binary_search_by_key(&interval, |done| done.interval).ok()?;
        Some(self.done[at].attempt)
    }

    /// What the next attempt at exactly this interval has to be.
    pub fn next_attempt(&self, interval: Interval) -> Attempt {
        self.attempt(interval).map_or(Attempt::FIRST, Attempt::next)
    }

    /// The jobs whose last attempt a derived table does not have, in the order of their intervals.
    pub fn missing_from(&self, derived: &Self) -> Vec<(Interval, Attempt)> {
        let jobs = self.done.iter().map(|done| (done.interval, done.attempt));
        jobs.filter(|(interval, attempt)| derived.attempt(*interval) != Some(*attempt))
            .collect()
    }

    /// The time that is covered: in order, without overlap, touching intervals joined.
    pub fn union(&self) -> Vec<Interval> {
        union(self.done.iter().map(|done| done.interval).collect())
    }

    /// The end of what is covered without a gap from `start` on; `start` itself if nothing is.
    pub fn contiguous_from(&self, start: Timestamp) -> Timestamp {
        self.union()
            .into_iter()
            .find(|interval| interval.contains(start))
            .map_or(start, |interval| interval.end)
    }
}
