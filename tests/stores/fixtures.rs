use std::sync::Arc;

use sandglass::online::{DynamoOptions, DynamoStore, EmbeddedStore, OnlineStore};
use tempfile::TempDir;

use super::Fixture;
use crate::dynamodb::local::options;
use crate::harness::servers::dynamodb;

/// LMDB in a folder, with a memory of items.
pub struct Embedded(TempDir);

impl Embedded {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

impl Fixture for Embedded {
    fn another(&self) -> Box<dyn Fixture> {
        Box::new(Self::new())
    }

    fn open(&self) -> Arc<dyn OnlineStore> {
        Arc::new(EmbeddedStore::new(self.0.path(), 256 << 20).with_cache(1 << 20))
    }

    fn writes_are_whole(&self) -> bool {
        true
    }
}

/// Tables of DynamoDB Local.
pub struct Dynamo {
    options: DynamoOptions,
    _locks: TempDir,
}

impl Dynamo {
    pub fn new() -> Self {
        let (options, locks) = options(&dynamodb());
        Self { options, _locks: locks }
    }
}

impl Fixture for Dynamo {
    fn another(&self) -> Box<dyn Fixture> {
        Box::new(Self::new())
    }

    fn open(&self) -> Arc<dyn OnlineStore> {
        Arc::new(DynamoStore::new(self.options.clone()).unwrap())
    }

    fn writes_are_whole(&self) -> bool {
        false
    }
}
