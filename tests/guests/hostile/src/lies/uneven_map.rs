use crate::behaviour::{Behaviour, Kind, column};

/// A map with less values than keys.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "uneven_map",
        vec![
            column("counts", Kind::MapOf),
            column("key", Kind::Utf8),
            column("value", Kind::Int64),
        ],
        |output| {
            output.batch.nodes[2].length = 5;
            output.batch.buffers[6].truncate(40);
        },
    )
}
