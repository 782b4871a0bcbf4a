use crate::behaviour::Behaviour;

/// Asks for four gigabytes, and traps without them.
pub fn behaviour() -> Behaviour {
    Behaviour::next("memory_at_once", || {
        assert!(core::arch::wasm32::memory_grow(0, 65_000) != usize::MAX);
        None
    })
}
