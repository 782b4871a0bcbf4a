use crate::behaviour::{Behaviour, notes, offsets};

/// Negative offsets.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("negative_offsets", notes(), |output| {
        output.batch.buffers[1] = offsets([0, -6, -3, 9]);
    })
}
