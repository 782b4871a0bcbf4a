use crate::behaviour::{Behaviour, ids};

/// No buffers at all.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("no_buffers", ids(), |output| {
        output.batch.buffers.clear();
    })
}
