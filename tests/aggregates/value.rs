//! Values and types of the oracle and of what it is compared with.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int32Array, Int64Array,
    Int64Builder, ListBuilder, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, TimeUnit};
use sandglass::online;

use super::json::Json;

/// A value. Two are equal if they have the same bits, but for NaN, of which there is one.
#[derive(Clone)]
pub enum Value {
    Null,
    Boolean(bool),
    Int(i64),
    Float(f64),
    /// Digits; the scale is the column's.
    Decimal(i128),
    Text(String),
    Date(i32),
    Time(i64),
    List(Vec<Value>),
    Map(Vec<(Value, Value)>),
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan(),
            (Self::List(a), Self::List(b)) => a == b,
            (Self::Map(a), Self::Map(b)) => a == b,
            (Self::Float(_) | Self::List(_) | Self::Map(_), _) | (_, Self::Float(_) | Self::List(_) | Self::Map(_)) => {
                false
            }
            (a, b) => std::mem::discriminant(a) == std::mem::discriminant(b) && a.order(b).is_eq(),
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => write!(f, "{value:?}"),
            Self::Decimal(value) => write!(f, "{value}d"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Date(value) => write!(f, "day {value}"),
            Self::Time(value) => write!(f, "{value} us"),
            Self::List(values) => f.debug_list().entries(values).finish(),
            Self::Map(entries) => f.debug_map().entries(entries.iter().map(|(k, v)| (k, v))).finish(),
        }
    }
}

