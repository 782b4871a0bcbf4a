use crate::behaviour::{Behaviour, notes, offsets};

/// Offsets past the data.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("far_offsets", notes(), |output| {
        output.batch.buffers[1] = offsets([0, 3, 6, 1_000]);
    })
}
