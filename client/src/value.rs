use serde::Deserialize;
use serde_json::Value as Json;

/// A feature's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Int64(i64),
    /// A number; NaN and infinities, too.
    Float64(f64),
    /// A text: decimals, dates, times and bytes are texts as well.
    String(String),
    /// In order.
    Array(Vec<Value>),
    /// In the order of the answer.
    Map(Vec<(Value, Value)>),
    /// In the order of the fields.
    Struct(Vec<(String, Value)>),
}

/// A feature's type.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum DataType {
    /// True or false.
    Boolean,
    /// A whole number.
    Int64,
    /// A number.
    #[serde(alias = "float32")]
    Float64,
    /// Text.
    String,
    /// A list.
    Array {
        /// Of what.
        element_type: Box<DataType>,
    },
    /// Values by keys.
    Map {
        /// Of keys.
        key_type: Box<DataType>,
        /// Of values.
        value_type: Box<DataType>,
    },
    /// Named values.
    Struct {
        /// In order.
        fields: Vec<Field>,
    },
}

/// A field of a struct.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: DataType,
}

impl Value {
    /// A value of a type from JSON, none if it is not of it.
    pub(crate) fn of(json: &Json, data_type: &DataType) -> Option<Self> {
        Some(match (data_type, json) {
            (_, Json::Null) => Self::Null,
            (DataType::Boolean, Json::Bool(value)) => Self::Boolean(*value),
            // A string, as JSON's numbers cannot hold all of them.
            (DataType::Int64, Json::String(text)) => Self::Int64(text.parse().ok()?),
            (DataType::Int64, Json::Number(number)) => Self::Int64(number.as_i64()?),
            (DataType::Float64, Json::Number(number)) => Self::Float64(number.as_f64()?),
            (DataType::Float64, Json::String(text)) => Self::Float64(match text.as_str() {
                "NaN" => f64::NAN,
                "Infinity" => f64::INFINITY,
                "-Infinity" => f64::NEG_INFINITY,
                _ => return None,
            }),
            (DataType::String, Json::String(text)) => Self::String(text.clone()),
            (DataType::Array { element_type }, Json::Array(items)) => Self::Array(
                items
                    .iter()
                    .map(|item| Self::of(item, element_type))
                    .collect::<Option<_>>()?,
            ),
            (DataType::Map { key_type, value_type }, Json::Object(entries)) => Self::Map(
                entries
                    .iter()
                    .map(|(key, value)| Some((Self::key(key, key_type)?, Self::of(value, value_type)?)))
                    .collect::<Option<_>>()?,
            ),
            (DataType::Struct { fields }, Json::Array(values)) if fields.len() == values.len() => Self::Struct(
                fields
                    .iter()
                    .zip(values)
                    .map(|(field, value)| Some((field.name.clone(), Self::of(value, &field.data_type)?)))
                    .collect::<Option<_>>()?,
            ),
            _ => return None,
        })
    }

    /// Keys of objects are texts, whatever they are of.
    fn key(text: &str, data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Boolean => Self::Boolean(text.parse().ok()?),
            DataType::Int64 => Self::Int64(text.parse().ok()?),
            DataType::Float64 => Self::Float64(text.parse().ok()?),
            _ => Self::String(text.to_owned()),
        })
    }

    /// The whole number, if it is one.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int64(value) => Some(*value),
            _ => None,
        }
    }

    /// The number, if it is one; a whole number that float64 holds, too.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Float64(value) => Some(*value),
            Self::Int64(value) => Some(*value as f64).filter(|float| *float as i64 == *value),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(value) => Some(value),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data_type(json: Json) -> DataType {
        serde_json::from_value(json).expect("a type")
    }

    #[test]
    fn values_by_their_types() {
        let array = json!({ "type": "array", "elementType": { "type": "float64" } });
        let structure = json!({ "type": "struct", "fields": [
            { "name": "s", "dataType": { "type": "string" } }, { "name": "n", "dataType": { "type": "int64" } },
        ] });
        let map = json!({ "type": "map", "keyType": { "type": "int64" }, "valueType": { "type": "boolean" } });
        let text = |text: &str| Value::String(text.to_owned());
        for (kind, found, expected) in [
            (
                json!({ "type": "int64" }),
                json!("-9223372036854775808"),
                Value::Int64(i64::MIN),
            ),
            (json!({ "type": "boolean" }), json!(null), Value::Null),
            (
                array.clone(),
                json!([0.5, "Infinity", null]),
                Value::Array(vec![Value::Float64(0.5), Value::Float64(f64::INFINITY), Value::Null]),
            ),
            (
                structure.clone(),
                json!(["a", "7"]),
                Value::Struct(vec![("s".to_owned(), text("a")), ("n".to_owned(), Value::Int64(7))]),
            ),
            (
                map,
                json!({ "7": true }),
                Value::Map(vec![(Value::Int64(7), Value::Boolean(true))]),
            ),
        ] {
            assert_eq!(Value::of(&found, &data_type(kind)), Some(expected), "{found}");
        }
        let wrong = [
            (json!({ "type": "int64" }), json!("seven")),
            (json!({ "type": "float64" }), json!("seven")),
            (json!({ "type": "string" }), json!(7)),
            (structure, json!(["a"])),
            (array, json!({})),
        ];
        for (kind, found) in wrong {
            assert_eq!(Value::of(&found, &data_type(kind)), None, "{found}");
        }
    }

    #[test]
    fn numbers_that_floats_cannot_hold() {
        assert_eq!(Value::Int64(1 << 53).as_f64(), Some(9_007_199_254_740_992.0));
        assert_eq!(Value::Int64((1 << 53) + 1).as_f64(), None);
    }
}
