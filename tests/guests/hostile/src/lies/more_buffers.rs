use crate::behaviour::{Behaviour, ids};

/// A buffer more than its columns have.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("more_buffers", ids(), |output| {
        output.batch.buffers.push(vec![0; 24]);
    })
}
