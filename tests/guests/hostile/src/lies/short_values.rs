use crate::behaviour::{Behaviour, ids};

/// Values of less bytes than its rows ask.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("short_values", ids(), |output| {
        output.batch.buffers[1].truncate(23);
    })
}
