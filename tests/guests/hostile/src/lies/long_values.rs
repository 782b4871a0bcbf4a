use crate::behaviour::{Behaviour, ids};

/// Values of more bytes than its rows ask.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("long_values", ids(), |output| {
        output.batch.buffers[1].push(0);
    })
}
