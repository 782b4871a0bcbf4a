use crate::behaviour::{Behaviour, Kind, column};

/// A struct with a field of another length.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "uneven_struct",
        vec![
            column("place", Kind::StructOf),
            column("x", Kind::Int64),
            column("y", Kind::Int64),
        ],
        |output| {
            output.batch.nodes[2].length = 2;
            output.batch.buffers[4].truncate(16);
        },
    )
}
