//! Keys on the command line: `--key customer_id=7`, once for each join key.

use super::error::CliError;
use crate::definition::{FeatureView, JoinKey};
use crate::key::KeyValue;

/// The key of these texts, in the order of the view's join keys.
pub(crate) fn key(view: &FeatureView, texts: &[String]) -> Result<Vec<KeyValue>, CliError> {
    key_values(&view.join_keys, &format!("feature view `{}`", view.name), texts)
}

/// The values of these texts for the join keys of `what`, in their order.
pub(crate) fn key_values(keys: &[JoinKey], what: &str, texts: &[String]) -> Result<Vec<KeyValue>, CliError> {
    let names = || {
        keys.iter()
            .map(|key| format!("`{}`", key.name))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let mut given = Vec::new();
    for text in texts {
        let Some((name, value)) = text.split_once('=') else {
            return Err(CliError::invalid(
                format!("`{text}` is not a key"),
                Some("write `--key customer_id=7`".to_owned()),
            ));
        };
        if !keys.iter().any(|key| key.name == name) {
            let message = format!("{what} has no join key `{name}`; it has {}", names());
            return Err(CliError::invalid(message, None));
        }
        given.push((name, value));
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
