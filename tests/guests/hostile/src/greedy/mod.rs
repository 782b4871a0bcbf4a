//! Guests that take what they may not have, and guests that trap.

mod deep_recursion;
mod memory_at_once;
mod memory_refused;
mod memory_step_by_step;
mod out_of_bounds;
mod trap_after_outputs;

use crate::behaviour::Behaviour;

pub fn behaviours() -> Vec<Behaviour> {
    vec![
        deep_recursion::behaviour(),
        memory_at_once::behaviour(),
        memory_refused::behaviour(),
        memory_step_by_step::behaviour(),
        out_of_bounds::behaviour(),
        trap_after_outputs::behaviour(),
    ]
}
