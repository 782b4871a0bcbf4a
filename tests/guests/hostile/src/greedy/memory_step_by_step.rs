use std::hint::black_box;

use crate::behaviour::Behaviour;

/// Takes memory page by page, and writes to it.
pub fn behaviour() -> Behaviour {
    Behaviour::next("memory_step_by_step", || {
        let mut held: Vec<Vec<u8>> = vec![];
        loop {
            held.push(black_box(vec![1; 60 << 10]));
        }
    })
}
