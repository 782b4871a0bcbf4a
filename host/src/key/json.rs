use serde_json::{Value, json};

use super::{KeyError, KeyValue};
use crate::definition::{JoinKey, KeyKind};

impl KeyValue {
    /// A value from JSON, as in HTTP requests: int64 as a number or a string, as JSON's numbers cannot hold them all; dates and
    /// times as strings.
    pub fn from_json(key: &JoinKey, value: &Value) -> Result<Self, KeyError> {
        let wrong = || KeyError {
            message: format!("join key `{}` is {}, which {value} is not", key.name, key.kind.name()),
        };
        match (key.kind, value) {
            (KeyKind::Int64, Value::Number(number)) => number.as_i64().map(Self::Int64).ok_or_else(wrong),
            (KeyKind::Boolean, Value::Bool(flag)) => Ok(Self::Boolean(*flag)),
            (KeyKind::Boolean, _) => Err(wrong()),
            (_, Value::String(text)) => Self::parse(key, text),
            _ => Err(wrong()),
        }
    }

    /// As HTTP answers have it; [`KeyValue::from_json`] undoes it for all values that can be written as text.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Boolean(flag) => json!(flag),
            other => json!(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: KeyKind) -> JoinKey {
        JoinKey {
            name: "k".to_owned(),
            kind,
        }
    }

    #[test]
    fn json_and_back() {
        for (kind, value) in [
            (KeyKind::Int64, KeyValue::Int64(i64::MIN)),
            (KeyKind::Utf8, KeyValue::Utf8("7".to_owned())),
            (KeyKind::Boolean, KeyValue::Boolean(false)),
            (KeyKind::Date, KeyValue::Date(-719_162)),
            (KeyKind::Timestamp, KeyValue::Timestamp(-1)),
        ] {
            assert_eq!(KeyValue::from_json(&key(kind), &value.to_json()), Ok(value));
        }
        assert_eq!(
            KeyValue::from_json(&key(KeyKind::Int64), &json!(7)),
            Ok(KeyValue::Int64(7))
        );
    }

    #[test]
    fn what_is_not_of_the_kind_is_refused() {
        for (kind, value) in [
            (KeyKind::Int64, json!(7.5)),
            (KeyKind::Int64, json!(u64::MAX)),
            (KeyKind::Int64, json!("")),
            (KeyKind::Int64, json!(null)),
            (KeyKind::Utf8, json!(7)),
            (KeyKind::Boolean, json!("true")),
            (KeyKind::Date, json!(0)),
            (KeyKind::Timestamp, json!("now")),
        ] {
            assert!(KeyValue::from_json(&key(kind), &value).is_err(), "{kind:?} {value}");
        }
        let error = KeyValue::from_json(&key(KeyKind::Int64), &json!([1])).expect_err("a list");
        assert_eq!(error.message, "join key `k` is int64, which [1] is not");
    }
}
