use crate::behaviour::{Behaviour, Kind, column};

/// A fixed-size list with less elements than its rows ask.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "short_fixed_list",
        vec![column("tags", Kind::FixedSizeListOf(2)), column("tag", Kind::Int64)],
        |output| {
            output.batch.nodes[1].length = 5;
            output.batch.buffers[2].truncate(40);
        },
    )
}
