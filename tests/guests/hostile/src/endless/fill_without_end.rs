use std::hint::black_box;

use crate::behaviour::{Behaviour, rows};

/// Fills its memory again and again, by instructions that no deadline interrupts.
pub fn behaviour() -> Behaviour {
    Behaviour::next("fill_without_end", || {
        let mut memory = vec![0u8; 16 << 20];
        for byte in (0..=u8::MAX).cycle() {
            black_box(&mut memory).fill(byte);
        }
        Some(rows(0))
    })
}
