//! Requests as clients send them: camelCase as in the documentation and the Python client, snake_case as in the Java client. Fields
//! that are not known are passed over, as there are newer clients.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Fields of an object with join keys or context.
const FIELDS_MAX: usize = 256;

/// Rows of one batch request.
pub const BATCH_ROWS_MAX: usize = 1000;

/// A field's name, which is that of the body, and its value.
type Field<'a> = (Cow<'a, str>, Value);

/// The fields of an object in their order, each once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields<'a> {
    /// Most rows of a batch have one key: a field alone needs no memory of its own.
    first: Option<Field<'a>>,
    more: Vec<Field<'a>>,
}

#[derive(PartialEq, Deserialize)]
struct FieldName<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Fields<'a> {
    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = &Field<'a>> {
        self.first.iter().chain(&self.more)
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// One more behind the others.
    fn push(&mut self, field: Field<'a>) {
        match self.first {
            None => self.first = Some(field),
            Some(_) => self.more.push(field),
        }
    }
}

impl<'a> FromIterator<Field<'a>> for Fields<'a> {
    /// Fields of names that differ.
    fn from_iter<I: IntoIterator<Item = Field<'a>>>(fields: I) -> Self {
        let mut all = Self::default();
        fields.into_iter().for_each(|field| all.push(field));
        all
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_unit<E: de::Error>(self) -> Result<Fields<'de>, E> {
                Ok(Fields::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields::default();
                while let Some((FieldName(name), value)) = map.next_entry::<FieldName<'de>, Value>()? {
                    if fields.more.len() + 1 == FIELDS_MAX {
                        return Err(de::Error::custom(format!("an object has at most {FIELDS_MAX} fields")));
                    }
                    if fields.get(&name).is_some() {
                        return Err(de::Error::custom(format!("`{name}` is there twice")));
                    }
                    fields.push((name, value));
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_any(Read)
    }
}

/// What an answer says beside the values.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetadataOptions {
    /// Names of features.
    #[serde(alias = "include_names", deserialize_with = "or_default")]
    pub include_names: bool,
    /// When each value became effective.
    #[serde(alias = "include_effective_times", deserialize_with = "or_default")]
    pub include_effective_times: bool,
    /// Types.
    #[serde(alias = "include_data_types", deserialize_with = "or_default")]
    pub include_data_types: bool,
    /// How long it took.
    #[serde(alias = "include_slo_info", deserialize_with = "or_default")]
    pub include_slo_info: bool,
    /// Whether each value was there.
    #[serde(alias = "include_serving_status", deserialize_with = "or_default")]
    pub include_serving_status: bool,
    /// The views' descriptions.
    #[serde(alias = "include_feature_descriptions", deserialize_with = "or_default")]
    pub include_feature_descriptions: bool,
    /// The views' tags.
    #[serde(alias = "include_feature_tags", deserialize_with = "or_default")]
    pub include_feature_tags: bool,
}

impl MetadataOptions {
    /// Whether features are described.
    pub fn describes_features(&self) -> bool {
        self.include_names
            || self.include_effective_times
            || self.include_data_types
            || self.include_serving_status
            || self.include_feature_descriptions
            || self.include_feature_tags
    }
}

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RequestOptions {
    /// Whether items may come out of memory. They are never older than the store's, so this only costs time.
    #[serde(alias = "read_from_cache", deserialize_with = "or_true")]
    pub read_from_cache: bool,
    /// When what is done is answered, in milliseconds.
    #[serde(alias = "latency_budget_ms", deserialize_with = "milliseconds")]
    pub latency_budget_ms: Option<u64>,
    /// Counts of nothing are 0 and not null.
    #[serde(alias = "coerce_null_counts_to_zero", deserialize_with = "or_default")]
    pub coerce_null_counts_to_zero: bool,
    /// Fields of the context that no view takes are passed over.
    #[serde(alias = "ignore_extra_request_context_fields", deserialize_with = "or_default")]
    pub ignore_extra_request_context_fields: bool,
}

impl Default for RequestOptions {
    fn default() -> Self {
        Self {
            read_from_cache: true,
            latency_budget_ms: None,
            coerce_null_counts_to_zero: false,
            ignore_extra_request_context_fields: false,
        }
    }
}

/// One vector.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct VectorRequest<'a> {
    /// The workspace; the server's if it is not said.
    #[serde(alias = "workspace_name")]
    pub workspace_name: Option<String>,
    /// The service.
    #[serde(alias = "feature_service_name")]
    pub feature_service_name: Option<String>,
    /// The join keys.
    #[serde(borrow, alias = "join_key_map")]
    pub join_key_map: Fields<'a>,
    /// What only the caller knows.
    #[serde(borrow, alias = "request_context_map")]
    pub request_context_map: Fields<'a>,
    /// Whether values that could not be had are answered as null.
    #[serde(alias = "allow_partial_results", deserialize_with = "or_default")]
    pub allow_partial_results: bool,
    /// What is said beside the values.
    #[serde(alias = "metadata_options", deserialize_with = "or_default")]
    pub metadata_options: MetadataOptions,
    /// How it is answered.
    #[serde(alias = "request_options", deserialize_with = "or_default")]
    pub request_options: RequestOptions,
}