impl Value {
    /// The order of rows that are equal in time: nulls first, floats as IEEE orders all of them, texts by their bytes, lists
    /// item by item.
    pub fn order(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Null, Self::Null) => Ordering::Equal,
            (Self::Null, _) => Ordering::Less,
            (_, Self::Null) => Ordering::Greater,
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Int(a), Self::Int(b)) => a.cmp(b),
            (Self::Float(a), Self::Float(b)) => a.total_cmp(b),
            (Self::Decimal(a), Self::Decimal(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.as_bytes().cmp(b.as_bytes()),
            (Self::Date(a), Self::Date(b)) => a.cmp(b),
            (Self::Time(a), Self::Time(b)) => a.cmp(b),
            (Self::List(a), Self::List(b)) => {
                let different = a.iter().zip(b).map(|(a, b)| a.order(b)).find(|order| order.is_ne());
                different.unwrap_or_else(|| a.len().cmp(&b.len()))
            }
            _ => panic!("{self:?} and {other:?} are of two types"),
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    pub fn is_nan(&self) -> bool {
        matches!(self, Self::Float(value) if value.is_nan())
    }

    /// Whether the HTTP API's JSON says this value, to the bit.
    pub fn is_said_by(&self, json: &Json) -> bool {
        match (self, json) {
            (Self::Null, Json::Null) => true,
            (Self::Boolean(value), Json::Boolean(said)) => value == said,
            (Self::Int(value), Json::Text(said)) => *said == value.to_string(),
            (Self::Float(value), Json::Number(said)) => {
                value.is_finite() && said.parse::<f64>().is_ok_and(|said| said.to_bits() == value.to_bits())
            }
            (Self::Float(value), Json::Text(said)) => match said.as_str() {
                "NaN" => value.is_nan(),
                "Infinity" => *value == f64::INFINITY,
                "-Infinity" => *value == f64::NEG_INFINITY,
                _ => false,
            },
            (Self::Text(value), Json::Text(said)) => value == said,
            (Self::Decimal(digits), Json::Text(said)) => {
                // The only decimals here have two digits behind the point.
                let (whole, fraction) = (digits.unsigned_abs() / 100, digits.unsigned_abs() % 100);
                let sign = if *digits < 0 { "-" } else { "" };
                *said == format!("{sign}{whole}.{fraction:02}")
            }
            (Self::Date(days), Json::Text(said)) => {
                sandglass::key::date(*days).is_some_and(|date| date.to_string() == *said)
            }
            (Self::Time(at), Json::Text(said)) => *said == super::world::time(*at),
            (Self::List(values), Json::List(said)) => {
                values.len() == said.len() && values.iter().zip(said).all(|(value, said)| value.is_said_by(said))
            }
            (Self::Map(entries), Json::Object(said)) => {
                // Objects have no order of their own.
                entries.len() == said.len()
                    && entries.iter().all(|(key, value)| {
                        let Self::Text(key) = key else { return false };
                        said.iter().any(|(name, said)| name == key && value.is_said_by(said))
                    })
            }
            _ => false,
        }
    }
}

impl From<online::Value> for Value {
    fn from(value: online::Value) -> Self {
        match value {
            online::Value::Null => Self::Null,
            online::Value::Boolean(value) => Self::Boolean(value),
            online::Value::Int64(value) => Self::Int(value),
            online::Value::Float64(value) => Self::Float(value),
            online::Value::Utf8(value) => Self::Text(value),
            online::Value::Binary(value) => panic!("bytes: {value:?}"),
            online::Value::Date(value) => Self::Date(value),
            online::Value::Timestamp(value) => Self::Time(value),
            online::Value::Decimal(digits, scale) => {
                assert_eq!(scale, 2);
                Self::Decimal(digits)
            }
            online::Value::List(values) => Self::List(values.into_iter().map(Self::from).collect()),
            online::Value::Struct(fields) => panic!("a struct: {fields:?}"),
            online::Value::Map(entries) => Self::Map(
                entries
                    .into_iter()
                    .map(|(key, value)| (key.into(), value.into()))
                    .collect(),
            ),
        }
    }
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Int64,
    Int32,
    Float64,
    Float32,
    /// 12 digits, two of them behind the point.
    Decimal,
    Text,
    Boolean,
    Date,
    Time,
    /// Lists of int64.
    Ints,
}

impl Kind {
    pub fn data_type(self) -> DataType {
        match self {
            Self::Int64 => DataType::Int64,
            Self::Int32 => DataType::Int32,
            Self::Float64 => DataType::Float64,
            Self::Float32 => DataType::Float32,
            Self::Decimal => DataType::Decimal128(12, 2),
            Self::Text => DataType::Utf8,
            Self::Boolean => DataType::Boolean,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            Self::Ints => DataType::List(Arc::new(Field::new_list_field(DataType::Int64, true))),
        }
    }

    /// A column of these values.
    pub fn array<'a>(self, values: impl Iterator<Item = &'a Value>) -> ArrayRef {
        macro_rules! column {
            ($array:ty, $variant:ident, $convert:expr) => {
                Arc::new(
                    values
                        .map(|value| match value {
                            Value::Null => None,
                            Value::$variant(value) => Some($convert(value)),
                            other => panic!("{other:?} in a column of {self:?}"),
                        })
                        .collect::<$array>(),
                )
            };
        }
        match self {
            Self::Int64 => column!(Int64Array, Int, |value: &i64| *value),
            Self::Int32 => column!(Int32Array, Int, |value: &i64| i32::try_from(*value).unwrap()),
            Self::Float64 => column!(Float64Array, Float, |value: &f64| *value),
            Self::Float32 => column!(Float32Array, Float, |value: &f64| *value as f32),
            Self::Decimal => {
                let digits: Arc<Decimal128Array> = column!(Decimal128Array, Decimal, |value: &i128| *value);
                let digits = Decimal128Array::clone(&digits);
                Arc::new(digits.with_precision_and_scale(12, 2).unwrap())
            }
            Self::Text => column!(StringArray, Text, |value: &'a String| value.as_str()),
            Self::Boolean => column!(BooleanArray, Boolean, |value: &bool| *value),
            Self::Date => column!(Date32Array, Date, |value: &i32| *value),
            Self::Time => {
                let times: Arc<TimestampMicrosecondArray> =
                    column!(TimestampMicrosecondArray, Time, |value: &i64| *value);
                Arc::new(TimestampMicrosecondArray::clone(&times).with_timezone("UTC"))
            }
            Self::Ints => {
                let mut builder = ListBuilder::new(Int64Builder::new());
                for value in values {
                    match value {
                        Value::Null => builder.append(false),
                        Value::List(items) => {
                            for item in items {
                                match item {
                                    Value::Null => builder.values().append_null(),
                                    Value::Int(item) => builder.values().append_value(*item),
                                    other => panic!("{other:?} in a list of int64"),
                                }
                            }
                            builder.append(true);
                        }
                        other => panic!("{other:?} in a column of lists"),
                    }
                }
                Arc::new(builder.finish())
            }
        }
    }
}
