use crate::behaviour::{Behaviour, notes};

/// As many offsets as rows, where one more is due.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("short_offsets", notes(), |output| {
        output.batch.buffers[1].truncate(12);
    })
}
