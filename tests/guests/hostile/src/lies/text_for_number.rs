use crate::behaviour::{Behaviour, ids, offsets};

/// The buffers of a text where the contract has a number.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("text_for_number", ids(), |output| {
        output.batch.buffers[1] = offsets([0, 3, 6, 9]);
        output.batch.buffers.push("aéaéaé".into());
    })
}
