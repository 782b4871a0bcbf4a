//! What the cells of a text file look like, over all of a column.
//!
//! A look is taken only where it loses nothing: `007`, `+1` and whole numbers that int64 does not hold leave their
//! column text. Only numbers with a fraction are rounded, to the nearest float64.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, BooleanArray, PrimitiveArray, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use chrono::{DateTime, NaiveDate, NaiveDateTime};

use crate::time::{Span, Timestamp};

/// Whole numbers above are not all float64.
const FLOAT_WHOLE_MAX: u64 = 1 << 53;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Look {
    #[default]
    Nothing,
    Boolean,
    Int,
    Float,
    Date,
    Naive,
    Zoned,
    Text,
}

/// What was seen of a column.
#[derive(Debug, Default)]
pub(super) struct Seen {
    look: Look,
    /// Whether there is a whole number that float64 does not hold.
    wide: bool,
    extent: Option<(i64, i64)>,
    nulls: u64,
}

impl Seen {
    pub(super) fn see(&mut self, cells: &StringArray) {
        self.nulls += cells.null_count() as u64;
        for cell in cells.iter().flatten() {
            if self.look == Look::Text {
                return;
            }
            let look = self.look_at(cell);
            self.look = joined(self.look, look);
        }
    }

    /// The type that holds all of the cells.
    pub(super) fn data_type(&self) -> DataType {
        match self.look {
            Look::Boolean => DataType::Boolean,
            Look::Int => DataType::Int64,
            Look::Float if !self.wide => DataType::Float64,
            Look::Date => DataType::Date32,
            Look::Naive => DataType::Timestamp(TimeUnit::Microsecond, None),
            Look::Zoned => sandglass_runtime::host_type::timestamp(),
            Look::Nothing | Look::Float | Look::Text => DataType::Utf8,
        }
    }

    /// Whether the cells are instants.
    pub(super) fn is_time(&self) -> bool {
        matches!(self.look, Look::Naive | Look::Zoned)
    }

    /// The first and the last time, where there are times only.
    pub(super) fn extent(&self) -> Option<(i64, i64)> {
        self.extent
    }

    /// Cells without anything.
    pub(super) fn nulls(&self) -> u64 {
        self.nulls
    }

    fn look_at(&mut self, cell: &str) -> Look {
        if let Ok(number) = cell.parse::<i64>() {
            let canonical = number.to_string() == cell;
            self.wide |= number.unsigned_abs() > FLOAT_WHOLE_MAX;
            return if canonical { Look::Int } else { Look::Text };
        }
        if float(cell).is_some() {
            return Look::Float;
        }
        if boolean(cell).is_some() {
            return Look::Boolean;
        }
        if let Some(instant) = instant(cell) {
            let (first, last) = self.extent.unwrap_or((instant.micros, instant.micros));
            self.extent = Some((first.min(instant.micros), last.max(instant.micros)));
            return match instant.form {
                _ if !instant.exact => Look::Text,
                Form::Date => Look::Date,
                Form::Naive => Look::Naive,
                Form::Zoned => Look::Zoned,
            };
        }
        Look::Text
    }
}

fn joined(a: Look, b: Look) -> Look {
    match (a, b) {
        (a, b) if a == b => a,
        (Look::Nothing, other) | (other, Look::Nothing) => other,
        (Look::Int, Look::Float) | (Look::Float, Look::Int) => Look::Float,
        (Look::Date, time @ (Look::Naive | Look::Zoned)) | (time @ (Look::Naive | Look::Zoned), Look::Date) => time,
        _ => Look::Text,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Date,
    Naive,
    Zoned,
}

pub(super) struct Instant {
    pub(super) micros: i64,
    pub(super) form: Form,
    /// Whether microseconds hold it.
    pub(super) exact: bool,
}

/// A time as RFC 3339, with or without an offset (without, it is UTC), with `T` or a space, or a date, which is its
/// midnight; in the years 0001 to 9999.
pub(super) fn instant(text: &str) -> Option<Instant> {
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes.get(4) != Some(&b'-') || !text.is_ascii() {
        return None;
    }
    let spaced;
    let text = if bytes.get(10) == Some(&b' ') {
        let (date, time) = text.split_at(10);
        spaced = format!("{date}T{}", time.get(1..)?);
        &spaced
    } else {
        text
    };
    let (time, form) = if bytes.len() == 10 {
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        (date.and_hms_opt(0, 0, 0)?.and_utc(), Form::Date)
    } else if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        (time.to_utc(), Form::Zoned)
    } else {
        let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").ok()?;
        (time.and_utc(), Form::Naive)
    };
    let micros = time.timestamp_micros();
    Timestamp::from_micros(micros).is_representable().then_some(Instant {
        micros,
        form,
        exact: time.timestamp_subsec_nanos() % 1_000 == 0,
    })
}

