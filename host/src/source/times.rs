//! The many forms of event time, and the one that everything behind here sees: int64 microseconds, UTC.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, PrimitiveArray, StringArray, TimestampMicrosecondArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMicrosecondType};

use crate::definition::TimestampUnit;
use crate::time::{Span, Timestamp};

/// How a column holds time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimeKind {
    /// Ticks since 1970: Arrow timestamps, and whole numbers with a unit.
    Ticks(TimestampUnit),
    /// Days since 1970; a day is its midnight.
    Days,
    /// RFC 3339; without an offset it is UTC.
    Text,
    /// Text in a format of chrono's.
    Format(String),
}

impl TimeKind {
    /// The kind of a column of this type, or what is missing to tell.
    pub fn of(data_type: &DataType, unit: Option<TimestampUnit>, format: Option<&str>) -> Result<Self, String> {
        let kind = match data_type {
            DataType::Timestamp(TimeUnit::Second, _) => Self::Ticks(TimestampUnit::S),
            DataType::Timestamp(TimeUnit::Millisecond, _) => Self::Ticks(TimestampUnit::Ms),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Self::Ticks(TimestampUnit::Us),
            DataType::Timestamp(TimeUnit::Nanosecond, _) => Self::Ticks(TimestampUnit::Ns),
            DataType::Date32 => Self::Days,
            DataType::Int64 => match unit {
                Some(unit) => return Ok(Self::Ticks(unit)),
                None => {
                    return Err(
                        "is int64; say what it counts with `timestamp_unit = \"s\"`, \"ms\", \"us\" or \"ns\"".into(),
                    );
                }
            },
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => match (format, unit) {
                (Some(format), _) => return Ok(Self::Format(format.to_owned())),
                // Whole numbers in a CSV file.
                (None, Some(unit)) => return Ok(Self::Ticks(unit)),
                (None, None) => Self::Text,
            },
            other => {
                return Err(format!(
                    "is {other}; a time is a timestamp, a date, text, or int64 with `timestamp_unit`"
                ));
            }
        };
        if unit.is_some() {
            return Err(format!(
                "is {data_type}, which has its own unit: leave `timestamp_unit` out"
            ));
        }
        if format.is_some() {
            return Err(format!(
                "is {data_type}, which needs no format: leave `timestamp_format` out"
            ));
        }
        Ok(kind)
    }

    /// Ticks of a microsecond as a fraction: microseconds = ticks * numerator / denominator, floored.
    pub(super) fn ratio(&self) -> Option<(i64, i64)> {
        match self {
            Self::Ticks(TimestampUnit::S) => Some((1_000_000, 1)),
            Self::Ticks(TimestampUnit::Ms) => Some((1_000, 1)),
            Self::Ticks(TimestampUnit::Us) => Some((1, 1)),
            Self::Ticks(TimestampUnit::Ns) => Some((1, 1_000)),
            Self::Days => Some((Span::DAY.micros(), 1)),
            Self::Text | Self::Format(_) => None,
        }
    }
}

/// A time column in microseconds.
pub(crate) struct Times {
    /// Null where the source is null.
    pub(crate) micros: TimestampMicrosecondArray,
    /// Values that had a fraction of a microsecond.
    pub(crate) floored: u64,
}

/// Reads a column. What lies outside of i64 comes out as [`i64::MAX`] or [`i64::MIN`], which no range holds.
pub(crate) fn read(column: &ArrayRef, kind: &TimeKind) -> Result<Times, String> {
    match kind {
        TimeKind::Ticks(_) | TimeKind::Days => {
            let (numerator, denominator) = kind.ratio().ok_or("no ratio")?;
            let ticks = cast(&days_or_ticks(column)?, &DataType::Int64).map_err(|error| error.to_string())?;
            let ticks: &Int64Array = ticks.as_primitive::<Int64Type>();
            let floored = std::cell::Cell::new(0);
            let micros: PrimitiveArray<TimestampMicrosecondType> = ticks.unary(|tick| {
                let scaled = i128::from(tick) * i128::from(numerator);
                let denominator = i128::from(denominator);
                floored.set(floored.get() + u64::from(scaled.rem_euclid(denominator) != 0));
                scaled
                    .div_euclid(denominator)
                    .clamp(i128::from(i64::MIN), i128::from(i64::MAX)) as i64
            });
            Ok(Times {
                micros: utc(micros),
                floored: floored.get(),
            })
        }
        TimeKind::Text => parse(column, |text| text.parse::<Timestamp>().ok(), "RFC 3339"),
        TimeKind::Format(format) => parse(column, |text| with_format(text, format), format),
    }
}

