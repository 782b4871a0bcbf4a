use crate::behaviour::{Behaviour, notes};

/// Four billion rows of text, in few bytes.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("huge_text", notes(), |output| {
        output.batch.rows = u32::MAX;
        output.batch.nodes[0].length = u32::MAX;
    })
}
