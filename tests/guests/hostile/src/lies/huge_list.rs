use crate::behaviour::{Behaviour, Kind, column, offsets};

/// A list that says to have two billion elements.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "huge_list",
        vec![column("tags", Kind::ListOf), column("tag", Kind::Int64)],
        |output| {
            output.batch.buffers[1] = offsets([0, 3, 6, i32::MAX]);
            output.batch.nodes[1].length = i32::MAX as u32;
        },
    )
}
