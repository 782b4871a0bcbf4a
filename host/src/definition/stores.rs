//! `[stores]`: where features are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use url::Url;

use super::model::OnlineLoad;
use super::parse::{boolean, online_load, optional};
use super::reader::{Table, Value};

/// Where features are kept; paths are relative to the project's folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stores {
    /// A folder.
    pub offline: String,
    /// The online store.
    pub online: OnlineStoreKind,
    /// How items are written there, by views that do not say it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub online_load: OnlineLoad,
}

impl Default for Stores {
    fn default() -> Self {
        Self {
            offline: OFFLINE.to_owned(),
            online: OnlineStoreKind::Embedded {
                path: ONLINE.to_owned(),
                map_size_bytes: MAP_SIZE_BYTES,
            },
            online_load: OnlineLoad::default(),
        }
    }
}

/// Which online store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum OnlineStoreKind {
    /// LMDB in a folder.
    Embedded {
        /// The folder.
        path: String,
        /// The largest size of one generation, in bytes.
        map_size_bytes: u64,
    },
    /// Tables of DynamoDB.
    #[serde(rename = "dynamodb")]
    DynamoDb(Box<DynamoDb>),
}

/// Tables of DynamoDB: where they are, and how they are made and read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DynamoDb {
    /// The region; where there is none, the one of the environment or profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Another server than Amazon's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The profile of the AWS configuration files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// What requests are signed with; where there is none, what the usual chain finds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<SecretKeys>,
    /// What all table names begin with.
    #[serde(default)]
    pub table_prefix: String,
    /// Views of up to so many items lie in one table, larger ones in one of their own each.
    #[serde(default = "shared_table_items")]
    pub shared_table_items: u32,
    /// How tables are paid for.
    #[serde(default)]
    pub billing_mode: BillingMode,
    /// Whether items are read as they were last written, at twice the price.
    #[serde(default)]
    pub consistent_reads: bool,
    /// Of the tables.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// The key that tables are encrypted with; where there is none, Amazon's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key_id: Option<String>,
}

/// How tables are paid for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum BillingMode {
    /// By request.
    #[default]
    OnDemand,
    /// By the hour, for so many units a second of each table.
    Provisioned {
        /// Read units.
        read_units: u32,
        /// Write units.
        write_units: u32,
    },
}

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

const OFFLINE: &str = "store/offline";
const ONLINE: &str = "store/online";
/// The default size of a generation's map: address space, not memory or disk.
const MAP_SIZE_BYTES: u64 = 64 << 30;
/// The longest prefix with which the longest names of tables are names.
pub(super) const PREFIX_MAX: usize = 64;
/// The most that a table may be provisioned with, by DynamoDB's usual quota.
pub(super) const UNITS_MAX: u64 = 40_000;
/// What shares a table if it is not said: a table of its own takes the service long to make, and an account may have 2,500 of them.
pub const SHARED_TABLE_ITEMS: u32 = 10_000;
/// The most items of a view that share a table: dropping them is as many writes.
pub(super) const SHARED_MOST: u64 = 100_000;
const TAGS_MAX: usize = 50;

