use crate::behaviour::{Behaviour, notes, offsets};

/// An end of the data before its beginning.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("negative_end", notes(), |output| {
        output.batch.buffers[1] = offsets([0, 3, 6, -9]);
    })
}
