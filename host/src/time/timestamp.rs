use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::Span;

/// Microseconds since 1970-01-01T00:00:00Z. As text RFC 3339, always UTC, six digits only where they are not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Timestamp(i64);

/// What is wrong with a text that should be a time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{text}` is not a time: write a date as 2024-01-31, or RFC 3339 as 2024-01-31T12:30:00Z, in the years 0001 to 9999"
)]
pub struct TimestampError {
    /// What was written.
    pub text: String,
}

impl From<SystemTime> for Timestamp {
    /// The microsecond that it lies in; stops at the ends of i64.
    fn from(time: SystemTime) -> Self {
        Self(match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
            Err(before) => {
                let micros = before.duration().as_nanos().div_ceil(1_000);
                i64::try_from(micros).map_or(i64::MIN, |micros| -micros)
            }
        })
    }
}

impl Timestamp {
    /// 0001-01-01T00:00:00Z: definitions and rows before it are refused.
    pub const MIN: Self = Self(-62_135_596_800_000_000);
    /// 9999-12-31T23:59:59.999999Z: definitions and rows after it are refused.
    pub const MAX: Self = Self(253_402_300_799_999_999);

    /// From microseconds since 1970.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Later by `span` (earlier, if that is negative); stops at the ends of i64.
    pub const fn saturating_add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.micros()))
    }

    /// Earlier by `span`; stops at the ends of i64.
    pub const fn saturating_sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.micros()))
    }

    /// The time from `earlier` to this.
    pub const fn since(self, earlier: Self) -> Span {
        Span::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// Whether the time lies in the years 0001 to 9999, which every format that we write can hold.
    pub fn is_representable(self) -> bool {
        (Self::MIN..=Self::MAX).contains(&self)
    }

    /// As chrono's type; none outside what chrono can hold.
    pub fn datetime(self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_micros(self.0)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.datetime() {
            Some(time) if self.0.rem_euclid(1_000_000) == 0 => {
                f.write_str(&time.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
            Some(time) => f.write_str(&time.to_rfc3339_opts(SecondsFormat::Micros, true)),
            None => write!(f, "{} us", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let wrong = || TimestampError { text: text.to_owned() };
        let parsed = if let Ok(time) = DateTime::parse_from_rfc3339(text) {
            time.with_timezone(&Utc)
        } else if let Ok(time) = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f") {
            time.and_utc()
        } else if let Ok(date) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
            date.and_hms_opt(0, 0, 0).ok_or_else(wrong)?.and_utc()
        } else {
            return Err(wrong());
        };
        let timestamp = Self(parsed.timestamp_micros());
        if timestamp.is_representable() {
            Ok(timestamp)
        } else {
            Err(wrong())
        }
    }
}

impl From<Timestamp> for String {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.to_string()
    }
}

impl TryFrom<String> for Timestamp {
    type Error = TimestampError;

    fn try_from(text: String) -> Result<Self, TimestampError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_files_are_the_microsecond_they_lie_in() {
        let nanos = std::time::Duration::from_nanos;
        let epoch = SystemTime::UNIX_EPOCH;
        for (time, micros) in [
            (epoch, 0),
            (epoch + nanos(1_999), 1),
            (epoch - nanos(1), -1),
            (epoch - nanos(1_000), -1),
            (epoch - nanos(1_001), -2),
        ] {
            assert_eq!(Timestamp::from(time).micros(), micros, "{time:?}");
        }
    }

    #[test]
    fn text_and_back() {
        for text in [
            "1970-01-01T00:00:00Z",
            "1969-12-31T23:59:59.999999Z",
            "0001-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999Z",
        ] {
            assert_eq!(text.parse::<Timestamp>().expect("a time").to_string(), text);
        }
    }

    #[test]
    fn dates_and_offsets() {
        assert_eq!(
            "1997-01-01".parse::<Timestamp>().expect("a date").micros(),
            852_076_800_000_000
        );
        let west = "1997-01-01T00:00:00-05:00".parse::<Timestamp>().expect("a time");
        assert_eq!(west.to_string(), "1997-01-01T05:00:00Z");
        let naive = "1997-01-01T05:00:00".parse::<Timestamp>().expect("a time");
        assert_eq!(naive, west);
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "yesterday",
            "1997-13-01",
            "+10000-01-01T00:00:00Z",
            "1997-01-01 ",
            "852076800",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }
}
