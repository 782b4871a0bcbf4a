//! Tables, made when they are first needed.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{
    self, AttributeDefinition, KeySchemaElement, KeyType, ProvisionedThroughput, ScalarAttributeType, SseSpecification,
    SseType, TableDescription, TableStatus, Tag, TimeToLiveSpecification, TimeToLiveStatus, WarmThroughput,
};

use super::client::{Cause, Dynamo, Failure, Patience};
use super::options::DynamoOptions;
use crate::definition::{BillingMode, CONTROL_TABLE, SHARED_TABLE};
use crate::workspace::Name;

/// How long a table may take to be made or dropped, and to look again at first and at most.
const MADE: Duration = Duration::from_secs(600);
/// How long it is waited for a table to take more from the start.
const WARMED: Duration = Duration::from_secs(1800);
const LOOK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(5));

/// The key of a table: its attributes and their types.
pub(super) type Keys = &'static [(&'static str, ScalarAttributeType, KeyType)];

/// What is live, generations, who builds.
pub(super) fn control(options: &DynamoOptions) -> String {
    format!("{}{CONTROL_TABLE}", options.table_prefix)
}

/// Small generations of all views.
pub(super) fn shared(options: &DynamoOptions) -> String {
    format!("{}{SHARED_TABLE}", options.table_prefix)
}

/// A generation's own.
pub(super) fn own(options: &DynamoOptions, name: &Name, generation: u64) -> String {
    format!(
        "{}{}{}.v{}.g{generation}",
        options.table_prefix,
        name.workspace().tables(),
        name.view(),
        name.version()
    )
}

pub(super) const CONTROL_KEYS: Keys = &[
    ("p", ScalarAttributeType::S, KeyType::Hash),
    ("s", ScalarAttributeType::S, KeyType::Range),
];
pub(super) const SHARED_KEYS: Keys = &[
    ("p", ScalarAttributeType::B, KeyType::Hash),
    ("s", ScalarAttributeType::B, KeyType::Range),
];
pub(super) const OWN_KEYS: Keys = &[("k", ScalarAttributeType::B, KeyType::Hash)];

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure {
        cause: Cause::Rejected,
        message: format!("CreateTable: {error}"),
    }
}

/// How a table is made, whether empty or by an import.
pub(super) struct Creation {
    pub(super) attributes: Vec<AttributeDefinition>,
    pub(super) schema: Vec<KeySchemaElement>,
    pub(super) mode: types::BillingMode,
    pub(super) throughput: Option<ProvisionedThroughput>,
    pub(super) encryption: Option<SseSpecification>,
}

impl Creation {
    pub(super) fn new(options: &DynamoOptions, keys: Keys) -> Result<Self, Failure> {
        let attributes = keys.iter().map(|(name, kind, _)| {
            let attribute = AttributeDefinition::builder().attribute_name(*name);
            attribute.attribute_type(kind.clone()).build()
        });
        let schema = keys.iter().map(|(name, _, kind)| {
            let element = KeySchemaElement::builder().attribute_name(*name);
            element.key_type(kind.clone()).build()
        });
        let throughput = match options.billing_mode {
            BillingMode::OnDemand => None,
            BillingMode::Provisioned {
                read_units,
                write_units,
            } => Some(
                ProvisionedThroughput::builder()
                    .read_capacity_units(read_units.into())
                    .write_capacity_units(write_units.into())
                    .build()
                    .map_err(broken)?,
            ),
        };
        Ok(Self {
            attributes: attributes.collect::<Result<_, _>>().map_err(broken)?,
            schema: schema.collect::<Result<_, _>>().map_err(broken)?,
            mode: match throughput {
                None => types::BillingMode::PayPerRequest,
                Some(_) => types::BillingMode::Provisioned,
            },
            throughput,
            encryption: options.kms_key_id.as_ref().map(|key| {
                SseSpecification::builder()
                    .enabled(true)
                    .sse_type(SseType::Kms)
                    .kms_master_key_id(key)
                    .build()
            }),
        })
    }
}

