//! `[stores.online]` with `kind = "dynamodb"`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::buckets::{endpoint, location, region};
use super::keys::{boolean, optional};
use super::reader::{Table, Value};
use super::secrets::{SecretKeys, credentials};

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
    /// Where large loads are put for the service to import; where there is none, they are written item by item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staging: Option<Staging>,
    /// Reads a second that a view's own table takes from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_read_units: Option<u32>,
    /// Writes a second that a view's own table takes from the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warm_write_units: Option<u32>,
    /// A file of prices that go before the ones that are built in; relative to the project's folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<String>,
}

/// A place in S3 where items lie while the service imports them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staging {
    /// The bucket.
    pub bucket: String,
    /// What the names of all objects begin with, without a `/` at the ends; may be empty.
    #[serde(default)]
    pub prefix: String,
    /// The bucket's region; where there is none, the tables'.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Another server than Amazon's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The account that the bucket has to be of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bucket_owner: Option<String>,
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

/// What is live, generations, who builds: the table's name behind what all of a store's begin with.
pub const CONTROL_TABLE: &str = "sandglass.control";
/// Small generations of all views.
pub const SHARED_TABLE: &str = "sandglass.items";
/// The longest prefix with which the longest names of tables are names.
pub(super) const PREFIX_MAX: usize = 64;
/// The most that a table may be provisioned with, by DynamoDB's usual quota.
pub(super) const UNITS_MAX: u64 = 40_000;
/// What shares a table if it is not said: a table of its own takes the service long to make, and an account may have 2,500 of them.
pub const SHARED_TABLE_ITEMS: u32 = 10_000;
/// The most items of a view that share a table: dropping them is as many writes.
pub(super) const SHARED_MOST: u64 = 100_000;
/// What every new table takes; the service refuses less.
pub(super) const WARM_READ_MIN: u64 = 12_000;
pub(super) const WARM_WRITE_MIN: u64 = 4_000;
/// The most throughput from the start that may be asked for here; the service has a quota of its own.
pub(super) const WARM_MAX: u64 = 10_000_000;
const TAGS_MAX: usize = 50;

fn shared_table_items() -> u32 {
    SHARED_TABLE_ITEMS
}

pub(super) fn read(table: &Table<'_>) -> Option<DynamoDb> {
    let region = optional(table, "region", region);
    let endpoint = optional(table, "endpoint", endpoint);
    let profile = optional(table, "profile", |value| {
        value.checked(|c| !c.is_control(), 255, "the name of a profile")
    });
    let credentials = optional(table, "credentials", credentials);
    let prefix = optional(table, "table_prefix", |value| {
        let in_table = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
        value.checked(in_table, PREFIX_MAX, "letters, digits, `_`, `.` and `-`, at most 64")
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
        value.checked(|c| c.is_ascii_graphic(), 2048, "the id, ARN or alias of a key")
    });
    let staging = optional(table, "staging", staging);
    let warm_read_units = warm(table, "warm_read_units", WARM_READ_MIN);
    let warm_write_units = warm(table, "warm_write_units", WARM_WRITE_MIN);
    let prices = optional(table, "prices", |value| {
        value.checked(|c| !c.is_control(), 4096, "the path of a file")
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
        staging: staging?,
        warm_read_units: warm_read_units?,
        warm_write_units: warm_write_units?,
        prices: prices?,
    })
}

/// A table's throughput from the start; less than every new one has is no setting.
fn warm(table: &Table<'_>, key: &'static str, least: u64) -> Option<Option<u32>> {
    optional(table, key, |value| {
        let units = value.whole()?;
        match u32::try_from(units)
            .ok()
            .filter(|_| (least..=WARM_MAX).contains(&units))
        {
            Some(units) => Some(units),
            None => {
                value.problem(
                    format!("`{key}` should be between {least}, which every table has, and {WARM_MAX}"),
                    None,
                );
                None
            }
        }
    })
}

fn staging(value: Value<'_>) -> Option<Staging> {
    let table = value.table("`staging`")?;
    let location = table.require("location").and_then(location);
    let region = optional(&table, "region", region);
    let endpoint = optional(&table, "endpoint", endpoint);
    let bucket_owner = optional(&table, "bucket_owner", |value| {
        let text = value.checked(|c| c.is_ascii_digit(), 12, "the 12 digits of an account");
        text.filter(|text| {
            let is_whole = text.len() == 12;
            if !is_whole {
                value.problem("`bucket_owner` should be the 12 digits of an account", None);
            }
            is_whole
        })
    });
    table.finish();
    let (bucket, prefix) = location?;
    Some(Staging {
        bucket,
        prefix,
        region: region?,
        endpoint: endpoint?,
        bucket_owner: bucket_owner?,
    })
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
