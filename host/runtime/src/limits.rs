use std::fmt;
use std::time::Duration;

use wasmtime::ResourceLimiter;

/// What a run, or a component before it runs, may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Time inside the guest.
    GuestTime,
    /// Linear memory, all memories of the run together.
    Memory,
    /// Elements of tables.
    TableElements,
    /// Rows that the run returns.
    OutputRows,
    /// Bytes that the run returns.
    OutputBytes,
    /// Bytes of log messages.
    LogBytes,
    /// Bytes of the component itself.
    ComponentBytes,
    /// Bytes that one call may hand to the host.
    CallBytes,
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GuestTime => "time inside the guest",
            Self::Memory => "memory",
            Self::TableElements => "table elements",
            Self::OutputRows => "output rows",
            Self::OutputBytes => "output bytes",
            Self::LogBytes => "log bytes",
            Self::ComponentBytes => "component size",
            Self::CallBytes => "bytes handed to the host in one call",
        })
    }
}

impl Limit {
    /// An amount with its unit, as messages show it.
    pub fn amount(self, amount: u64) -> String {
        match self {
            Self::GuestTime => format!("{:.3} s", amount as f64 / 1e6),
            Self::TableElements => format!("{amount} elements"),
            Self::OutputRows => format!("{amount} rows"),
            _ if amount >= 1 << 20 => format!("{:.1} MiB", amount as f64 / f64::from(1 << 20)),
            _ => format!("{amount} bytes"),
        }
    }
}

/// Everything that bounds one run, from the tenant's quota and the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Time inside the guest, over all calls of the run.
    pub guest_time: Duration,
    /// Linear memory in bytes. It bounds bulk memory operations too, which no deadline interrupts.
    pub memory_bytes: u64,
    /// Elements of tables.
    pub table_elements: u64,
    /// Rows returned by the run.
    pub output_rows: u64,
    /// Bytes returned by the run.
    pub output_bytes: u64,
    /// Bytes of log messages of the run.
    pub log_bytes: u64,
    /// Bytes of the component.
    pub component_bytes: u64,
    /// Bytes that one call may hand to the host: a batch with its lists.
    pub call_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            guest_time: Duration::from_secs(600),
            memory_bytes: 256 << 20,
            table_elements: 200_000,
            output_rows: 1 << 32,
            output_bytes: 1 << 40,
            log_bytes: 1 << 20,
            component_bytes: 64 << 20,
            call_bytes: 128 << 20,
        }
    }
}

/// Where a run's memory is accounted, beside its own limit: DataFusion's pool in the host.
pub trait MemoryBudget: Send {
    /// Asks for `bytes` more; what is refused makes the guest's `memory.grow` fail, and ends the run with this reason.
    fn grow(&mut self, bytes: usize) -> Result<(), String>;

    /// All that was asked for is free again: the guest's memory is gone.
    fn release(&mut self);
}

/// No accounting beyond the run's own limit.
#[derive(Debug, Default, Clone, Copy)]
pub struct Unaccounted;

impl MemoryBudget for Unaccounted {
    fn grow(&mut self, _bytes: usize) -> Result<(), String> {
        Ok(())
    }

    fn release(&mut self) {}
}

/// Counts what a store takes and remembers which limit refused it.
pub(crate) struct Meter {
    memory_bytes_max: u64,
    table_elements_max: u64,
    memory_bytes: u64,
    table_elements: u64,
    budget: Box<dyn MemoryBudget>,
    /// The first refusal: the limit, what was asked for in all, and what is allowed.
    pub(crate) refused: Option<Refusal>,
}

pub(crate) enum Refusal {
    Limit { limit: Limit, used: u64, allowed: u64 },
    Pool(String),
}

impl Meter {
    pub(crate) fn new(limits: &Limits, budget: Box<dyn MemoryBudget>) -> Self {
        Self {
            memory_bytes_max: limits.memory_bytes,
            table_elements_max: limits.table_elements,
            memory_bytes: 0,
            table_elements: 0,
            budget,
            refused: None,
        }
    }

    /// Begins anew for another store; the one before it is gone.
    pub(crate) fn reset(&mut self) {
        self.memory_bytes = 0;
        self.table_elements = 0;
        self.refused = None;
        self.budget.release();
    }

    /// Linear memory in use; memories never shrink, so it is also the peak.
    pub(crate) fn memory_bytes(&self) -> u64 {
        self.memory_bytes
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        // Not for us to refuse: the guest's own maximum, which is the same under every limit.
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        let more = desired.saturating_sub(current) as u64;
        let used = self.memory_bytes.saturating_add(more);
        if used > self.memory_bytes_max {
            let allowed = self.memory_bytes_max;
            self.refused.get_or_insert(Refusal::Limit {
                limit: Limit::Memory,
                used,
                allowed,
            });
            return Ok(false);
        }
        if let Err(reason) = self.budget.grow(desired.saturating_sub(current)) {
            self.refused.get_or_insert(Refusal::Pool(reason));
            return Ok(false);
        }
        self.memory_bytes = used;
        Ok(true)
    }

    fn table_growing(&mut self, current: usize, desired: usize, _maximum: Option<usize>) -> wasmtime::Result<bool> {
        let used = self
            .table_elements
            .saturating_add(desired.saturating_sub(current) as u64);
        if used > self.table_elements_max {
            let allowed = self.table_elements_max;
            self.refused.get_or_insert(Refusal::Limit {
                limit: Limit::TableElements,
                used,
                allowed,
            });
            return Ok(false);
        }
        self.table_elements = used;
        Ok(true)
    }
}
