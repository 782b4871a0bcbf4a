use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use sandglass_runtime::hex;
use serde_json::json;

use crate::time::Timestamp;

/// A feature's value. Whole numbers are int64 here, uint64 is a decimal without digits after
/// the point, floats are float64; the feature's type is kept with the view.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Int64(i64),
    /// A number.
    Float64(f64),
    /// Text.
    Utf8(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970, UTC.
    Timestamp(i64),
    /// Unscaled digits and the scale.
    Decimal(i128, i8),
    /// In order.
    List(Vec<Value>),
    /// In the order of the fields.
    Struct(Vec<(String, Value)>),
    /// In the order of the entries.
    Map(Vec<(Value, Value)>),
}

impl Value {
    /// The value of a row, or the type that has none.
    pub fn of(array: &dyn Array, row: usize) -> Result<Self, String> {
        if array.is_null(row) {
            return Ok(Self::Null);
        }
        let list = |array: &dyn Array| {
            (0..array.len())
                .map(|row| Self::of(array, row))
                .collect::<Result<Vec<_>, _>>()
        };
        Ok(match array.data_type() {
            DataType::Boolean => Self::Boolean(array.as_boolean().value(row)),
            DataType::Int8 => Self::Int64(i64::from(array.as_primitive::<Int8Type>().value(row))),
            DataType::Int16 => Self::Int64(i64::from(array.as_primitive::<Int16Type>().value(row))),
            DataType::Int32 => Self::Int64(i64::from(array.as_primitive::<Int32Type>().value(row))),
            DataType::Int64 => Self::Int64(array.as_primitive::<Int64Type>().value(row)),
            DataType::UInt8 => Self::Int64(i64::from(array.as_primitive::<UInt8Type>().value(row))),
            DataType::UInt16 => Self::Int64(i64::from(array.as_primitive::<UInt16Type>().value(row))),
            DataType::UInt32 => Self::Int64(i64::from(array.as_primitive::<UInt32Type>().value(row))),
            DataType::UInt64 => Self::Decimal(i128::from(array.as_primitive::<UInt64Type>().value(row)), 0),
            DataType::Float32 => Self::Float64(f64::from(array.as_primitive::<Float32Type>().value(row))),
            DataType::Float64 => Self::Float64(array.as_primitive::<Float64Type>().value(row)),
            DataType::Utf8 => Self::Utf8(array.as_string::<i32>().value(row).to_owned()),
            DataType::Binary => Self::Binary(array.as_binary::<i32>().value(row).to_vec()),
            DataType::FixedSizeBinary(_) => Self::Binary(array.as_fixed_size_binary().value(row).to_vec()),
            DataType::Date32 => Self::Date(array.as_primitive::<Date32Type>().value(row)),
            DataType::Timestamp(..) => match array.as_primitive_opt::<TimestampMicrosecondType>() {
                Some(array) => Self::Timestamp(array.value(row)),
                None => return Err(format!("{} cannot be served", array.data_type())),
            },
            DataType::Decimal128(_, scale) => Self::Decimal(array.as_primitive::<Decimal128Type>().value(row), *scale),
            DataType::List(_) => Self::List(list(&array.as_list::<i32>().value(row))?),
            DataType::FixedSizeList(..) => Self::List(list(&array.as_fixed_size_list().value(row))?),
            DataType::Struct(fields) => {
                let columns = fields.iter().zip(array.as_struct().columns());
                Self::Struct(
                    columns
                        .map(|(field, column)| Ok((field.name().clone(), Self::of(column, row)?)))
                        .collect::<Result<_, String>>()?,
                )
            }
            DataType::Map(..) => {
                let entries = array.as_map().value(row);
                let (keys, values) = (list(entries.column(0))?, list(entries.column(1))?);
                Self::Map(keys.into_iter().zip(values).collect())
            }
            other => return Err(format!("{other} cannot be served")),
        })
    }

