use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_dynamodb::config::Credentials;

use crate::definition::{BillingMode, SHARED_TABLE_ITEMS};
use crate::folders;

/// Where the tables are and how they are made and read.
#[derive(Debug, Clone)]
pub struct DynamoOptions {
    /// Another server than Amazon's.
    pub endpoint: Option<String>,
    /// The region; where there is none, the one of the environment or profile.
    pub region: Option<String>,
    /// The profile of the AWS configuration files.
    pub profile: Option<String>,
    /// What to sign with; where there is none, what the usual chain finds.
    pub credentials: Option<Credentials>,
    /// What all table names begin with.
    pub table_prefix: String,
    /// Generations of up to so many items lie in one table, larger ones in one of their own each.
    pub shared_items_max: u32,
    /// How long a request may take.
    pub timeout: Duration,
    /// How long a read is tried again where that may help, and anything else.
    pub patience: (Duration, Duration),
    /// How tables that are made are paid for.
    pub billing_mode: BillingMode,
    /// Whether items are read as they were last written, at twice the price, and not as they were a moment ago.
    pub consistent_reads: bool,
    /// Of tables that are made.
    pub tags: BTreeMap<String, String>,
    /// The key that tables are encrypted with; where there is none, Amazon's own.
    pub kms_key_id: Option<String>,
    /// How old may be what a reader knows of what is live. With zero it looks each time, and sees at once what others did.
    pub poll: Duration,
    /// Where processes of this machine lock a file each while they run, so that others know of their end at once.
    pub locks: PathBuf,
    /// How long after its last sign of life a process of another machine is taken for dead.
    pub lease: Duration,
}

impl DynamoOptions {
    /// The usual ones: on demand, consistent reads of what is live each time.
    pub fn new(table_prefix: &str) -> Self {
        Self {
            endpoint: None,
            region: None,
            profile: None,
            credentials: None,
            table_prefix: table_prefix.to_owned(),
            shared_items_max: SHARED_TABLE_ITEMS,
            timeout: Duration::from_secs(10),
            patience: (Duration::from_secs(5), Duration::from_secs(300)),
            billing_mode: BillingMode::OnDemand,
            consistent_reads: true,
            tags: BTreeMap::new(),
            kms_key_id: None,
            poll: Duration::ZERO,
            locks: folders::cache().join("holders"),
            lease: Duration::from_secs(60),
        }
    }
}
