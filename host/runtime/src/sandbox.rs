use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::bindings::Transform;
use crate::instance::Guest;

/// What an engine promises of the code that it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Fast.
    Production,
    /// Fuel and NaN canonicalization: two runs of the same input give the same bytes and use the same fuel.
    Deterministic,
}

impl Profile {
    /// As it is named in files and arguments.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Deterministic => "deterministic",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        [Self::Production, Self::Deterministic]
            .into_iter()
            .find(|profile| profile.name() == name)
    }
}

/// How often the deadline of a guest is looked at.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// One engine, its ticker and the closed world that components are linked to. One per process and profile; cheap to clone.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) engine: Engine,
    pub(crate) linker: Arc<Linker<Guest>>,
    pub(crate) profile: Profile,
    _ticker: Arc<Ticker>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}

impl Sandbox {
    /// An engine that has room for `runs` runs at once.
    ///
    /// # Errors
    /// The machine refuses what the engine needs, the address space above all.
    pub fn new(profile: Profile, runs: u32) -> Result<Self, String> {
        let engine = Engine::new(&config(profile, runs.max(1))).map_err(|error| format!("{error:#}"))?;
        let mut linker = Linker::new(&engine);
        Transform::add_to_linker::<_, HasSelf<Guest>>(&mut linker, |guest| guest)
            .map_err(|error| format!("{error:#}"))?;
        let ticker = Arc::new(Ticker::start(&engine).map_err(|error| error.to_string())?);
        Ok(Self {
            engine,
            linker: Arc::new(linker),
            profile,
            _ticker: ticker,
        })
    }

    /// What the engine promises.
    pub fn profile(&self) -> Profile {
        self.profile
    }
}

/// What decides the machine code. It has no pool, which reserves more address space than a limited process may have.
pub(crate) fn compiler_config(profile: Profile) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .concurrency_support(false)
        .wasm_simd(true)
        .wasm_relaxed_simd(false)
        .wasm_multi_memory(true)
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_backtrace_max_frames(None)
        // A guest's recursion ends here; its thread has far more.
        .max_wasm_stack(512 << 10)
        .epoch_interruption(true)
        .consume_fuel(profile == Profile::Deterministic)
        .cranelift_nan_canonicalization(profile == Profile::Deterministic);
    config
}

fn config(profile: Profile, runs: u32) -> Config {
    let mut config = compiler_config(profile);
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(runs)
        // An interpreter's component is some 40 core instances.
        .total_core_instances(runs.saturating_mul(64))
        .max_core_instances_per_component(64)
        .max_memories_per_component(4)
        .total_memories(runs.saturating_mul(4))
        .max_tables_per_component(64)
        .total_tables(runs.saturating_mul(64))
        .table_elements(200_000)
        .max_memory_size(4 << 30)
        .max_core_instance_size(4 << 20)
        .max_component_instance_size(4 << 20)
        // Pages that a run wrote are set back one by one, where the kernel says which (Linux 6.7), and stay: to give them back
        // and fault them in again was a third of the price of a short run.
        .pagemap_scan(Enabled::Auto)
        .linear_memory_keep_resident(512 << 10)
        .table_keep_resident(4 << 10);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    config
}

/// Moves the engine's epoch as long as the engine lives.
struct Ticker {
    stop: Arc<AtomicBool>,
}

impl Ticker {
    #[expect(clippy::disallowed_methods, reason = "the ticker is what time is taken from")]
    fn start(engine: &Engine) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let (flag, engine): (Weak<AtomicBool>, _) = (Arc::downgrade(&stop), engine.weak());
        std::thread::Builder::new()
            .name("guest-ticker".to_owned())
            .spawn(move || {
                while let (Some(flag), Some(engine)) = (flag.upgrade(), engine.upgrade()) {
                    if flag.load(Ordering::Relaxed) {
                        return;
                    }
                    engine.increment_epoch();
                    drop((flag, engine));
                    std::thread::sleep(TICK);
                }
            })?;
        Ok(Self { stop })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