fn shared_table_items() -> u32 {
    SHARED_TABLE_ITEMS
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

pub(super) fn read(table: &Table<'_>) -> Option<Stores> {
    let offline = match table.get("offline") {
        None => Some(OFFLINE.to_owned()),
        Some(value) => value.text().and_then(|path| {
            if path.contains("://") {
                value.problem(
                    format!("`{path}`: object stores are not supported yet"),
                    Some("name a folder".to_owned()),
                );
                return None;
            }
            Some(path.to_owned())
        }),
    };
    let online = match table.get("online") {
        None => Some(Stores::default().online),
        Some(value) => value.table("`stores.online`").and_then(|table| online(&table)),
    };
    let online_load = online_load(table);
    table.finish();
    Some(Stores {
        offline: offline?,
        online: online?,
        online_load: online_load?.unwrap_or_default(),
    })
}

fn online(table: &Table<'_>) -> Option<OnlineStoreKind> {
    let kind = table
        .require("kind")
        .and_then(|value| value.one_of(&[("embedded", false), ("dynamodb", true)]));
    let store = match kind {
        Some(true) => dynamodb(table).map(|store| OnlineStoreKind::DynamoDb(Box::new(store))),
        Some(false) | None => embedded(table),
    };
    table.finish();
    kind?;
    store
}

fn embedded(table: &Table<'_>) -> Option<OnlineStoreKind> {
    let path = table.get("path").map_or(Some(ONLINE), |value| value.text());
    let map_size = optional(table, "map_size_bytes", |value| {
        let bytes = value.whole()?;
        if !(1 << 20..=1 << 46).contains(&bytes) {
            value.problem("`map_size_bytes` should be between 1 MiB and 64 TiB", None);
            return None;
        }
        Some(bytes)
    });
    Some(OnlineStoreKind::Embedded {
        path: path?.to_owned(),
        map_size_bytes: map_size?.unwrap_or(MAP_SIZE_BYTES),
    })
}

fn dynamodb(table: &Table<'_>) -> Option<DynamoDb> {
    let region = optional(table, "region", |value| {
        let is_region = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        checked(&value, is_region, 63, "a region, such as `eu-central-1`")
    });
    let endpoint = optional(table, "endpoint", endpoint);
    let profile = optional(table, "profile", |value| {
        checked(&value, |c| !c.is_control(), 255, "the name of a profile")
    });
    let credentials = optional(table, "credentials", credentials);
    let prefix = optional(table, "table_prefix", |value| {
        let in_table = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        checked(
            &value,
            in_table,
            PREFIX_MAX,
            "letters, digits, `_`, `.` and `-`, at most 64",
        )
    });
    let shared = optional(table, "shared_table_items", |value| {
        let items = value.whole()?;
        match u32::try_from(items).ok().filter(|_| items <= SHARED_MOST) {
            Some(items) => Some(items),
            None => {
                value.problem(
                    format!("`shared_table_items` should be between 0 and {SHARED_MOST}"),
                    None,
                );
                None
            }
        }
    });
    let mode = optional(table, "billing_mode", |value| {
        value.one_of(&[("on_demand", false), ("provisioned", true)])
    });
    let units = |key| optional(table, key, units);
    let (read_units, write_units) = (units("read_units"), units("write_units"));
    let consistent_reads = boolean(table, "consistent_reads", false);
    let tags = optional(table, "tags", tags);
    let kms_key_id = optional(table, "kms_key_id", |value| {
        checked(&value, |c| c.is_ascii_graphic(), 2048, "the id, ARN or alias of a key")
    });
    let billing_mode = match (mode?, read_units?, write_units?) {
        (Some(true), Some(read_units), Some(write_units)) => Some(BillingMode::Provisioned {
            read_units,
            write_units,
        }),
        (None | Some(false), None, None) => Some(BillingMode::OnDemand),
        (Some(true), ..) => {
            if let Some(value) = table.get("billing_mode") {
                value.problem("provisioned tables have `read_units` and `write_units`", None);
            }
            None
        }
        (_, read_units, _) => {
            let key = if read_units.is_some() {
                "read_units"
            } else {
                "write_units"
            };
            if let Some(value) = table.get(key) {
                let hint = Some("set `billing_mode = \"provisioned\"`, or leave the units out".to_owned());
                value.problem(format!("`{key}` is for provisioned tables only"), hint);
            }
            None
        }
    };
    Some(DynamoDb {
        region: region?,
        endpoint: endpoint?,
        profile: profile?,
        credentials: credentials?,
        table_prefix: prefix?.unwrap_or_default(),
        shared_table_items: shared?.unwrap_or(SHARED_TABLE_ITEMS),
        billing_mode: billing_mode?,
        consistent_reads: consistent_reads?,
        tags: tags?.unwrap_or_default(),
        kms_key_id: kms_key_id?,
    })
}

/// A text of such characters, with one at least.
fn checked(value: &Value<'_>, is_valid: impl Fn(char) -> bool, longest: usize, what: &str) -> Option<String> {
    let text = value.text()?;
    if text.is_empty() || text.len() > longest || !text.chars().all(is_valid) {
        value.problem(format!("`{}` should be {what}", value.name()), None);
        return None;
    }
    Some(text.to_owned())
}

fn endpoint(value: Value<'_>) -> Option<String> {
    let text = value.text()?;
    let url = Url::parse(text).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    match url {
        // What is between `//` and `@` may be a secret.
        Some(url) if url.username().is_empty() && url.password().is_none() && url.query().is_none() => {
            Some(text.to_owned())
        }
        _ => {
            let hint = Some("such as http://127.0.0.1:8000, without a user, a password or a query".to_owned());
            value.hidden("`endpoint` should be the address of a server, http or https", hint);
            None
        }
    }
}

fn units(value: Value<'_>) -> Option<u32> {
    let units = value.whole()?;
    match u32::try_from(units).ok().filter(|_| (1..=UNITS_MAX).contains(&units)) {
        Some(units) => Some(units),
        None => {
            value.problem(format!("`{}` should be between 1 and {UNITS_MAX}", value.name()), None);
            None
        }
    }
}

fn tags(value: Value<'_>) -> Option<BTreeMap<String, String>> {
    let table = value.table("`tags`")?;
    let mut tags = BTreeMap::new();
    let mut is_valid = true;
    for (key, _, value) in table.entries() {
        let Some(text) = value.text() else {
            is_valid = false;
            continue;
        };
        if key.is_empty() || key.len() > 128 || text.len() > 256 || key.to_ascii_lowercase().starts_with("aws:") {
            let message = "a tag's name has 1 to 128 bytes and does not begin with `aws:`, its value has at most 256";
            value.problem(message, None);
            is_valid = false;
        }
        tags.insert(key.to_owned(), text.to_owned());
    }
    if tags.len() > TAGS_MAX {
        value.problem(format!("a table may have {TAGS_MAX} tags"), None);
        is_valid = false;
    }
    is_valid.then_some(tags)
}

fn credentials(value: Value<'_>) -> Option<SecretKeys> {
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
        (None, Some(file)) => checked(&file, |c| !c.is_control(), 4096, "the path of a file").map(Secret::File),
        _ => {
            value.problem(format!("`{}` is in one place", value.name()), hint());
            None
        }
    };
    table.finish();
    secret
}
