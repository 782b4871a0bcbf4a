use crate::behaviour::{Behaviour, Kind, column};

/// A list with less elements than its offsets say.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "short_list",
        vec![column("tags", Kind::ListOf), column("tag", Kind::Int64)],
        |output| {
            output.batch.nodes[1].length = 4;
            output.batch.buffers[3].truncate(32);
        },
    )
}
