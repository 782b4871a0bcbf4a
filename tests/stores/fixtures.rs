use std::sync::Arc;

use sandglass::online::{EmbeddedStore, OnlineStore};
use tempfile::TempDir;

use super::Fixture;

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
