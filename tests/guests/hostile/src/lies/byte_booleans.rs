use crate::behaviour::{Behaviour, Kind, column};

/// Booleans as bytes.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("byte_booleans", vec![column("flag", Kind::Boolean)], |output| {
        output.batch.buffers[1] = vec![1; 3];
    })
}
