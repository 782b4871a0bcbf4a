use crate::behaviour::{Behaviour, Kind, column, nullable};

/// A null claimed, and no validity buffer.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "nulls_without_validity",
        vec![nullable(column("id", Kind::Int64))],
        |output| {
            output.batch.nodes[0].null_count = 1;
        },
    )
}
