use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A length of time in microseconds, possibly negative. As text a number and a unit: `1d`, `-89d`, `12h`, `5m`, `30s`,
/// `250ms`, `10us`, `2w`; several may follow each other, largest first: `1d12h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Span(i64);

/// What is wrong with a text that should be a length of time.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "`{text}` is not a length of time: write a whole number and a unit (w, d, h, m, s, ms, us), as in `1d`, `12h` or `1d12h`"
)]
pub struct SpanError {
    /// What was written.
    pub text: String,
}

/// Largest first; weeks are read but days are written.
const UNITS: [(&str, i64); 7] = [
    ("w", 7 * 86_400_000_000),
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

impl Span {
    /// No time.
    pub const ZERO: Self = Self(0);
    /// One day of 24 hours.
    pub const DAY: Self = Self(86_400_000_000);

    /// From microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole days.
    pub const fn from_days(days: i64) -> Self {
        Self(days.saturating_mul(86_400_000_000))
    }

    /// In microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whether this is a multiple of `unit`, which is positive.
    pub const fn is_multiple_of(self, unit: Span) -> bool {
        unit.0 > 0 && self.0 % unit.0 == 0
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        if self.0 < 0 {
            f.write_str("-")?;
        }
        let mut rest = self.0.unsigned_abs();
        for (unit, micros) in &UNITS[1..] {
            let count = rest / micros.unsigned_abs();
            rest %= micros.unsigned_abs();
            if count > 0 {
                write!(f, "{count}{unit}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Span {
    type Err = SpanError;

    fn from_str(text: &str) -> Result<Self, SpanError> {
        let wrong = || SpanError { text: text.to_owned() };
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let mut total: i64 = 0;
        let mut units = UNITS.iter();
        if rest.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
            let count: i64 = rest[..digits].parse().map_err(|_| wrong())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
            let (unit, after) = rest.split_at(letters);
            // Only units that are smaller than the one before are left, so none comes twice.
            let (_, micros) = units.find(|(name, _)| *name == unit).ok_or_else(wrong)?;
            total = count
                .checked_mul(*micros)
                .and_then(|part| total.checked_add(part))
                .ok_or_else(wrong)?;
            rest = after;
        }
        Ok(Self(if negative { -total } else { total }))
    }
}

impl From<Span> for String {
    fn from(span: Span) -> Self {
        span.to_string()
    }
}

impl TryFrom<String> for Span {
    type Error = SpanError;

    fn try_from(text: String) -> Result<Self, SpanError> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        for (text, micros) in [
            ("1d", 86_400_000_000),
            ("-89d", -89 * 86_400_000_000),
            ("1d12h", 129_600_000_000),
            ("250ms", 250_000),
            ("0s", 0),
            ("10us", 10),
        ] {
            let span: Span = text.parse().expect("a span");
            assert_eq!(span.micros(), micros);
            assert_eq!(span.to_string(), text);
        }
        assert_eq!("2w".parse::<Span>().expect("a span").to_string(), "14d");
    }

    #[test]
    fn refused() {
        for text in [
            "",
            "-",
            "1",
            "d",
            "1.5d",
            "1x",
            "1h1d",
            "1d1d",
            "99999999999999d",
            "1 d",
            "--1d",
            "1é",
        ] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
