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

    /// The attempts at jobs, to be added up over ranges.
    pub fn attempts(&self) -> Attempts {
        let cumulated = |mut ends: Vec<(Timestamp, u64)>| {
            ends.sort_unstable();
            let mut sum = 0;
            for (_, attempts) in &mut ends {
                sum += *attempts;
                *attempts = sum;
            }
            ends
        };
        let of = |end: fn(&Interval) -> Timestamp| {
            let jobs = self.done.iter();
            cumulated(jobs.map(|done| (end(&done.interval), done.attempt.number())).collect())
        };
        Attempts {
            starts: of(|interval| interval.start),
            ends: of(|interval| interval.end),
        }
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

/// Attempts at jobs by where these begin and end, added up from the first on.
#[derive(Debug, Clone)]
pub struct Attempts {
    starts: Vec<(Timestamp, u64)>,
    ends: Vec<(Timestamp, u64)>,
}

impl Attempts {
    /// What a table that is derived of a range as a whole has for its attempt: the attempts at all jobs that lie in it, in part or as
    /// a whole, added up. It grows with each of them; none if there are none.
    pub fn over(&self, range: Interval) -> Option<Attempt> {
        let up_to = |ends: &[(Timestamp, u64)], count: usize| count.checked_sub(1).map_or(0, |last| ends[last].1);
        let begun = self.starts.partition_point(|(start, _)| *start < range.end);
        let over = self.ends.partition_point(|(end, _)| *end <= range.start);
        Attempt::new(up_to(&self.starts, begun) - up_to(&self.ends, over))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn attempts_over_a_range_are_those_at_jobs_that_overlap_it(
            jobs in proptest::collection::btree_map((0_i64..50, 1_i64..20), 1_u64..5, 0..20),
            start in -5_i64..60,
            length in 1_i64..20,
        ) {
            let interval = |start: i64, length: i64| Interval {
                start: Timestamp::from_micros(start),
                end: Timestamp::from_micros(start + length),
            };
            let mut done: Vec<Done> = jobs
                .iter()
                .map(|((start, length), attempt)| Done {
                    interval: interval(*start, *length),
                    attempt: Attempt::new(*attempt).expect("from one on"),
                })
                .collect();
            done.sort_by_key(|done| done.interval);
            let coverage = Coverage { version: 0, done };
            let range = interval(start, length);
            let overlapping = coverage.done.iter().filter(|done| done.interval.overlaps(&range));
            let expected = Attempt::new(overlapping.map(|done| done.attempt.number()).sum());
            prop_assert_eq!(coverage.attempts().over(range), expected);
        }
    }
}
