use crate::behaviour::{Behaviour, Kind, column, nullable};

/// More nulls than rows.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "more_nulls_than_rows",
        vec![nullable(column("id", Kind::Int64))],
        |output| {
            output.batch.nodes[0].null_count = u32::MAX;
            output.batch.buffers[0] = vec![0];
        },
    )
}
