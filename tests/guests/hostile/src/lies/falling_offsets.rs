use crate::behaviour::{Behaviour, notes, offsets};

/// Offsets that fall.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("falling_offsets", notes(), |output| {
        output.batch.buffers[1] = offsets([0, 6, 3, 9]);
    })
}
