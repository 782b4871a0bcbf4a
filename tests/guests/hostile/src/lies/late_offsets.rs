use crate::behaviour::{Behaviour, notes, offsets};

/// Offsets that do not begin at zero.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("late_offsets", notes(), |output| {
        output.batch.buffers[1] = offsets([3, 3, 6, 9]);
    })
}
