use crate::behaviour::{Behaviour, notes};

/// A text that is no UTF-8.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("bad_utf8", notes(), |output| {
        output.batch.buffers[2][4] = 0xff;
    })
}
