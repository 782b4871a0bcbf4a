//! Values as text and back, exactly: what is written for a value is read as that value, to the bit.
//!
//! Times are RFC 3339, lengths of time as in definitions (`1d12h`), bytes hexadecimal. Lists, structs and maps are JSON; a map is a
//! list of pairs, since its keys may be of any type and have an order. A float that JSON readers would round is a string.

use std::fmt;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BinaryArray, BooleanArray, FixedSizeBinaryBuilder,
    FixedSizeListArray, ListArray, MapArray, PrimitiveArray, StringArray, StructArray, new_empty_array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, DurationMicrosecondType, FieldRef, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use chrono::NaiveDate;
use sandglass_runtime::kind_name;
use serde_json::Value as Json;

use crate::online::Value;
use crate::time::{Span, Timestamp};

/// A value that is not of its column's type.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// Its place, from 0.
    pub(super) row: usize,
    pub(super) message: String,
}

/// Whether values of a type are JSON.
fn is_nested(data_type: &DataType) -> bool {
    matches!(
        data_type,
        DataType::List(_) | DataType::FixedSizeList(..) | DataType::Struct(_) | DataType::Map(..)
    )
}

/// A column's cells; none is null.
pub(super) fn write(column: &dyn Array) -> Vec<Option<String>> {
    let nested = is_nested(column.data_type());
    let cell = |row| if nested { json(column, row) } else { plain(column, row) };
    (0..column.len())
        .map(|row| column.is_valid(row).then(|| cell(row)))
        .collect()
}

/// A value that is not null and not nested.
fn plain(column: &dyn Array, row: usize) -> String {
    match column.data_type() {
        DataType::Float32 => format!("{:?}", column.as_primitive::<Float32Type>().value(row)),
        DataType::Float64 => format!("{:?}", column.as_primitive::<Float64Type>().value(row)),
        DataType::Utf8 => column.as_string::<i32>().value(row).to_owned(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            let micros = column.as_primitive::<TimestampMicrosecondType>().value(row);
            let at = Timestamp::from_micros(micros);
            exact(at.to_string(), micros, "us", timestamp)
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            let micros = column.as_primitive::<DurationMicrosecondType>().value(row);
            // The least of them has no other way to be written.
            if micros == i64::MIN {
                return format!("{micros} us");
            }
            exact(Span::from_micros(micros).to_string(), micros, "us", duration)
        }
        DataType::Date32 => {
            let days = column.as_primitive::<Date32Type>().value(row);
            let text = crate::key::date(days).map(|date| date.to_string()).unwrap_or_default();
            exact(text, days, "days", date)
        }
        // What has a value is not null and of a type that is served; what has none says so.
        _ => Value::of(column, row).map_or_else(|problem| problem, |value| value.plain()),
    }
}

/// The text, or the bare number where the text would be read as another value.
fn exact<T: PartialEq + fmt::Display>(text: String, value: T, unit: &str, read: impl Fn(&str) -> Option<T>) -> String {
    if read(&text).as_ref() == Some(&value) {
        text
    } else {
        format!("{value} {unit}")
    }
}

/// A value as JSON text.
fn json(column: &dyn Array, row: usize) -> String {
    if column.is_null(row) {
        return "null".to_owned();
    }
    let all = |column: &dyn Array| {
        let values: Vec<String> = (0..column.len()).map(|row| json(column, row)).collect();
        format!("[{}]", values.join(","))
    };
    match column.data_type() {
        DataType::List(_) => all(&column.as_list::<i32>().value(row)),
        DataType::FixedSizeList(..) => all(&column.as_fixed_size_list().value(row)),
        DataType::Struct(fields) => {
            let values = fields.iter().zip(column.as_struct().columns());
            let values: Vec<String> = values
                .map(|(field, column)| format!("{}:{}", quoted(field.name()), json(column, row)))
                .collect();
            format!("{{{}}}", values.join(","))
        }
        DataType::Map(..) => {
            let entries = column.as_map().value(row);
            let pair = |row| {
                let pair: Vec<String> = entries.columns().iter().map(|column| json(column, row)).collect();
                format!("[{}]", pair.join(","))
            };
            let pairs: Vec<String> = (0..entries.len()).map(pair).collect();
            format!("[{}]", pairs.join(","))
        }
        data_type => {
            let text = plain(column, row);
            let bare = match data_type {
                DataType::Boolean => true,
                _ if data_type.is_integer() => true,
                DataType::Float64 => {
                    let bits = column.as_primitive::<Float64Type>().value(row).to_bits();
                    read_number(&text).is_some_and(|read: f64| read.to_bits() == bits)
                }
                DataType::Float32 => {
                    let bits = column.as_primitive::<Float32Type>().value(row).to_bits();
                    read_number(&text).is_some_and(|read: f32| read.to_bits() == bits)
                }
                _ => false,
            };
            if bare { text } else { quoted(&text) }
        }
    }
}

