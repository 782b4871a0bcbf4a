use crate::behaviour::{Behaviour, Kind, column};

/// Nulls among elements that have none.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "forbidden_nulls_in_list",
        vec![column("tags", Kind::ListOf), column("tag", Kind::Int64)],
        |output| {
            output.batch.nodes[1].null_count = 1;
            output.batch.buffers[2] = vec![0b11_1110];
        },
    )
}
