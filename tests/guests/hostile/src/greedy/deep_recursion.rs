use std::hint::black_box;

use crate::behaviour::{Behaviour, rows};

/// Calls itself until the stack is full.
pub fn behaviour() -> Behaviour {
    Behaviour::next("deep_recursion", || Some(rows(deeper(0))))
}

#[inline(never)]
fn deeper(depth: u32) -> u32 {
    let next: fn(u32) -> u32 = black_box(deeper);
    next(depth.wrapping_add(1)).wrapping_mul(3)
}
