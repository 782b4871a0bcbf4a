use crate::behaviour::{Behaviour, notes, offsets};

/// UTF-8 that an offset splits in the middle of a character.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("split_utf8", notes(), |output| {
        output.batch.buffers[1] = offsets([0, 2, 6, 9]);
    })
}
