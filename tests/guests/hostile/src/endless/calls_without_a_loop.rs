use std::hint::black_box;

use crate::behaviour::{Behaviour, rows};

/// 2^60 calls, none of them deep and none in a loop.
pub fn behaviour() -> Behaviour {
    Behaviour::next("calls_without_a_loop", || Some(rows(bush(60))))
}

#[inline(never)]
fn bush(depth: u32) -> u32 {
    let left: fn(u32) -> u32 = black_box(bush);
    let right: fn(u32) -> u32 = black_box(bush);
    if depth == 0 {
        return black_box(1);
    }
    left(depth - 1).wrapping_add(right(depth - 1))
}