fn tags(options: &DynamoOptions) -> Result<Vec<Tag>, Failure> {
    let tags = options.tags.iter();
    let tags = tags.map(|(key, value)| Tag::builder().key(key).value(value).build());
    tags.collect::<Result<_, _>>().map_err(broken)
}

fn warm_throughput(reads: Option<i64>, writes: Option<i64>) -> WarmThroughput {
    WarmThroughput::builder()
        .set_read_units_per_second(reads)
        .set_write_units_per_second(writes)
        .build()
}

fn is_ready(status: Option<&TableStatus>) -> bool {
    matches!(status, Some(TableStatus::Active | TableStatus::Updating))
}

impl Dynamo {
    /// Makes a table unless it is there, and waits until it can be used.
    pub(super) async fn ensure(&self, table: &str, keys: Keys) -> Result<(), Failure> {
        let status = self.status(table).await?;
        if status.is_none() {
            self.create(table, keys).await?;
        }
        if !is_ready(status.as_ref()) {
            self.until(table, is_ready).await?;
        }
        self.let_expire(table).await
    }

    /// Gives a table that an import has made what an import does not give: tags, times to live, and throughput from the start.
    pub(super) async fn ready(&self, table: &str) -> Result<(), Failure> {
        self.until(table, is_ready).await?;
        let tags = tags(self.options())?;
        if !tags.is_empty() {
            let arn = self.describe(table).await?.and_then(|table| table.table_arn);
            let arn = arn.ok_or_else(|| broken("the service has not told the table's name"))?;
            let tagged = self.call("TagResource", Patience::Write, |client| {
                client
                    .tag_resource()
                    .resource_arn(&arn)
                    .set_tags(Some(tags.clone()))
                    .send()
            });
            tagged.await.map_err(Failure::from)?;
        }
        self.let_expire(table).await
    }

