use crate::behaviour::{Behaviour, ids};

/// Four billion rows of a number, in few bytes.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("huge_number", ids(), |output| {
        output.batch.rows = u32::MAX;
        output.batch.nodes[0].length = u32::MAX;
    })
}
