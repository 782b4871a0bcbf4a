//! Join keys: their values, their canonical bytes, and how they are read from columns and from text.
//!
//! The law kept here: the order of the bytes is the order of the values, and a key has one encoding only.

mod columns;
mod json;

pub use columns::{KeyColumns, data_type};

use chrono::{Days, NaiveDate};

use crate::definition::{JoinKey, KeyKind};
use crate::time::Timestamp;

/// One value of a join key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyValue {
    /// A whole number.
    Int64(i64),
    /// Text.
    Utf8(String),
    /// True or false.
    Boolean(bool),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970, UTC.
    Timestamp(i64),
}

/// What is wrong with a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct KeyError {
    /// In words, naming the join key.
    pub message: String,
}

impl KeyValue {
    /// A value from text, as on the command line.
    pub fn parse(key: &JoinKey, text: &str) -> Result<Self, KeyError> {
        let parsed = match key.kind {
            KeyKind::Int64 => text.parse().ok().map(Self::Int64),
            KeyKind::Utf8 => Some(Self::Utf8(text.to_owned())),
            KeyKind::Boolean => text.parse().ok().map(Self::Boolean),
            KeyKind::Date => text.parse::<NaiveDate>().ok().and_then(days).map(Self::Date),
            KeyKind::Timestamp => text.parse::<Timestamp>().ok().map(|at| Self::Timestamp(at.micros())),
        };
        parsed.ok_or_else(|| KeyError {
            message: format!("join key `{}` is {}, which `{text}` is not", key.name, key.kind.name()),
        })
    }

    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Self::Int64(value) | Self::Timestamp(value) => out.extend(ordered(*value).to_be_bytes()),
            Self::Date(value) => out.extend(ordered(i64::from(*value)).to_be_bytes()),
            Self::Boolean(value) => out.push(u8::from(*value)),
            Self::Utf8(value) => encode_text(value, out),
        }
    }

    fn decode(kind: KeyKind, bytes: &mut &[u8]) -> Option<Self> {
        Some(match kind {
            KeyKind::Int64 => Self::Int64(number(bytes)?),
            KeyKind::Timestamp => Self::Timestamp(number(bytes)?),
            KeyKind::Date => Self::Date(i32::try_from(number(bytes)?).ok()?),
            KeyKind::Boolean => {
                let (first, rest) = bytes.split_first()?;
                *bytes = rest;
                Self::Boolean(match first {
                    0 => false,
                    1 => true,
                    _ => return None,
                })
            }
            KeyKind::Utf8 => Self::Utf8(decode_text(bytes)?),
        })
    }
}

impl std::fmt::Display for KeyValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Int64(value) => write!(f, "{value}"),
            Self::Utf8(value) => f.write_str(value),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Date(value) => match date(*value) {
                Some(date) => write!(f, "{date}"),
                None => write!(f, "day {value}"),
            },
            Self::Timestamp(value) => write!(f, "{}", Timestamp::from_micros(*value)),
        }
    }
}

/// The canonical bytes of a key, none if one of its values is not there.
pub(crate) fn encode_all<'a>(values: impl Iterator<Item = Option<&'a KeyValue>>) -> Option<Vec<u8>> {
    // Room for a text or two numbers.
    let mut out = Vec::with_capacity(16);
    for value in values {
        value?.encode(&mut out);
    }
    Some(out)
}

/// The canonical bytes of a key.
pub fn encode(values: &[KeyValue]) -> Vec<u8> {
    encode_all(values.iter().map(Some)).unwrap_or_default()
}

/// The key of these bytes, none if they are not the encoding of one of these kinds.
pub fn decode(kinds: &[KeyKind], mut bytes: &[u8]) -> Option<Vec<KeyValue>> {
    let values = kinds
        .iter()
        .map(|kind| KeyValue::decode(*kind, &mut bytes))
        .collect::<Option<Vec<_>>>()?;
    bytes.is_empty().then_some(values)
}

/// Unsigned numbers in the order of the signed ones.
fn ordered(value: i64) -> u64 {
    value.cast_unsigned() ^ (1 << 63)
}

fn number(bytes: &mut &[u8]) -> Option<i64> {
    let (first, rest) = bytes.split_first_chunk::<8>()?;
    *bytes = rest;
    Some((u64::from_be_bytes(*first) ^ (1 << 63)).cast_signed())
}

/// Zero bytes are written as 0, 255; the end as 0, 0.
fn encode_text(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        out.push(byte);
        if byte == 0 {
            out.push(0xff);
        }
    }
    out.extend([0, 0]);
}

fn decode_text(bytes: &mut &[u8]) -> Option<String> {
    let mut text = Vec::new();
    loop {
        let (first, rest) = bytes.split_first()?;
        *bytes = rest;
        if *first != 0 {
            text.push(*first);
            continue;
        }
        let (second, rest) = bytes.split_first()?;
        *bytes = rest;
        match second {
            0 => return String::from_utf8(text).ok(),
            0xff => text.push(0),
            _ => return None,
        }
    }
}

fn days(date: NaiveDate) -> Option<i32> {
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

/// The date of a day since 1970.
pub fn date(days: i32) -> Option<NaiveDate> {
    let epoch = NaiveDate::default();
    let count = Days::new(u64::from(days.unsigned_abs()));
    if days < 0 {
        epoch.checked_sub_days(count)
    } else {
        epoch.checked_add_days(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key() -> impl Strategy<Value = (i64, String, bool, i32, i64)> {
        (any::<i64>(), any::<String>(), any::<bool>(), any::<i32>(), any::<i64>())
    }

    fn values((number, text, flag, day, time): (i64, String, bool, i32, i64)) -> Vec<KeyValue> {
        vec![
            KeyValue::Utf8(text),
            KeyValue::Int64(number),
            KeyValue::Boolean(flag),
            KeyValue::Date(day),
            KeyValue::Timestamp(time),
        ]
    }

    const KINDS: [KeyKind; 5] = [
        KeyKind::Utf8,
        KeyKind::Int64,
        KeyKind::Boolean,
        KeyKind::Date,
        KeyKind::Timestamp,
    ];

    proptest! {
        #[test]
        fn bytes_have_the_order_of_values(a in key(), b in key()) {
            let (a, b) = (values(a), values(b));
            prop_assert_eq!(encode(&a).cmp(&encode(&b)), a.cmp(&b));
        }

        #[test]
        fn decode_undoes_encode(a in key()) {
            let a = values(a);
            prop_assert_eq!(decode(&KINDS, &encode(&a)), Some(a));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            if let Some(values) = decode(&KINDS, &bytes) {
                prop_assert_eq!(encode(&values), bytes);
            }
        }
    }

    #[test]
    fn texts_that_begin_alike() {
        let text = |text: &str| encode(&[KeyValue::Utf8(text.into()), KeyValue::Int64(0)]);
        assert!(text("a") < text("a\0") && text("a\0") < text("a\u{1}") && text("a\u{1}") < text("ab"));
    }

    #[test]
    fn from_the_command_line() {
        let key = |kind| JoinKey { name: "k".into(), kind };
        assert_eq!(KeyValue::parse(&key(KeyKind::Int64), "-7"), Ok(KeyValue::Int64(-7)));
        assert_eq!(
            KeyValue::parse(&key(KeyKind::Date), "1969-12-31"),
            Ok(KeyValue::Date(-1))
        );
        let error = KeyValue::parse(&key(KeyKind::Int64), "seven").expect_err("not a number");
        assert_eq!(error.message, "join key `k` is int64, which `seven` is not");
    }
}
