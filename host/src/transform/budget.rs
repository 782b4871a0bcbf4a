use std::sync::Arc;

use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use sandglass_runtime::MemoryBudget;

/// A guest's linear memory, accounted to DataFusion's pool until the run is dropped.
pub(super) struct PoolBudget(MemoryReservation);

impl PoolBudget {
    pub(super) fn new(pool: &Arc<dyn MemoryPool>, name: &str) -> Self {
        Self(MemoryConsumer::new(format!("guest {name}")).register(pool))
    }
}

impl MemoryBudget for PoolBudget {
    fn grow(&mut self, bytes: usize) -> Result<(), String> {
        self.0.try_grow(bytes).map_err(|error| error.strip_backtrace())
    }

    fn release(&mut self) {
        self.0.free();
    }
}