    /// As the HTTP API writes it: int64 as strings, as JSON's numbers cannot hold them all; NaN and infinities as strings;
    /// times as RFC 3339; bytes in hexadecimal; decimals as strings; maps as objects.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => json!(null),
            Self::Boolean(value) => json!(value),
            Self::Int64(value) => json!(value.to_string()),
            Self::Float64(value) if value.is_finite() => json!(value),
            Self::Float64(value) if value.is_nan() => json!("NaN"),
            Self::Float64(value) => json!(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
            Self::Utf8(value) => json!(value),
            Self::Binary(value) => json!(hex(value)),
            Self::Date(value) => json!(crate::key::date(*value).map(|date| date.to_string())),
            Self::Timestamp(value) => json!(Timestamp::from_micros(*value).to_string()),
            Self::Decimal(digits, scale) => json!(decimal(*digits, *scale)),
            Self::List(values) => json!(values.iter().map(Self::to_json).collect::<Vec<_>>()),
            Self::Struct(fields) => {
                json!(
                    fields
                        .iter()
                        .map(|(name, value)| (name.clone(), value.to_json()))
                        .collect::<serde_json::Map<_, _>>()
                )
            }
            Self::Map(entries) => {
                let entry = |(key, value): &(Self, Self)| (key.plain(), value.to_json());
                json!(entries.iter().map(entry).collect::<serde_json::Map<_, _>>())
            }
        }
    }

    /// The same but for structs, which are lists of their values in the order of the fields; into bytes, without making a tree.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Boolean(true) => out.extend_from_slice(b"true"),
            Self::Boolean(false) => out.extend_from_slice(b"false"),
            Self::Int64(value) => {
                out.push(b'"');
                write(value, out);
                out.push(b'"');
            }
            Self::Float64(value) if value.is_finite() => write(value, out),
            Self::Float64(value) if value.is_nan() => out.extend_from_slice(b"\"NaN\""),
            Self::Float64(value) if *value > 0.0 => out.extend_from_slice(b"\"Infinity\""),
            Self::Float64(_) => out.extend_from_slice(b"\"-Infinity\""),
            Self::Utf8(value) => Self::write_text(value, out),
            Self::List(values) => write_list(values, out, Self::write_json),
            Self::Struct(fields) => write_list(fields, out, |(_, value), out| value.write_json(out)),
            Self::Map(entries) => {
                out.push(b'{');
                separated(entries, out, |(key, value), out| {
                    Self::write_text(&key.plain(), out);
                    out.push(b':');
                    value.write_json(out);
                });
                out.push(b'}');
            }
            Self::Binary(_) | Self::Date(_) | Self::Timestamp(_) | Self::Decimal(..) => write(&self.to_json(), out),
        }
    }

    /// A text in JSON.
    pub fn write_text(text: &str, out: &mut Vec<u8>) {
        write(text, out);
    }

    /// As a person reads it.
    pub fn plain(&self) -> String {
        match self.to_json() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        }
    }
}

fn write<T: serde::Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) {
    let length = out.len();
    // Neither these values nor a vector can fail; if one did, the answer would still be JSON.
    if serde_json::to_writer(&mut *out, value).is_err() {
        out.truncate(length);
        out.extend_from_slice(b"null");
    }
}

/// A list in JSON.
pub(crate) fn write_list<T>(items: impl IntoIterator<Item = T>, out: &mut Vec<u8>, each: impl FnMut(T, &mut Vec<u8>)) {
    out.push(b'[');
    separated(items, out, each);
    out.push(b']');
}

/// The same without the brackets.
pub(crate) fn separated<T>(
    items: impl IntoIterator<Item = T>,
    out: &mut Vec<u8>,
    mut each: impl FnMut(T, &mut Vec<u8>),
) {
    for (at, item) in items.into_iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        each(item, out);
    }
}

