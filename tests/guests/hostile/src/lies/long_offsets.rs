use crate::behaviour::{Behaviour, notes, offsets};

/// An offset more than there should be.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("long_offsets", notes(), |output| {
        output.batch.buffers[1] = offsets([0, 3, 6, 9, 9]);
    })
}
