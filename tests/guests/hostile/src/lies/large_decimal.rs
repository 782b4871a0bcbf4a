use crate::behaviour::{Behaviour, Kind, column};

/// A decimal of more digits than its precision.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "large_decimal",
        vec![column("price", Kind::Decimal128((5, 2)))],
        |output| {
            output.batch.buffers[1][16..32].copy_from_slice(&100_000i128.to_le_bytes());
        },
    )
}