/// What a JSON reader makes of a number.
fn read_number<T: std::str::FromStr>(text: &str) -> Option<T> {
    let number: Json = serde_json::from_str(text).ok()?;
    number.as_number()?.to_string().parse().ok()
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

/// A column of these cells.
pub(super) fn read(data_type: &DataType, cells: &[Option<&str>]) -> Result<ArrayRef, Wrong> {
    let nested = is_nested(data_type);
    let value = |(row, cell): (usize, &Option<&str>)| match cell {
        None => Ok(Json::Null),
        Some(text) if nested => serde_json::from_str(text).map_err(|error| Wrong {
            row,
            message: format!(
                "`{}` is not JSON, which a {} is: {error}",
                shown(text),
                kind_name(data_type)
            ),
        }),
        Some(text) => Ok(Json::from(*text)),
    };
    let values: Vec<Json> = cells.iter().enumerate().map(value).collect::<Result<_, _>>()?;
    let values: Vec<&Json> = values.iter().collect();
    array(data_type, &values)
}

/// A column of JSON values; scalars may be strings.
fn array(data_type: &DataType, values: &[&Json]) -> Result<ArrayRef, Wrong> {
    let number = |value: &Json| match value {
        Json::String(text) => Some(text.clone()),
        Json::Number(number) => Some(number.to_string()),
        _ => None,
    };
    macro_rules! parsed {
        ($type:ty) => {
            Arc::new(primitive::<$type>(data_type, values, |value| {
                number(value)?.parse().ok()
            })?)
        };
    }
    Ok(match data_type {
        DataType::Boolean => {
            let flag = |value: &Json| match value {
                Json::Bool(flag) => Some(*flag),
                Json::String(text) => text.parse().ok(),
                _ => None,
            };
            Arc::new(BooleanArray::from(each(data_type, values, flag)?))
        }
        DataType::Int8 => parsed!(Int8Type),
        DataType::Int16 => parsed!(Int16Type),
        DataType::Int32 => parsed!(Int32Type),
        DataType::Int64 => parsed!(Int64Type),
        DataType::UInt8 => parsed!(UInt8Type),
        DataType::UInt16 => parsed!(UInt16Type),
        DataType::UInt32 => parsed!(UInt32Type),
        DataType::UInt64 => parsed!(UInt64Type),
        DataType::Float32 => parsed!(Float32Type),
        DataType::Float64 => parsed!(Float64Type),
        DataType::Utf8 => Arc::new(StringArray::from(each(data_type, values, Json::as_str)?)),
        DataType::Binary => Arc::new(BinaryArray::from_iter(each(data_type, values, bytes)?)),
        DataType::FixedSizeBinary(width) => {
            let of_width = |value: &Json| bytes(value).filter(|bytes| i32::try_from(bytes.len()) == Ok(*width));
            let mut builder = FixedSizeBinaryBuilder::new(*width);
            for (row, bytes) in each(data_type, values, of_width)?.into_iter().enumerate() {
                match bytes {
                    Some(bytes) => builder.append_value(bytes).map_err(|error| wrong(row, error))?,
                    None => builder.append_null(),
                }
            }
            Arc::new(builder.finish())
        }
        DataType::Date32 => Arc::new(primitive::<Date32Type>(data_type, values, |value| {
            date(value.as_str()?)
        })?),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let times = primitive::<TimestampMicrosecondType>(data_type, values, |value| timestamp(value.as_str()?))?;
            Arc::new(times.with_timezone_opt(zone.clone()))
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            Arc::new(primitive::<DurationMicrosecondType>(data_type, values, |value| {
                duration(value.as_str()?)
            })?)
        }
        DataType::Decimal128(precision, scale) => {
            let digits =
                primitive::<Decimal128Type>(data_type, values, |value| decimal(&number(value)?, *precision, *scale))?;
            let digits = digits.with_precision_and_scale(*precision, *scale);
            Arc::new(digits.map_err(|error| wrong(0, error))?)
        }
        DataType::List(item) => {
            let lists = each(data_type, values, Json::as_array)?;
            let lengths = lists.iter().map(|list| list.map_or(0, Vec::len));
            let offsets = OffsetBuffer::from_lengths(lengths);
            let items = children(item, &lists, |list| list.iter().collect())?;
            let built = ListArray::try_new(Arc::clone(item), offsets, items, nulls(&lists));
            Arc::new(built.map_err(|error| wrong(0, error))?)
        }
        DataType::FixedSizeList(item, size) => {
            let of_size = |value: &'_ Json| {
                let list = value.as_array();
                list.is_some_and(|list| i32::try_from(list.len()) == Ok(*size))
            };
            if let Some(row) = values.iter().position(|value| !value.is_null() && !of_size(value)) {
                return Err(mistyped(row, values[row], data_type));
            }
            let lists = each(data_type, values, Json::as_array)?;
            let null = Json::Null;
            let width = usize::try_from(*size).unwrap_or_default();
            let mut flat: Vec<&Json> = Vec::new();
            for list in &lists {
                match list {
                    Some(list) => flat.extend(list.iter()),
                    None => flat.extend(std::iter::repeat_n(&null, width)),
                }
            }
            let row_of = |place: usize| place / width.max(1);
            let items = nested(item, &flat, row_of, |place| lists[row_of(place)].is_none())?;
            let built = FixedSizeListArray::try_new(Arc::clone(item), *size, items, nulls(&lists));
            Arc::new(built.map_err(|error| wrong(0, error))?)
        }
        DataType::Struct(fields) => {
            let objects = each(data_type, values, Json::as_object)?;
            for (row, object) in objects.iter().enumerate() {
                let known = |key: &&String| fields.iter().any(|field| field.name() == *key);
                if let Some(key) = object.and_then(|object| object.keys().find(|key| !known(key))) {
                    return Err(wrong(row, format!("{} has no field `{key}`", kind_name(data_type))));
                }
            }
            let null = Json::Null;
            let columns = fields.iter().map(|field| {
                let mut column = Vec::new();
                for (row, object) in objects.iter().enumerate() {
                    let value = match object {
                        None => Some(&null),
                        Some(object) => object.get(field.name()),
                    };
                    column.push(value.ok_or_else(|| wrong(row, format!("field `{}` is missing", field.name())))?);
                }
                nested(field, &column, |row| row, |row| objects[row].is_none())
            });
            let columns: Vec<ArrayRef> = columns.collect::<Result<_, _>>()?;
            let built = StructArray::try_new(fields.clone(), columns, nulls(&objects));
            Arc::new(built.map_err(|error| wrong(0, error))?)
        }
        DataType::Map(entries, sorted) => {
            let pairs_only = |value: &Json| {
                let pair = |value: &Json| value.as_array().is_some_and(|pair| pair.len() == 2);
                value.as_array().is_some_and(|list| list.iter().all(pair))
            };
            if let Some(row) = values.iter().position(|value| !value.is_null() && !pairs_only(value)) {
                let problem = mistyped(row, values[row], data_type).message;
                return Err(wrong(
                    row,
                    format!("{problem}: write a list of pairs, [[key, value], …]"),
                ));
            }
            let maps = each(data_type, values, Json::as_array)?;
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(wrong(0, "a map without entries"));
            };
            let side = |place: usize, field: &FieldRef| {
                children(field, &maps, |map| {
                    map.iter().filter_map(|pair| pair.as_array()?.get(place)).collect()
                })
            };
            let columns: Vec<ArrayRef> = fields
                .iter()
                .enumerate()
                .map(|(place, field)| side(place, field))
                .collect::<Result<_, _>>()?;
            let offsets = OffsetBuffer::from_lengths(maps.iter().map(|map| map.map_or(0, Vec::len)));
            let built = StructArray::try_new(fields.clone(), columns, None)
                .and_then(|structs| MapArray::try_new(Arc::clone(entries), offsets, structs, nulls(&maps), *sorted));
            Arc::new(built.map_err(|error| wrong(0, error))?)
        }
        other if values.is_empty() => new_empty_array(other),
        other => return Err(wrong(0, format!("{} cannot be read from text", kind_name(other)))),
    })
}

