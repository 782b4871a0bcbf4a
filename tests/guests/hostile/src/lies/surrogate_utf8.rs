use crate::behaviour::{Behaviour, notes};

/// A half of a surrogate pair, which UTF-8 does not have.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("surrogate_utf8", notes(), |output| {
        output.batch.buffers[2][3..6].copy_from_slice(&[0xed, 0xa0, 0x80]);
    })
}