fn utc(micros: TimestampMicrosecondArray) -> TimestampMicrosecondArray {
    micros.with_timezone("UTC")
}

/// Text of whole numbers becomes numbers; everything else is cast as it is.
fn days_or_ticks(column: &ArrayRef) -> Result<ArrayRef, String> {
    match column.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => {
            let options = arrow::compute::CastOptions {
                safe: false,
                ..Default::default()
            };
            arrow::compute::cast_with_options(column, &DataType::Int64, &options).map_err(|error| error.to_string())
        }
        DataType::Date32 => cast(column, &DataType::Int32).map_err(|error| error.to_string()),
        _ => Ok(Arc::clone(column)),
    }
}

fn parse(column: &ArrayRef, parse: impl Fn(&str) -> Option<Timestamp>, form: &str) -> Result<Times, String> {
    let text = cast(column, &DataType::Utf8).map_err(|error| error.to_string())?;
    let text: &StringArray = text.as_string();
    let micros = text
        .iter()
        .map(|value| match value {
            None => Ok(None),
            Some(value) => match parse(value.trim()) {
                Some(timestamp) => Ok(Some(timestamp.micros())),
                None => Err(format!(
                    "`{}` is not a time in the form {form}",
                    value.chars().take(64).collect::<String>()
                )),
            },
        })
        .collect::<Result<TimestampMicrosecondArray, String>>()?;
    Ok(Times {
        micros: utc(micros),
        floored: 0,
    })
}

fn with_format(text: &str, format: &str) -> Option<Timestamp> {
    let micros = if let Ok(time) = chrono::DateTime::parse_from_str(text, format) {
        time.timestamp_micros()
    } else if let Ok(time) = chrono::NaiveDateTime::parse_from_str(text, format) {
        time.and_utc().timestamp_micros()
    } else {
        chrono::NaiveDate::parse_from_str(text, format)
            .ok()?
            .and_hms_opt(0, 0, 0)?
            .and_utc()
            .timestamp_micros()
    };
    Some(Timestamp::from_micros(micros))
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Date32Array, TimestampNanosecondArray};

    #[test]
    fn nanoseconds_are_floored_and_counted_also_before_1970() {
        let column: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![
            Some(1_999),
            Some(-1),
            Some(2_000),
            None,
        ]));
        let times = read(&column, &TimeKind::Ticks(TimestampUnit::Ns)).expect("ticks");
        assert_eq!(
            times.micros.iter().collect::<Vec<_>>(),
            [Some(1), Some(-1), Some(2), None]
        );
        assert_eq!(times.floored, 2);
    }

    #[test]
    fn days_seconds_and_text() {
        let days: ArrayRef = Arc::new(Date32Array::from(vec![1, -1]));
        let times = read(&days, &TimeKind::Days).expect("days");
        assert_eq!(times.micros.values(), &[86_400_000_000, -86_400_000_000]);
        let seconds: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, 7]));
        let times = read(&seconds, &TimeKind::Ticks(TimestampUnit::S)).expect("seconds");
        assert_eq!(times.micros.values(), &[i64::MAX, 7_000_000]);
        let text: ArrayRef = Arc::new(StringArray::from(vec!["1970-01-02", "1970-01-01T00:00:00+01:00"]));
        let times = read(&text, &TimeKind::Text).expect("text");
        assert_eq!(times.micros.values(), &[86_400_000_000, -3_600_000_000]);
        let text: ArrayRef = Arc::new(StringArray::from(vec!["31/12/1999"]));
        assert!(read(&text, &TimeKind::Text).is_err());
        assert!(read(&text, &TimeKind::Format("%d/%m/%Y".into())).is_ok());
    }
}
