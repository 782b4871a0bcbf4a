use crate::behaviour::{Behaviour, Kind, column, nullable};

/// Four billion booleans and nulls, in few bytes.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("huge_flags", vec![nullable(column("flag", Kind::Boolean))], |output| {
        output.batch.rows = u32::MAX;
        output.batch.nodes[0].length = u32::MAX;
        output.batch.nodes[0].null_count = u32::MAX;
        output.batch.buffers[0] = vec![0];
    })
}
