use crate::behaviour::{Behaviour, Kind, column};

/// Four billion fixed-size lists of two billion elements.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "huge_fixed_list",
        vec![column("tags", Kind::FixedSizeListOf(2)), column("tag", Kind::Int64)],
        |output| {
            output.batch.rows = u32::MAX;
            output.batch.nodes[0].length = u32::MAX;
            output.batch.nodes[1].length = u32::MAX;
        },
    )
}
