use std::hint::black_box;

use crate::behaviour::{Behaviour, rows};

/// Reads behind the end of its memory.
pub fn behaviour() -> Behaviour {
    Behaviour::next("out_of_bounds", || {
        let nowhere = black_box(0xffff_fff0_usize) as *const u32;
        // SAFETY: it is not; the sandbox has to catch it.
        Some(rows(unsafe { nowhere.read_volatile() }))
    })
}
