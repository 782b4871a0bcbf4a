use crate::behaviour::{Behaviour, Kind, column, nullable};

/// One null claimed, two in the validity buffer.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "wrong_null_count",
        vec![nullable(column("id", Kind::Int64))],
        |output| {
            output.batch.nodes[0].null_count = 1;
            output.batch.buffers[0] = vec![0b001];
        },
    )
}
