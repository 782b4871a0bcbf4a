use crate::behaviour::{Behaviour, ids};

/// Nulls where the contract has none.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("forbidden_nulls", ids(), |output| {
        output.batch.nodes[0].null_count = 1;
        output.batch.buffers[0] = vec![0b110];
    })
}
