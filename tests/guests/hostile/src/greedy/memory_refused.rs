use crate::behaviour::{Behaviour, rows};

/// Asks for more memory than there is, and goes on without it: what it returns depends on its limit.
pub fn behaviour() -> Behaviour {
    Behaviour::next("memory_refused", || {
        let refused = core::arch::wasm32::memory_grow(0, 16_384) == usize::MAX;
        Some(rows(if refused { 1 } else { 2 }))
    })
}