/// Several vectors of one service.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BatchRequest<'a> {
    /// The workspace; the server's if it is not said.
    #[serde(alias = "workspace_name")]
    pub workspace_name: Option<String>,
    /// The service.
    #[serde(alias = "feature_service_name")]
    pub feature_service_name: Option<String>,
    /// One for each vector.
    #[serde(borrow, alias = "request_data", deserialize_with = "rows")]
    pub request_data: Vec<RowRequest<'a>>,
    /// Whether values that could not be had are answered as null.
    #[serde(alias = "allow_partial_results", deserialize_with = "or_default")]
    pub allow_partial_results: bool,
    /// What is said beside the values.
    #[serde(alias = "metadata_options", deserialize_with = "or_default")]
    pub metadata_options: MetadataOptions,
    /// How it is answered.
    #[serde(alias = "request_options", deserialize_with = "or_default")]
    pub request_options: RequestOptions,
}

/// One row of a batch.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RowRequest<'a> {
    /// The join keys.
    #[serde(borrow, alias = "join_key_map")]
    pub join_key_map: Fields<'a>,
    /// What only the caller knows.
    #[serde(borrow, alias = "request_context_map")]
    pub request_context_map: Fields<'a>,
}

/// What a service takes and gives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct MetadataRequest {
    /// The workspace; the server's if it is not said.
    #[serde(alias = "workspace_name")]
    pub workspace_name: Option<String>,
    /// The service.
    #[serde(alias = "feature_service_name")]
    pub feature_service_name: Option<String>,
}

#[derive(Deserialize)]
struct Body<T> {
    params: T,
}

/// What is wrong with a body.
#[derive(Debug, thiserror::Error)]
#[error("the body is not a request: {0}; send {{\"params\": {{…}}}} as in the documentation")]
pub struct RequestError(#[source] serde_json::Error);

/// A request's parameters.
pub fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, RequestError> {
    // Text that is known to be UTF-8 as a whole is not looked at again, string by string.
    let body: Result<Body<T>, _> = match std::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_slice(body),
    };
    Ok(body.map_err(RequestError)?.params)
}

fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn or_true<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(true))
}

/// A whole number, or a text with one: int64 is a text in the JSON of protocol buffers.
fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let wrong = |found: &dyn fmt::Display| {
        de::Error::custom(format!(
            "`latencyBudgetMs` is a whole number of milliseconds from 1 on, not {found}"
        ))
    };
    let found = match Option::<Value>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Value::Number(number)) => number.as_u64().ok_or_else(|| wrong(&number))?,
        Some(Value::String(text)) => text.parse().map_err(|_| wrong(&text))?,
        Some(other) => return Err(wrong(&other)),
    };
    match found {
        0 => Err(wrong(&0)),
        found => Ok(Some(found)),
    }
}

/// Rows up to the most that are taken, so that a request cannot ask for more memory than they need.
fn rows<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<RowRequest<'a>>, D::Error> {
    struct Read;
    impl<'de> Visitor<'de> for Read {
        type Value = Vec<RowRequest<'de>>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {BATCH_ROWS_MAX} rows")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Self::Value, A::Error> {
            let mut read = Vec::new();
            while let Some(row) = rows.next_element()? {
                if read.len() == BATCH_ROWS_MAX {
                    return Err(de::Error::custom(format!("a batch has at most {BATCH_ROWS_MAX} rows")));
                }
                read.push(row);
            }
            Ok(read)
        }
    }
    deserializer.deserialize_seq(Read)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(fields: &str) -> Result<Vec<(String, Value)>, String> {
        let body = format!(r#"{{"params":{{"joinKeyMap":{fields}}}}}"#);
        let read = read::<VectorRequest<'_>>(body.as_bytes()).map_err(|error| error.to_string())?;
        let fields = read.join_key_map;
        let all: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.clone().into_owned(), value.clone()))
            .collect();
        for (name, value) in &all {
            assert_eq!(fields.get(name), Some(value));
        }
        assert_eq!(fields.get("none of these"), None);
        assert_eq!(Fields::from_iter(fields.iter().cloned()), fields);
        Ok(all)
    }

    #[test]
    fn fields_come_in_their_order_and_once() {
        let field = |name: &str, value: i64| (name.to_owned(), json!(value));
        assert_eq!(keys("null"), Ok(Vec::new()));
        assert_eq!(keys("{}"), Ok(Vec::new()));
        assert_eq!(keys(r#"{"b":1}"#), Ok(vec![field("b", 1)]));
        let three = vec![field("b", 1), field("a", 2), field("é", 3)];
        assert_eq!(keys(r#"{"b":1,"a":2,"\u00e9":3}"#), Ok(three));
        for again in [r#"{"b":1,"b":2}"#, r#"{"a":1,"b":1,"b":2}"#, r#"{"b":1,"a":1,"b":2}"#] {
            assert!(
                keys(again).is_err_and(|error| error.contains("`b` is there twice")),
                "{again}"
            );
        }
        let wide = |count: usize| {
            let fields: Vec<String> = (0..count).map(|field| format!("\"f{field}\":1")).collect();
            keys(&format!("{{{}}}", fields.join(",")))
        };
        assert_eq!(wide(FIELDS_MAX).map(|fields| fields.len()), Ok(FIELDS_MAX));
        assert!(wide(FIELDS_MAX + 1).is_err_and(|error| error.contains("at most 256 fields")));
    }

    /// Text that is none is refused where it would be read, and only there.
    #[test]
    fn a_body_that_is_not_utf8() {
        let error = read::<VectorRequest<'_>>(b"{\"params\":{\"featureServiceName\":\"\xff\"}}");
        let error = error.expect_err("not UTF-8").to_string();
        assert!(error.contains("invalid unicode code point"), "{error}");
        let passed = read::<VectorRequest<'_>>(b"{\"params\":{\"other\":\"\xff\",\"featureServiceName\":\"s\"}}");
        assert_eq!(passed.expect("a request").feature_service_name.as_deref(), Some("s"));
    }
}
