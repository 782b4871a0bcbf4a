//! What a change costs: the table of the README, as one pure function over the parts of a view's definition.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A view's definition, part by part, as the registry keeps it: what is compared, and what a plan names.
pub type Parts = BTreeMap<String, Value>;

/// What a change asks for. Each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Nothing is computed.
    Metadata,
    /// Online items are made again of offline rows.
    Online,
    /// Tiles are made again of offline rows where they change.
    Tiles,
    /// Jobs are cut anew, tiles and online items made again; rows stay.
    Plan,
    /// A new version beside the live one.
    Version,
}

impl Effect {
    /// As plans name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::Online => "online",
            Self::Tiles => "tiles",
            Self::Plan => "plan",
            Self::Version => "new version",
        }
    }
}

/// One part that differs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// Which.
    pub part: String,
    /// What it was; null if there was none.
    pub before: Value,
    /// What it is; null if there is none.
    pub after: Value,
    /// What that asks for.
    pub effect: Effect,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.part.as_str() {
            // Digests tell a reader nothing.
            CODE => f.write_str(CODE),
            part if is_one_of_many(part) && self.before.is_null() => write!(f, "{part} added"),
            part if is_one_of_many(part) && self.after.is_null() => write!(f, "{part} dropped"),
            part => write!(f, "{part}: {} to {}", shown(&self.before), shown(&self.after)),
        }
    }
}

/// A value of a part as people read it.
const SHOWN_CHARS_MAX: usize = 80;

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        other => other.to_string(),
    };
    match text.char_indices().nth(SHOWN_CHARS_MAX) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The part that stands for the transformation's code.
pub const CODE: &str = "code";
/// The part that says how far the transformation's input may be split.
pub const SCOPE: &str = "scope";
/// Before the name of a feature that is aggregated: the part that says what it is made of.
pub const AGGREGATION: &str = "aggregation ";
/// Before the name of a feature table's column: the part that says of which type it is.
pub const TABLE_COLUMN: &str = "column ";
/// The part that says how long a tile is.
pub const AGGREGATION_INTERVAL: &str = "aggregation_interval";
/// The part that says whether the view is served.
pub const ONLINE: &str = "online";

/// Whether there may be any number of parts like this one, so that one may be added or dropped.
fn is_one_of_many(part: &str) -> bool {
    part.starts_with(AGGREGATION) || part.starts_with(TABLE_COLUMN)
}

/// The table: what a change of this part asks for, in a view whose transformation takes rows one by one or not.
///
/// Parts of a source are named `source <name>: <part>`.
fn effect(part: &str, per_row: bool) -> Effect {
    if part.starts_with(AGGREGATION) {
        return Effect::Tiles;
    }
    if part.starts_with(TABLE_COLUMN) {
        return Effect::Online;
    }
    let (of_source, part) = match part.split_once(": ") {
        Some((_, part)) => (true, part),
        None => (false, part),
    };
    match part {
        "description"
        | "owner"
        | "tags"
        | "trigger"
        | "manual_backfill_end_time"
        | "compaction_enabled"
        | "compaction_schedule"
        | "online_load"
        | "max_rejected"
        | "limits"
        | "entities" => Effect::Metadata,
        "ttl" | ONLINE => Effect::Online,
        "aggregation_secondary_key" | "lifetime_start_time" => Effect::Tiles,
        "order_by" | AGGREGATION_INTERVAL => Effect::Plan,
        "data_delay" if of_source => Effect::Plan,
        // How backfills are cut decides nothing about rows that are made one by one.
        "batch_schedule" | "incremental_backfills" | "max_backfill_interval" if per_row => Effect::Plan,
        _ => Effect::Version,
    }
}

/// Whether values depend on a part: all that is not metadata, and not whether they are served.
pub fn decides_values(part: &str) -> bool {
    part != ONLINE && effect(part, true) > Effect::Metadata
}

/// Whether a view's rows are made one by one, so that jobs may be cut anywhere.
fn per_row(parts: &Parts) -> bool {
    matches!(parts.get(SCOPE).and_then(Value::as_str), None | Some("aligned" | "row"))
}

/// What differs, in the order of the parts' names.
pub fn differences(before: &Parts, after: &Parts) -> Vec<Difference> {
    let per_row = per_row(before) && per_row(after);
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let value = |parts: &Parts, name: &str| parts.get(name).cloned().unwrap_or(Value::Null);
    names
        .into_iter()
        .filter_map(|name| {
            let (before, after) = (value(before, name), value(after, name));
            let is_another_type = name.starts_with(TABLE_COLUMN) && !before.is_null() && !after.is_null();
            let effect = match is_another_type {
                true => Effect::Version,
                false => effect(name, per_row),
            };
            (before != after).then(|| Difference {
                part: name.clone(),
                before,
                after,
                effect,
            })
        })
        .collect()
}

