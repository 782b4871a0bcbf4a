use crate::behaviour::{Behaviour, notes, offsets};

/// Offsets that leave a part of the data out.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("near_offsets", notes(), |output| {
        output.batch.buffers[1] = offsets([0, 3, 6, 6]);
    })
}
