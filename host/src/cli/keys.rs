//! Keys on the command line: `--key customer_id=7`, once for each join key.

use serde_json::Value;

use super::error::CliError;
use crate::definition::{ContextField, FeatureView, JoinKey, list};
use crate::key::KeyValue;
use crate::online::Value as OnlineValue;

/// The key of these texts, in the order of the view's join keys.
pub(crate) fn key(view: &FeatureView, texts: &[String]) -> Result<Vec<KeyValue>, CliError> {
    key_values(&view.join_keys, &format!("feature view `{}`", view.name), texts)
}

/// Names and values.
fn pairs<'a>(option: &str, texts: &'a [String]) -> Result<Vec<(&'a str, &'a str)>, CliError> {
    let pair = |text: &'a String| {
        text.split_once('=').ok_or_else(|| {
            let example = match option {
                "key" => "write `--key customer_id=7`",
                _ => "write `--context amount=12.5`",
            };
            CliError::invalid(format!("`{text}` is not a {option}"), Some(example.to_owned()))
        })
    };
    texts.iter().map(pair).collect()
}

/// These texts as the context of a request has them in JSON, for these fields of `what`. What is missing, a request misses.
pub(crate) fn context_values(
    fields: &[ContextField],
    what: &str,
    texts: &[String],
) -> Result<Vec<(String, Value)>, CliError> {
    let mut values: Vec<(String, Value)> = Vec::new();
    for (name, text) in pairs("context", texts)? {
        let Some(field) = fields.iter().find(|field| field.name == name) else {
            let names = match fields {
                [] => "it takes none".to_owned(),
                fields => format!("it takes {}", list(fields.iter().map(|field| field.name.as_str()))),
            };
            let message = format!("{what} takes no `{name}` as context; {names}");
            return Err(CliError::invalid(message, None));
        };
        let value = match field.kind.key_kind() {
            Some(kind) => {
                let key = JoinKey {
                    name: name.to_owned(),
                    kind,
                };
                KeyValue::parse(&key, text).ok().map(|value| value.to_json())
            }
            // NaN and infinities are texts in JSON.
            None => text.parse().ok().map(|value| OnlineValue::Float64(value).to_json()),
        };
        let value = value.ok_or_else(|| {
            let message = format!("context `{name}` is {}, which `{text}` is not", field.kind.name());
            CliError::invalid(message, None)
        })?;
        if values.iter().any(|(other, _)| other == name) {
            return Err(CliError::invalid(format!("context `{name}` is there twice"), None));
        }
        values.push((name.to_owned(), value));
    }
    Ok(values)
}

/// The values of these texts for the join keys of `what`, in their order.
pub(crate) fn key_values(keys: &[JoinKey], what: &str, texts: &[String]) -> Result<Vec<KeyValue>, CliError> {
    let names = || {
        keys.iter()
            .map(|key| format!("`{}`", key.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let given = pairs("key", texts)?;
    if let Some((name, _)) = given.iter().find(|(name, _)| !keys.iter().any(|key| key.name == *name)) {
        let message = format!("{what} has no join key `{name}`; it has {}", names());
        return Err(CliError::invalid(message, None));
    }
    keys.iter()
        .map(|key| {
            let values: Vec<&str> = given
                .iter()
                .filter(|(name, _)| *name == key.name)
                .map(|(_, value)| *value)
                .collect();
            match values[..] {
                [value] => KeyValue::parse(key, value).map_err(|error| CliError::invalid(error.message, None)),
                [] => Err(CliError::invalid(
                    format!("the join key `{}` is missing", key.name),
                    None,
                )),
                _ => Err(CliError::invalid(
                    format!("the join key `{}` is there twice", key.name),
                    None,
                )),
            }
        })
        .collect()
}