/// What all of them ask for together; none if there are none.
pub fn total(differences: &[Difference]) -> Option<Effect> {
    differences.iter().map(|difference| difference.effect).max()
}

/// Whether a version that was made of these parts can stand for those: nothing differs that would make another one.
pub fn same_rows(before: &Parts, after: &Parts) -> bool {
    total(&differences(before, after)) < Some(Effect::Version)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parts(changes: &[(&str, Value)]) -> Parts {
        let mut parts: Parts = [
            ("scope", json!("row")),
            ("ttl", json!(null)),
            ("source clicks: data_delay", json!(0)),
            ("source clicks: path", json!("clicks.parquet")),
            ("source clicks: description", json!(null)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        parts.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        parts
    }

    /// The table, row by row.
    #[test]
    fn every_row_of_the_table() {
        use Effect::{Metadata, Online, Plan, Tiles, Version};
        for (part, row, keyed) in [
            ("description", Metadata, Metadata),
            ("owner", Metadata, Metadata),
            ("tags", Metadata, Metadata),
            ("trigger", Metadata, Metadata),
            ("manual_backfill_end_time", Metadata, Metadata),
            ("compaction_enabled", Metadata, Metadata),
            ("compaction_schedule", Metadata, Metadata),
            ("online_load", Metadata, Metadata),
            ("max_rejected", Metadata, Metadata),
            ("limits", Metadata, Metadata),
            ("entities", Metadata, Metadata),
            ("source clicks: description", Metadata, Metadata),
            ("ttl", Online, Online),
            ("online", Online, Online),
            ("aggregation amount_sum_7d_1d", Tiles, Tiles),
            ("aggregation a: b_sum_7d_1d", Tiles, Tiles),
            ("aggregation_secondary_key", Tiles, Tiles),
            ("lifetime_start_time", Tiles, Tiles),
            ("aggregation_interval", Plan, Plan),
            ("order_by", Plan, Plan),
            ("source clicks: data_delay", Plan, Plan),
            ("batch_schedule", Plan, Version),
            ("incremental_backfills", Plan, Version),
            ("max_backfill_interval", Plan, Version),
            ("code", Version, Version),
            ("parameters", Version, Version),
            ("schema", Version, Version),
            ("sources", Version, Version),
            ("join_keys", Version, Version),
            ("timestamp_column", Version, Version),
            ("feature_start_time", Version, Version),
            ("transformation", Version, Version),
            ("source clicks: path", Version, Version),
            ("source clicks: format", Version, Version),
            ("source clicks: timestamp_column", Version, Version),
        ] {
            for (scope, effect) in [("row", row), ("aligned", row), ("keyed", keyed), ("interval", keyed)] {
                let before = parts(&[(SCOPE, json!(scope))]);
                let after = parts(&[(SCOPE, json!(scope)), (part, json!("another"))]);
                let found = differences(&before, &after);
                assert_eq!(total(&found), Some(effect), "{part} of a view of the {scope} scope");
                assert_eq!(same_rows(&before, &after), effect < Version);
                // The way back costs the same.
                assert_eq!(total(&differences(&after, &before)), Some(effect));
            }
        }
    }

    #[test]
    fn the_dearest_decides_and_each_is_named() {
        let found = differences(
            &parts(&[]),
            &parts(&[("ttl", json!("1d")), ("tags", json!({ "team": "growth" }))]),
        );
        let told: Vec<String> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [r#"tags: nothing to {"team":"growth"}"#, r#"ttl: nothing to "1d""#]
        );
        assert_eq!(total(&found), Some(Effect::Online));
        let sum = |name: &str, window: &str| parts(&[(&format!("aggregation {name}"), json!({ "window": window }))]);
        let told = |before: &Parts, after: &Parts| {
            let found = differences(before, after);
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        assert_eq!(
            told(&sum("a", "1d"), &sum("b", "1d")),
            "aggregation a dropped; aggregation b added"
        );
        let changed = r#"aggregation a: {"window":"1d"} to {"window":"2d"}"#;
        assert_eq!(told(&sum("a", "1d"), &sum("a", "2d")), changed);
        let column = |kind: &str| parts(&[("column plan", json!(kind))]);
        assert_eq!(told(&parts(&[]), &column("utf8")), "column plan added");
        assert_eq!(total(&differences(&column("utf8"), &parts(&[]))), Some(Effect::Online));
        assert_eq!(
            total(&differences(&column("utf8"), &column("int64"))),
            Some(Effect::Version)
        );
        assert_eq!(total(&differences(&parts(&[]), &parts(&[]))), None);
    }

    #[test]
    fn a_scope_that_changes_is_not_per_row() {
        let before = parts(&[("batch_schedule", json!(1))]);
        let after = parts(&[("batch_schedule", json!(2)), (SCOPE, json!("keyed"))]);
        assert_eq!(total(&differences(&before, &after)), Some(Effect::Version));
    }
}
