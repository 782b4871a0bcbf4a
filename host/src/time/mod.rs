//! Event time: int64 microseconds since 1970-01-01T00:00:00Z. Every interval is half open, `[start, end)`.
//!
//! The law kept here: a grid divides the time line into intervals without gap or overlap, so that a timestamp lies in
//! exactly one interval of its schedule.

mod grid;
mod span;
mod timestamp;

pub use grid::Grid;
pub use span::{Span, SpanError};
pub use timestamp::{Timestamp, TimestampError};

use serde::{Deserialize, Serialize};

/// `[start, end)`, in microseconds. Never reversed; empty when both are equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Interval {
    /// The first microsecond inside.
    pub start: Timestamp,
    /// The first microsecond outside.
    pub end: Timestamp,
}

impl Interval {
    /// An interval, or none if `end` lies before `start`.
    pub fn new(start: Timestamp, end: Timestamp) -> Option<Self> {
        (start <= end).then_some(Self { start, end })
    }

    /// Whether the timestamp lies inside.
    pub fn contains(&self, at: Timestamp) -> bool {
        self.start <= at && at < self.end
    }

    /// Whether there is nothing inside.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Whether the two share a microsecond.
    pub fn overlaps(&self, other: &Interval) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl std::fmt::Display for Interval {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}

/// The intervals in order and without overlap; touching ones are joined and empty ones left out.
pub fn union(mut intervals: Vec<Interval>) -> Vec<Interval> {
    intervals.retain(|interval| !interval.is_empty());
    intervals.sort();
    let mut joined: Vec<Interval> = Vec::with_capacity(intervals.len());
    for interval in intervals {
        match joined.last_mut() {
            Some(last) if interval.start <= last.end => last.end = last.end.max(interval.end),
            _ => joined.push(interval),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(start: i64, end: i64) -> Interval {
        Interval::new(Timestamp::from_micros(start), Timestamp::from_micros(end)).expect("in order")
    }

    #[test]
    fn union_joins_what_touches() {
        let joined = union(vec![
            interval(5, 7),
            interval(0, 2),
            interval(2, 3),
            interval(4, 4),
            interval(6, 9),
        ]);
        assert_eq!(joined, [interval(0, 3), interval(5, 9)]);
    }

    #[test]
    fn half_open() {
        assert!(interval(0, 2).contains(Timestamp::from_micros(0)));
        assert!(!interval(0, 2).contains(Timestamp::from_micros(2)));
        assert!(!interval(0, 2).overlaps(&interval(2, 3)));
        assert!(interval(0, 3).overlaps(&interval(2, 3)));
    }
}
