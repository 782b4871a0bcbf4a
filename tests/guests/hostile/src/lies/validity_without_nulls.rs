use crate::behaviour::{Behaviour, Kind, column, nullable};

/// A validity buffer where there are no nulls.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "validity_without_nulls",
        vec![nullable(column("id", Kind::Int64))],
        |output| {
            output.batch.buffers[0] = vec![0b111];
        },
    )
}
