use crate::behaviour::{Behaviour, Kind, column, nullable};

/// A validity buffer that is too long.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("long_validity", vec![nullable(column("id", Kind::Int64))], |output| {
        output.batch.nodes[0].null_count = 1;
        output.batch.buffers[0] = vec![0b110, 0];
    })
}
