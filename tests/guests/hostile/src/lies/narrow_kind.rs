use crate::behaviour::{Behaviour, ids};

/// Numbers of int32 where the contract has int64.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("narrow_kind", ids(), |output| {
        output.batch.buffers[1].truncate(12);
    })
}
