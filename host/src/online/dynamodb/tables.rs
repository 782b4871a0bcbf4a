//! Tables, made when they are first needed.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::{
    self, AttributeDefinition, KeySchemaElement, KeyType, ProvisionedThroughput, ScalarAttributeType, SseSpecification,
    SseType, TableStatus, Tag, TimeToLiveSpecification, TimeToLiveStatus,
};

use super::client::{Cause, Dynamo, Failure, Patience};
use super::options::DynamoOptions;
use crate::definition::BillingMode;
use crate::workspace::Name;

/// How long a table may take to be made or dropped, and to look again at first and at most.
const MADE: Duration = Duration::from_secs(600);
const LOOK: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(5));

/// The key of a table: its attributes and their types.
pub(super) type Keys = &'static [(&'static str, ScalarAttributeType, KeyType)];

/// What is live, generations, who builds.
pub(super) fn control(options: &DynamoOptions) -> String {
    format!("{}sandglass.control", options.table_prefix)
}

/// Small generations of all views.
pub(super) fn shared(options: &DynamoOptions) -> String {
    format!("{}sandglass.items", options.table_prefix)
}

/// A generation's own.
pub(super) fn own(options: &DynamoOptions, name: &Name, generation: u64) -> String {
    format!(
        "{}sandglass.{}.{}.v{}.g{generation}",
        options.table_prefix,
        name.workspace(),
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

impl Dynamo {
    /// Makes a table unless it is there, and waits until it can be used.
    pub(super) async fn ensure(&self, table: &str, keys: Keys) -> Result<(), Failure> {
        let is_ready =
            |status: Option<&TableStatus>| matches!(status, Some(TableStatus::Active | TableStatus::Updating));
        let status = self.status(table).await?;
        if status.is_none() {
            self.create(table, keys).await?;
        }
        if !is_ready(status.as_ref()) {
            self.until(table, is_ready).await?;
        }
        self.let_expire(table).await
    }

    async fn create(&self, table: &str, keys: Keys) -> Result<(), Failure> {
        let options = self.options();
        let attributes = keys.iter().map(|(name, kind, _)| {
            let attribute = AttributeDefinition::builder().attribute_name(*name);
            attribute.attribute_type(kind.clone()).build()
        });
        let schema = keys.iter().map(|(name, _, kind)| {
            let element = KeySchemaElement::builder().attribute_name(*name);
            element.key_type(kind.clone()).build()
        });
        let tags = options
            .tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build());
        let attributes: Vec<_> = attributes.collect::<Result<_, _>>().map_err(broken)?;
        let schema: Vec<_> = schema.collect::<Result<_, _>>().map_err(broken)?;
        let tags: Vec<_> = tags.collect::<Result<_, _>>().map_err(broken)?;
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
        let mode = match throughput {
            None => types::BillingMode::PayPerRequest,
            Some(_) => types::BillingMode::Provisioned,
        };
        let encryption = options.kms_key_id.as_ref().map(|key| {
            SseSpecification::builder()
                .enabled(true)
                .sse_type(SseType::Kms)
                .kms_master_key_id(key)
                .build()
        });
        let created = self.call("CreateTable", Patience::Write, |client| {
            client
                .create_table()
                .table_name(table)
                .set_attribute_definitions(Some(attributes.clone()))
                .set_key_schema(Some(schema.clone()))
                .billing_mode(mode.clone())
                .set_provisioned_throughput(throughput.clone())
                .set_sse_specification(encryption.clone())
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
    async fn status(&self, table: &str) -> Result<Option<TableStatus>, Failure> {
        let described = self.call("DescribeTable", Patience::Write, |client| {
            client.describe_table().table_name(table).send()
        });
        match described.await.map_err(Failure::from) {
            Ok(described) => Ok(described.table.and_then(|table| table.table_status)),
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