/// The elements of all lists, one after another.
fn children<'v>(
    field: &FieldRef,
    lists: &[Option<&'v Vec<Json>>],
    elements: impl Fn(&'v Vec<Json>) -> Vec<&'v Json>,
) -> Result<ArrayRef, Wrong> {
    let mut rows = Vec::new();
    let mut flat = Vec::new();
    for (row, list) in lists.iter().enumerate() {
        let found = list.map(&elements).unwrap_or_default();
        rows.extend(std::iter::repeat_n(row, found.len()));
        flat.extend(found);
    }
    nested(
        field,
        &flat,
        |place| rows.get(place).copied().unwrap_or_default(),
        |_| false,
    )
}

/// A child column. `row_of` tells the row of a child's place, `hidden` whether what holds it is null.
fn nested(
    field: &FieldRef,
    values: &[&Json],
    row_of: impl Fn(usize) -> usize,
    hidden: impl Fn(usize) -> bool,
) -> Result<ArrayRef, Wrong> {
    if !field.is_nullable()
        && let Some(place) = (0..values.len()).find(|&place| values[place].is_null() && !hidden(place))
    {
        return Err(wrong(
            row_of(place),
            format!("null in `{}`, which is never null", field.name()),
        ));
    }
    array(field.data_type(), values).map_err(|problem| Wrong {
        row: row_of(problem.row),
        message: problem.message,
    })
}

fn nulls<T>(values: &[Option<T>]) -> Option<NullBuffer> {
    let any = values.iter().any(Option::is_none);
    any.then(|| values.iter().map(Option::is_some).collect())
}

fn primitive<T: ArrowPrimitiveType>(
    data_type: &DataType,
    values: &[&Json],
    parse: impl Fn(&Json) -> Option<T::Native>,
) -> Result<PrimitiveArray<T>, Wrong> {
    Ok(each(data_type, values, parse)?.into_iter().collect())
}

fn each<'v, T>(
    data_type: &DataType,
    values: &[&'v Json],
    parse: impl Fn(&'v Json) -> Option<T>,
) -> Result<Vec<Option<T>>, Wrong> {
    let value = |(row, value): (usize, &&'v Json)| match value {
        Json::Null => Ok(None),
        value => parse(value).map(Some).ok_or_else(|| mistyped(row, value, data_type)),
    };
    values.iter().enumerate().map(value).collect()
}

fn wrong(row: usize, message: impl fmt::Display) -> Wrong {
    Wrong {
        row,
        message: message.to_string(),
    }
}

fn mistyped(row: usize, value: &Json, data_type: &DataType) -> Wrong {
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    wrong(row, format!("`{}` is not {}", shown(&text), kind_name(data_type)))
}

fn shown(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut shown: String = text.chars().take(CHARS_MAX).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn bytes(value: &Json) -> Option<Vec<u8>> {
    let text = value.as_str()?.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

fn timestamp(text: &str) -> Option<i64> {
    match text.strip_suffix(" us") {
        Some(micros) => micros.parse().ok(),
        None => text.parse::<Timestamp>().ok().map(Timestamp::micros),
    }
}

fn duration(text: &str) -> Option<i64> {
    match text.strip_suffix(" us") {
        Some(micros) => micros.parse().ok(),
        None => text.parse::<Span>().ok().map(Span::micros),
    }
}

fn date(text: &str) -> Option<i32> {
    if let Some(days) = text.strip_suffix(" days") {
        return days.parse().ok();
    }
    let date: NaiveDate = text.parse().ok()?;
    i32::try_from(date.signed_duration_since(NaiveDate::default()).num_days()).ok()
}

fn decimal(text: &str, precision: u8, scale: i8) -> Option<i128> {
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = rest.split_once('.').unwrap_or((rest, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let digits = match usize::try_from(scale) {
        Ok(scale) if fraction.len() <= scale => format!("{whole}{fraction:0<scale$}"),
        Ok(_) => return None,
        Err(_) => {
            let zeros = "0".repeat(usize::from(scale.unsigned_abs()));
            let all_zero = whole.bytes().all(|byte| byte == b'0');
            match whole.strip_suffix(zeros.as_str()) {
                _ if !fraction.is_empty() => return None,
                _ if all_zero => String::new(),
                Some(digits) => digits.to_owned(),
                None => return None,
            }
        }
    };
    let digits = digits.trim_start_matches('0');
    if digits.len() > usize::from(precision) {
        return None;
    }
    let value: i128 = if digits.is_empty() { 0 } else { digits.parse().ok()? };
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::{Field, Fields};

    use super::*;

    fn texts(data_type: &DataType, cells: &[Option<&str>]) -> Vec<Option<String>> {
        let column = read(data_type, cells).unwrap_or_else(|wrong| panic!("{data_type}: {wrong:?}"));
        write(&column)
    }

    fn list(item: DataType) -> DataType {
        DataType::List(Arc::new(Field::new("item", item, true)))
    }

    fn map(key: DataType, value: DataType) -> DataType {
        let fields = vec![Field::new("keys", key, false), Field::new("values", value, true)];
        let entries = Field::new("entries", DataType::Struct(Fields::from(fields)), false);
        DataType::Map(Arc::new(entries), false)
    }

    fn structure() -> DataType {
        let fields = vec![
            Field::new("n", DataType::Int64, false),
            Field::new("t", DataType::Utf8, true),
        ];
        DataType::Struct(Fields::from(fields))
    }

    fn timestamps() -> DataType {
        sandglass_runtime::host_type::timestamp()
    }

    #[test]
    fn text_and_back() {
        let fixed = DataType::FixedSizeList(Arc::new(Field::new("item", DataType::Float32, true)), 2);
        for (data_type, cells) in [
            (DataType::Boolean, vec!["true", "false"]),
            (DataType::Int8, vec!["-128"]),
            (DataType::UInt64, vec!["18446744073709551615"]),
            (DataType::Int64, vec!["-9223372036854775808"]),
            (
                DataType::Float64,
                vec!["0.1", "-0.0", "NaN", "inf", "-inf", "1e300", "1709.1800000000005"],
            ),
            (DataType::Float32, vec!["0.1", "3.4028235e38"]),
            (DataType::Utf8, vec!["", " a,\"b\n"]),
            (DataType::Binary, vec!["", "00ff"]),
            (DataType::FixedSizeBinary(2), vec!["00ff"]),
            (DataType::Date32, vec!["1969-12-31", "2147483647 days"]),
            (
                timestamps(),
                vec!["1969-12-31T23:59:59.999999Z", "9223372036854775807 us"],
            ),
            (
                DataType::Duration(TimeUnit::Microsecond),
                vec!["1d12h", "-5us", "0s", "-9223372036854775808 us"],
            ),
            (DataType::Decimal128(38, 3), vec!["-0.005", "12345.678"]),
            (DataType::Decimal128(5, -2), vec!["1200", "000"]),
            (list(DataType::Float64), vec!["[]", "[0.1,null,\"NaN\"]"]),
            (list(DataType::Decimal128(9, 2)), vec!["[\"1.50\"]"]),
            (fixed, vec!["[0.5,null]"]),
            (
                structure(),
                vec!["{\"n\":-1,\"t\":null}", "{\"n\":9007199254740993,\"t\":\"\"}"],
            ),
            (
                map(DataType::Int64, list(DataType::Utf8)),
                vec!["[]", "[[2,[\"b\"]],[1,null]]"],
            ),
            (
                map(DataType::Utf8, structure()),
                vec!["[[\"a\",{\"n\":1,\"t\":\"x\"}]]"],
            ),
        ] {
            let mut cells: Vec<Option<&str>> = cells.into_iter().map(Some).collect();
            cells.insert(cells.len() / 2, None);
            let same: Vec<Option<String>> = cells.iter().map(|cell| cell.map(str::to_owned)).collect();
            assert_eq!(texts(&data_type, &cells), same, "{data_type}");
        }
    }

    #[test]
    fn other_ways_to_write_a_value() {
        for (data_type, given, canonical) in [
            (DataType::Float64, "1.50", "1.5"),
            (DataType::Float64, "2", "2.0"),
            (timestamps(), "2024-01-31", "2024-01-31T00:00:00Z"),
            (timestamps(), "2024-01-31T01:00:00+01:00", "2024-01-31T00:00:00Z"),
            (DataType::Decimal128(9, 2), "7", "7.00"),
            (DataType::Decimal128(9, 2), "7.1000", "7.10"),
            (DataType::Binary, "0A", "0a"),
            (list(DataType::Int64), " [ 1 , \"2\" ] ", "[1,2]"),
        ] {
            assert_eq!(
                texts(&data_type, &[Some(given)]),
                [Some(canonical.to_owned())],
                "{data_type}"
            );
        }
    }

    #[test]
    fn what_is_not_of_the_type_is_refused_with_its_row() {
        let never_null = DataType::List(Arc::new(Field::new("item", DataType::Int64, false)));
        for (data_type, cell, message) in [
            (DataType::Int64, "1.5", "`1.5` is not int64"),
            (DataType::Int8, "128", "`128` is not int8"),
            (DataType::Boolean, "yes", "`yes` is not boolean"),
            (DataType::Float64, "", "`` is not float64"),
            (DataType::FixedSizeBinary(2), "00", "`00` is not fixed-size-binary(2)"),
            (DataType::Binary, "0", "`0` is not binary"),
            (DataType::Binary, "é", "`é` is not binary"),
            (DataType::Decimal128(3, 2), "10.00", "`10.00` is not decimal128(3, 2)"),
            (DataType::Decimal128(3, 2), "1.001", "`1.001` is not decimal128(3, 2)"),
            (DataType::Decimal128(3, 0), "+1", "`+1` is not decimal128(3, 0)"),
            (timestamps(), "yesterday", "`yesterday` is not timestamp"),
            (list(DataType::Int64), "[1.5]", "`1.5` is not int64"),
            (never_null, "[1,null]", "null in `item`, which is never null"),
            (structure(), "{\"t\":null}", "field `n` is missing"),
            (
                structure(),
                "{\"n\":1,\"t\":null,\"x\":1}",
                "struct {n: int64, t: utf8} has no field `x`",
            ),
            (
                structure(),
                "{\"n\":null,\"t\":null}",
                "null in `n`, which is never null",
            ),
            (
                map(DataType::Utf8, DataType::Int64),
                "[[null,1]]",
                "null in `keys`, which is never null",
            ),
        ] {
            let wrong = read(&data_type, &[None, Some(cell)]).expect_err(cell);
            assert_eq!(
                wrong,
                Wrong {
                    row: 1,
                    message: message.to_owned()
                },
                "{data_type} {cell}"
            );
        }
        let wrong = read(&list(DataType::Int64), &[Some("[1")]).expect_err("no JSON");
        assert!(
            wrong.message.starts_with("`[1` is not JSON, which a list of int64 is"),
            "{}",
            wrong.message
        );
        let pairs = read(&map(DataType::Utf8, DataType::Int64), &[Some("{\"a\":1}")]).expect_err("no pairs");
        assert!(
            pairs.message.ends_with("write a list of pairs, [[key, value], …]"),
            "{}",
            pairs.message
        );
    }
}
