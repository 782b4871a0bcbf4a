//! `[[entity]]`: what features are about, and the keys that say which one.

use toml::de::DeValue;

use super::keys::{check_column, meta};
use super::model::{Entity, JoinKey, KeyKind};
use super::parse::Reading;
use super::reader::{Table, Value};

/// Types of keys, by the words that definitions have for them.
pub(super) const KEY_KINDS: [(&str, KeyKind); 6] = [
    ("int64", KeyKind::Int64),
    ("utf8", KeyKind::Utf8),
    ("string", KeyKind::Utf8),
    ("boolean", KeyKind::Boolean),
    ("date", KeyKind::Date),
    ("timestamp", KeyKind::Timestamp),
];

/// An `[[entity]]`.
pub(super) fn read(_: &mut Reading, table: &Table<'_>, name: String, _: &str) -> Option<Entity> {
    let meta = meta(table);
    let join_keys = table.require("join_keys").and_then(|value| join_keys(&value));
    Some(Entity {
        name,
        join_keys: join_keys?,
        meta,
    })
}

fn join_keys(value: &Value<'_>) -> Option<Vec<JoinKey>> {
    let mut keys = Vec::new();
    for (name, span, value) in value.table("`join_keys`")?.entries() {
        check_column(value.findings, name, span);
        if matches!(value.raw(), DeValue::String(text) if text.starts_with("float")) {
            let hint = "round it to int64, or make it text".to_owned();
            value.problem(
                "a key cannot be a float: one number would have several keys",
                Some(hint),
            );
            continue;
        }
        if let Some(kind) = value.one_of(&KEY_KINDS) {
            keys.push(JoinKey {
                name: name.to_owned(),
                kind,
            });
        }
    }
    if keys.is_empty() {
        value.problem(
            "`join_keys` names no column",
            Some("write `join_keys = { customer_id = \"int64\" }`".to_owned()),
        );
        return None;
    }
    Some(keys)
}
