use crate::behaviour::{Behaviour, ids};

/// A node of another length than its rows.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("wrong_length", ids(), |output| {
        output.batch.nodes[0].length = 2;
    })
}
