use arrow::array::{Array, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType,
};
use serde_json::json;

use crate::time::Timestamp;

/// A feature's value. Whole numbers of any width are int64 here, floats are float64; the feature's type is kept with the view.
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
            DataType::Float32 => Self::Float64(f64::from(array.as_primitive::<Float32Type>().value(row))),
            DataType::Float64 => Self::Float64(array.as_primitive::<Float64Type>().value(row)),
            DataType::Utf8 => Self::Utf8(array.as_string::<i32>().value(row).to_owned()),
            DataType::Binary => Self::Binary(array.as_binary::<i32>().value(row).to_vec()),
            DataType::Date32 => Self::Date(array.as_primitive::<Date32Type>().value(row)),
            DataType::Timestamp(..) => match array.as_primitive_opt::<TimestampMicrosecondType>() {
                Some(array) => Self::Timestamp(array.value(row)),
                None => return Err(format!("{} cannot be served", array.data_type())),
            },
            DataType::Decimal128(_, scale) => Self::Decimal(array.as_primitive::<Decimal128Type>().value(row), *scale),
            DataType::List(_) => Self::List(list(&array.as_list::<i32>().value(row))?),
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
            Self::Binary(value) => json!(value.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
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

    /// As a person reads it.
    pub fn plain(&self) -> String {
        match self.to_json() {
            serde_json::Value::String(text) => text,
            other => other.to_string(),
        }
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

    #[test]
    fn json_that_any_client_reads() {
        let map = Value::Map(vec![(Value::Int64(1), Value::Null)]);
        assert_eq!(map.to_json().to_string(), r#"{"1":null}"#);
        assert_eq!(Value::Int64(i64::MAX).to_json().to_string(), "\"9223372036854775807\"");
        assert_eq!(Value::Float64(f64::NEG_INFINITY).to_json().to_string(), "\"-Infinity\"");
        assert_eq!(Value::Timestamp(-1).plain(), "1969-12-31T23:59:59.999999Z");
    }
}