    /// Lets a table that was imported take as much from the start as the definition says: readers come to it all at once. How much that is can
    /// only be raised, and takes the service many minutes, in which the table serves as any new one.
    pub(super) async fn warm(&self, table: &str) -> Result<(), Failure> {
        let (reads, writes) = self.options().warm;
        if reads.is_none() && writes.is_none() {
            return Ok(());
        }
        let has = self.describe(table).await?.and_then(|table| table.warm_throughput);
        let more = |wanted: Option<u32>, has: Option<i64>| {
            wanted
                .map(i64::from)
                .filter(|wanted| has.is_none_or(|has| has < *wanted))
        };
        let reads = more(reads, has.as_ref().and_then(|has| has.read_units_per_second));
        let writes = more(writes, has.as_ref().and_then(|has| has.write_units_per_second));
        if reads.is_none() && writes.is_none() {
            return Ok(());
        }
        let warm = warm_throughput(reads, writes);
        let updated = self.call("UpdateTable", Patience::Write, |client| {
            client
                .update_table()
                .table_name(table)
                .warm_throughput(warm.clone())
                .send()
        });
        updated.await.map_err(Failure::from)?;
        let began = Instant::now();
        let (mut wait, longest) = LOOK;
        loop {
            let has = self.describe(table).await?.and_then(|table| table.warm_throughput);
            let is_under_way = has.and_then(|has| has.status) == Some(TableStatus::Updating);
            if !is_under_way || began.elapsed() > WARMED {
                return Ok(());
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(longest);
        }
    }

    async fn create(&self, table: &str, keys: Keys) -> Result<(), Failure> {
        let made = Creation::new(self.options(), keys)?;
        let tags = tags(self.options())?;
        let warm = match self.options().warm {
            // Only tables of one generation.
            (reads, writes) if keys == OWN_KEYS && (reads.is_some() || writes.is_some()) => {
                Some(warm_throughput(reads.map(i64::from), writes.map(i64::from)))
            }
            _ => None,
        };
        let created = self.call("CreateTable", Patience::Write, |client| {
            client
                .create_table()
                .table_name(table)
                .set_attribute_definitions(Some(made.attributes.clone()))
                .set_key_schema(Some(made.schema.clone()))
                .billing_mode(made.mode.clone())
                .set_provisioned_throughput(made.throughput.clone())
                .set_sse_specification(made.encryption.clone())
                .set_warm_throughput(warm.clone())
                .set_tags((!tags.is_empty()).then(|| tags.clone()))
                .send()
        });
        match created.await.map_err(Failure::from) {
            // Somebody else is making it.
            Err(failure) if failure.cause == Cause::InUse => Ok(()),
            created => created.map(drop),
        }
    }

    /// Lets the service delete what has expired, unless it does. Where it may not be asked to, or not now, expired items stay until a pass
    /// deletes them; readers look at the time themselves.
    async fn let_expire(&self, table: &str) -> Result<(), Failure> {
        let described = self.call("DescribeTimeToLive", Patience::Write, |client| {
            client.describe_time_to_live().table_name(table).send()
        });
        if let Ok(described) = described.await.map_err(Failure::from) {
            let status = described
                .time_to_live_description
                .and_then(|found| found.time_to_live_status);
            if let Some(TimeToLiveStatus::Enabled | TimeToLiveStatus::Enabling) = status {
                return Ok(());
            }
        }
        let specification = TimeToLiveSpecification::builder().enabled(true).attribute_name("x");
        let specification = specification.build().map_err(broken)?;
        let enabled = self.call("UpdateTimeToLive", Patience::Write, |client| {
            client
                .update_time_to_live()
                .table_name(table)
                .time_to_live_specification(specification.clone())
                .send()
        });
        match enabled.await.map_err(Failure::from) {
            Err(failure) if failure.cause == Cause::Unavailable => Err(failure),
            _ => Ok(()),
        }
    }

    /// Drops a table, and waits until it is gone.
    pub(super) async fn drop_table(&self, table: &str) -> Result<(), Failure> {
        let began = Instant::now();
        loop {
            let dropped = self.call("DeleteTable", Patience::Write, |client| {
                client.delete_table().table_name(table).send()
            });
            match dropped.await.map_err(Failure::from) {
                Ok(_) => break,
                Err(failure) if failure.cause == Cause::NotFound => return Ok(()),
                // It is still being made.
                Err(failure) if failure.cause == Cause::InUse && began.elapsed() < MADE => {
                    tokio::time::sleep(LOOK.1 / 10).await;
                }
                Err(failure) => return Err(failure),
            }
        }
        self.until(table, |status| status.is_none()).await
    }

    /// What state a table is in; none if it is not there.
    pub(super) async fn status(&self, table: &str) -> Result<Option<TableStatus>, Failure> {
        Ok(self.describe(table).await?.and_then(|table| table.table_status))
    }

    async fn describe(&self, table: &str) -> Result<Option<TableDescription>, Failure> {
        let described = self.call("DescribeTable", Patience::Write, |client| {
            client.describe_table().table_name(table).send()
        });
        match described.await.map_err(Failure::from) {
            Ok(described) => Ok(described.table),
            Err(failure) if failure.cause == Cause::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    async fn until(&self, table: &str, is_done: impl Fn(Option<&TableStatus>) -> bool) -> Result<(), Failure> {
        let began = Instant::now();
        let (mut wait, longest) = LOOK;
        loop {
            let status = self.status(table).await?;
            if is_done(status.as_ref()) {
                return Ok(());
            }
            if began.elapsed() > MADE {
                return Err(Failure {
                    cause: Cause::Unavailable,
                    message: format!("table {table} has been {status:?} for {} s", MADE.as_secs()),
                });
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(longest);
        }
    }
}