pub(super) fn date(text: &str) -> Option<i32> {
    let day = instant(text).filter(|instant| instant.form == Form::Date)?;
    i32::try_from(day.micros.div_euclid(Span::DAY.micros())).ok()
}

pub(super) fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// A number that is not whole, or too large to be one that is written out.
fn float(text: &str) -> Option<f64> {
    match text {
        "NaN" | "nan" => return Some(f64::NAN),
        "inf" | "Infinity" => return Some(f64::INFINITY),
        "-inf" | "-Infinity" => return Some(f64::NEG_INFINITY),
        _ => {}
    }
    let digits = text.strip_prefix('-').unwrap_or(text);
    let leading_zero = digits.starts_with('0') && digits.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    let shaped = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits.contains(['.', 'e', 'E'])
        && !leading_zero;
    let number = shaped.then(|| text.parse::<f64>().ok()).flatten()?;
    number.is_finite().then_some(number)
}

/// A number, whole or not.
pub(super) fn number(text: &str) -> Option<f64> {
    float(text).or_else(|| text.parse().ok())
}

/// A column of text in a type that [`Seen::data_type`] gave, or the row that is not of it.
pub(super) fn column(cells: &StringArray, data_type: &DataType) -> Result<ArrayRef, usize> {
    Ok(match data_type {
        DataType::Boolean => Arc::new(flags(cells, boolean)?),
        DataType::Int64 => Arc::new(each::<Int64Type>(cells, |text| text.parse().ok())?),
        DataType::Float64 => Arc::new(each::<Float64Type>(cells, number)?),
        DataType::Date32 => Arc::new(each::<Date32Type>(cells, date)?),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => Arc::new(times(cells)?.with_timezone_opt(zone.clone())),
        _ => Arc::new(cells.clone()),
    })
}

/// A column of times, or the row that is none.
pub(super) fn times(cells: &StringArray) -> Result<TimestampMicrosecondArray, usize> {
    each::<TimestampMicrosecondType>(cells, |text| Some(instant(text.trim())?.micros))
}

pub(super) fn each<T: ArrowPrimitiveType>(
    cells: &StringArray,
    parse: impl Fn(&str) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>, usize> {
    let value = |(row, cell): (usize, Option<&str>)| cell.map(|cell| parse(cell).ok_or(row)).transpose();
    cells.iter().enumerate().map(value).collect()
}

pub(super) fn flags(cells: &StringArray, parse: impl Fn(&str) -> Option<bool>) -> Result<BooleanArray, usize> {
    let value = |(row, cell): (usize, Option<&str>)| cell.map(|cell| parse(cell).ok_or(row)).transpose();
    cells.iter().enumerate().map(value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_that_of_all_cells_and_loses_nothing() {
        let zoned = sandglass_runtime::host_type::timestamp();
        let naive = DataType::Timestamp(TimeUnit::Microsecond, None);
        for (cells, data_type) in [
            (vec!["1", "-20"], DataType::Int64),
            (vec!["1", "007"], DataType::Utf8),
            (vec!["-0"], DataType::Utf8),
            (vec!["9223372036854775808"], DataType::Utf8),
            (vec!["1", "2.50", ".5", "1e3", "NaN"], DataType::Float64),
            (vec!["9007199254740993", "0.5"], DataType::Utf8),
            (vec!["1.2.3"], DataType::Utf8),
            (vec!["1e999"], DataType::Utf8),
            (vec!["True", "false"], DataType::Boolean),
            (vec!["true", "1"], DataType::Utf8),
            (vec!["2024-01-31"], DataType::Date32),
            (vec!["2024-01-31", "2024-01-31 10:00:00"], naive),
            (vec!["2024-01-31T00:00:00+01:00", "2024-01-31 10:00:00Z"], zoned),
            (vec!["2024-01-31T00:00:00Z", "2024-01-31T00:00:00"], DataType::Utf8),
            (vec!["2024-01-31T00:00:00.0000001Z"], DataType::Utf8),
            (vec!["", "é123456789"], DataType::Utf8),
        ] {
            let mut seen = Seen::default();
            let cells = StringArray::from(cells);
            seen.see(&cells);
            assert_eq!(seen.data_type(), data_type, "{cells:?}");
            assert!(column(&cells, &data_type).is_ok(), "{cells:?}");
        }
        assert_eq!(Seen::default().data_type(), DataType::Utf8);
    }
}