fn decimal(digits: i128, scale: i8) -> String {
    let text = digits.unsigned_abs().to_string();
    let sign = if digits < 0 { "-" } else { "" };
    match usize::try_from(scale) {
        Ok(0) => format!("{sign}{text}"),
        Ok(scale) => {
            let padded = format!("{text:0>width$}", width = scale + 1);
            let (whole, fraction) = padded.split_at(padded.len() - scale);
            format!("{sign}{whole}.{fraction}")
        }
        Err(_) => format!("{sign}{text}{}", "0".repeat(usize::from(scale.unsigned_abs()))),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, FixedSizeBinaryArray, FixedSizeListArray,
        Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, Int64Builder, ListArray, MapBuilder,
        StringArray, StringBuilder, StructArray, TimestampMicrosecondArray, TimestampSecondArray, UInt8Array,
        UInt16Array, UInt32Array, UInt64Array,
    };
    use arrow::datatypes::Field;

    use super::*;

    #[test]
    fn decimals() {
        for (digits, scale, text) in [
            (12345, 2, "123.45"),
            (-5, 2, "-0.05"),
            (7, 0, "7"),
            (7, -2, "700"),
            (0, 3, "0.000"),
        ] {
            assert_eq!(decimal(digits, scale), text);
        }
    }

    fn only(array: impl Array) -> Value {
        Value::of(&array, 0).expect("a type that is served")
    }

    #[test]
    fn numbers_of_any_width() {
        let number = Value::Int64(7);
        assert_eq!(only(Int8Array::from(vec![7])), number);
        assert_eq!(only(Int16Array::from(vec![7])), number);
        assert_eq!(only(Int32Array::from(vec![7])), number);
        assert_eq!(only(Int64Array::from(vec![7])), number);
        assert_eq!(only(UInt8Array::from(vec![7])), number);
        assert_eq!(only(UInt16Array::from(vec![7])), number);
        assert_eq!(only(UInt32Array::from(vec![7])), number);
        assert_eq!(only(UInt64Array::from(vec![u64::MAX])).plain(), "18446744073709551615");
        assert_eq!(only(Float32Array::from(vec![0.5])), Value::Float64(0.5));
        assert_eq!(only(Float64Array::from(vec![0.1])), Value::Float64(0.1));
        let decimal = Decimal128Array::from(vec![-105]).with_precision_and_scale(9, 2);
        assert_eq!(only(decimal.expect("a decimal")).plain(), "-1.05");
    }

    #[test]
    fn flags_texts_bytes_and_times() {
        assert_eq!(only(BooleanArray::from(vec![true])), Value::Boolean(true));
        assert_eq!(only(StringArray::from(vec!["a"])), Value::Utf8("a".into()));
        let bytes = Value::Binary(vec![0, 1]);
        assert_eq!(only(BinaryArray::from(vec![&[0_u8, 1][..]])), bytes);
        let fixed = FixedSizeBinaryArray::try_from_iter([[0_u8, 1]].into_iter());
        assert_eq!(only(fixed.expect("bytes of one width")), bytes);
        assert_eq!(only(Date32Array::from(vec![-1])).plain(), "1969-12-31");
        let time = TimestampMicrosecondArray::from(vec![1]).with_timezone("UTC");
        assert_eq!(only(time), Value::Timestamp(1));
        assert_eq!(only(Int64Array::from(vec![None])), Value::Null);
        let seconds = TimestampSecondArray::from(vec![1]);
        assert_eq!(Value::of(&seconds, 0), Err("Timestamp(s) cannot be served".to_owned()));
    }

    #[test]
    fn lists_structs_and_maps_in_the_middle_of_their_buffers() {
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1)]), Some(vec![Some(2), None])]);
        let list = Value::List(vec![Value::Int64(2), Value::Null]);
        assert_eq!(only(lists.slice(1, 1)), list);
        let fixed = FixedSizeListArray::from_iter_primitive::<Int64Type, _, _>(
            [Some(vec![Some(1), Some(1)]), Some(vec![Some(2), None])],
            2,
        );
        assert_eq!(only(fixed.slice(1, 1)), list);
        let field = Arc::new(Field::new("a", DataType::Int64, true));
        let structs = StructArray::from(vec![(field, Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)]);
        let structure = Value::Struct(vec![("a".into(), Value::Int64(2))]);
        assert_eq!(only(structs.slice(1, 1)), structure);
        let mut maps = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
        for (key, value) in [("x", 1), ("y", 2)] {
            maps.keys().append_value(key);
            maps.values().append_value(value);
            maps.append(true).expect("as many keys as values");
        }
        let map = Value::Map(vec![(Value::Utf8("y".into()), Value::Int64(2))]);
        assert_eq!(only(maps.finish().slice(1, 1)), map);
        assert_eq!(map.to_json().to_string(), r#"{"y":"2"}"#);
    }

    #[test]
    fn json_that_any_client_reads() {
        let map = Value::Map(vec![(Value::Int64(1), Value::Null)]);
        assert_eq!(map.to_json().to_string(), r#"{"1":null}"#);
        assert_eq!(Value::Int64(i64::MAX).to_json().to_string(), "\"9223372036854775807\"");
        assert_eq!(Value::Float64(f64::NEG_INFINITY).to_json().to_string(), "\"-Infinity\"");
        assert_eq!(Value::Timestamp(-1).plain(), "1969-12-31T23:59:59.999999Z");
    }
}
