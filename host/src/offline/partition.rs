use chrono::{Days, Months, NaiveDate};

use crate::time::{Interval, Timestamp};

/// How long a partition is: a month, or a day where the batch schedule is shorter than a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Granularity {
    /// `__month = "1997-01"`.
    Month,
    /// `__day = "1997-01-31"`.
    Day,
}

impl Granularity {
    /// The partition column.
    pub fn column(self) -> &'static str {
        match self {
            Self::Month => "__month",
            Self::Day => "__day",
        }
    }

    pub(super) fn of_column(column: &str) -> Option<Self> {
        [Self::Month, Self::Day]
            .into_iter()
            .find(|granularity| granularity.column() == column)
    }

    /// The partition of a timestamp; none outside the years 1 to 9999. The order of these texts is the order of time.
    pub fn value(self, at: Timestamp) -> Option<String> {
        let time = at.is_representable().then(|| at.datetime()).flatten()?;
        let format = match self {
            Self::Month => "%Y-%m",
            Self::Day => "%Y-%m-%d",
        };
        Some(time.format(format).to_string())
    }

    /// The time that a partition holds; none if the text is not a partition.
    pub fn interval(self, value: &str) -> Option<Interval> {
        let (first, next) = match self {
            Self::Month => {
                let first = NaiveDate::parse_from_str(&format!("{value}-01"), "%Y-%m-%d").ok()?;
                (first, first.checked_add_months(Months::new(1))?)
            }
            Self::Day => {
                let first = NaiveDate::parse_from_str(value, "%Y-%m-%d").ok()?;
                (first, first.checked_add_days(Days::new(1))?)
            }
        };
        Interval::new(midnight(first)?, midnight(next)?)
    }
}

fn midnight(date: NaiveDate) -> Option<Timestamp> {
    Some(Timestamp::from_micros(
        date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_holds_what_is_put_into_it() {
        for text in [
            "0001-01-01",
            "1969-12-31T23:59:59.999999Z",
            "1970-01-01",
            "2024-02-29T12:00:00Z",
            "9999-12-31",
        ] {
            let at: Timestamp = text.parse().expect("a time");
            for granularity in [Granularity::Month, Granularity::Day] {
                let value = granularity.value(at).expect("in range");
                assert!(text.starts_with(&value), "{text} {value}");
                let interval = granularity.interval(&value).expect("a partition");
                assert!(interval.contains(at), "{text} {interval}");
                assert_eq!(granularity.value(interval.start), Some(value));
            }
        }
        assert_eq!(Granularity::Month.value(Timestamp::from_micros(i64::MAX)), None);
        assert_eq!(Granularity::Day.interval("1997-01"), None);
    }
}
