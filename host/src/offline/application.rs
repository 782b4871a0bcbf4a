use std::fmt;

use serde::{Deserialize, Serialize};

use crate::time::Interval;

/// Which materialization of one interval this is, counted from 1. An attempt is accepted if it is one more than the
/// last one in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(u64);

impl Attempt {
    /// The first materialization of an interval.
    pub const FIRST: Self = Self(1);

    /// From its number, which is at least 1.
    pub fn new(number: u64) -> Option<Self> {
        (number > 0 && i64::try_from(number).is_ok()).then_some(Self(number))
    }

    /// Its number.
    pub fn number(self) -> u64 {
        self.0
    }

    /// As the log has it.
    pub(super) fn as_i64(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }

    /// The one after.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The application id of a job's `txn` action: `sandglass:<label>:<start>/<end>`, the times in RFC 3339.
pub(super) fn application_id(label: &str, interval: Interval) -> String {
    format!("sandglass:{label}:{}/{}", interval.start, interval.end)
}

/// The interval of an application id; none if it is not one of this label's.
pub(super) fn interval_of(label: &str, application_id: &str) -> Option<Interval> {
    let times = application_id
        .strip_prefix("sandglass:")?
        .strip_prefix(label)?
        .strip_prefix(':')?;
    between(times)
}

/// An interval as the log has it: `<start>/<end>`.
pub(super) fn between(times: &str) -> Option<Interval> {
    let (start, end) = times.split_once('/')?;
    Interval::new(start.parse().ok()?, end.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_back() {
        let interval = Interval::new(
            "1969-12-31T23:59:59.999999Z".parse().expect("a time"),
            "1997-01-01".parse().expect("a time"),
        )
        .expect("in order");
        let id = application_id("shop.clicks.v3", interval);
        assert_eq!(
            id,
            "sandglass:shop.clicks.v3:1969-12-31T23:59:59.999999Z/1997-01-01T00:00:00Z"
        );
        assert_eq!(interval_of("shop.clicks.v3", &id), Some(interval));
        assert_eq!(interval_of("shop.clicks.v31", &id), None);
        assert_eq!(interval_of("shop.clicks.v", &id), None);
    }
}
