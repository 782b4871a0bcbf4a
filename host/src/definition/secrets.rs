//! Secrets, by where they are.

use serde::{Deserialize, Serialize};

use super::keys::optional;
use super::reader::Value;

/// Keys that requests are signed with, each by where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretKeys {
    /// Whose they are.
    pub access_key_id: Secret,
    /// The key.
    pub secret_access_key: Secret,
    /// Of keys that hold for a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_token: Option<Secret>,
}

/// Where a secret is. The secret itself is in no definition, and so in no plan, registry or log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Secret {
    /// In an environment variable of the process that needs it.
    Env(String),
    /// In a file; relative to the project's folder.
    File(String),
}

pub(super) fn credentials(value: Value<'_>) -> Option<SecretKeys> {
    let table = value.table("`credentials`")?;
    let required = |key| table.require(key).and_then(|value| secret(&value));
    let (access_key_id, secret_access_key) = (required("access_key_id"), required("secret_access_key"));
    let session_token = optional(&table, "session_token", |value| secret(&value));
    table.finish();
    Some(SecretKeys {
        access_key_id: access_key_id?,
        secret_access_key: secret_access_key?,
        session_token: session_token?,
    })
}

fn secret(value: &Value<'_>) -> Option<Secret> {
    let hint = || Some("write { env = \"NAME\" } or { file = \"PATH\" }".to_owned());
    if value.is_text() {
        // It may be the secret.
        value.hidden(
            &format!(
                "`{}`: a secret is not written into a definition, but where it is",
                value.name()
            ),
            hint(),
        );
        return None;
    }
    let table = value.table(format!("`{}`", value.name()))?;
    let (env, file) = (table.get("env"), table.get("file"));
    let secret = match (env, file) {
        (Some(env), None) => {
            let in_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let name = env.text()?;
            if name.is_empty() || name.len() > 255 || !name.chars().all(in_name) {
                // It may be the secret.
                env.hidden("`env` should be the name of an environment variable", None);
                return None;
            }
            Some(Secret::Env(name.to_owned()))
        }
        (None, Some(file)) => file
            .checked(|c| !c.is_control(), 4096, "the path of a file")
            .map(Secret::File),
        _ => {
            value.problem(format!("`{}` is in one place", value.name()), hint());
            None
        }
    };
    table.finish();
    secret
}
