use crate::behaviour::{Behaviour, Kind, column};

/// A null among the keys of a map.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "null_key",
        vec![
            column("counts", Kind::MapOf),
            column("key", Kind::Utf8),
            column("value", Kind::Int64),
        ],
        |output| {
            output.batch.nodes[1].null_count = 1;
            output.batch.buffers[2] = vec![0b11_1110];
        },
    )
}
