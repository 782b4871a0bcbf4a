use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::aws::{Access, BucketAt};
use crate::definition::{BillingMode, SHARED_TABLE_ITEMS};
use crate::folders;
use crate::price::Prices;

/// Source bytes of an object, usually.
pub(crate) const OBJECT_BYTES: u64 = 32 << 20;

/// Where the tables are and how they are made and read.
#[derive(Debug, Clone)]
pub struct DynamoOptions {
    /// Another server than Amazon's.
    pub endpoint: Option<String>,
    /// Who asks, and in which region.
    pub access: Access,
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
    /// Where large loads are put for the service to import; where there is none, they are written item by item.
    pub staging: Option<StagingOptions>,
    /// Reads and writes a second that tables of one generation take from the start, where that is said.
    pub warm: (Option<u32>, Option<u32>),
    /// What is cheaper is told by these.
    pub prices: Prices,
    /// The dollars that this handle may spend, by those prices.
    pub budget: Option<f64>,
}

/// A place in S3 where items lie while the service imports them.
#[derive(Debug, Clone)]
pub struct StagingOptions {
    /// The bucket.
    pub bucket: String,
    /// Where it is.
    pub at: BucketAt,
    /// What the names of all objects begin with.
    pub prefix: String,
    /// The account that the bucket has to be of.
    pub owner: Option<String>,
    /// Source bytes of the first objects; of later ones of large loads several times as many.
    pub object_bytes: u64,
}

impl StagingOptions {
    /// The usual ones.
    pub fn new(bucket: &str) -> Self {
        Self {
            bucket: bucket.to_owned(),
            at: BucketAt::default(),
            prefix: String::new(),
            owner: None,
            object_bytes: OBJECT_BYTES,
        }
    }

    /// What the names of the objects begin with that a process stages for a table.
    pub(super) fn of(&self, table: &str, holder: &str) -> String {
        let parts = [self.prefix.as_str(), table, holder];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("/")
    }
}

impl DynamoOptions {
    /// The usual ones: on demand, consistent reads of what is live each time.
    pub fn new(table_prefix: &str) -> Self {
        Self {
            endpoint: None,
            access: Access::default(),
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
            staging: None,
            warm: (None, None),
            prices: Prices::default(),
            budget: None,
        }
    }
}
