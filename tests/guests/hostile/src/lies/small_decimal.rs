use crate::behaviour::{Behaviour, Kind, column};

/// A negative decimal of more digits than its precision.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "small_decimal",
        vec![column("price", Kind::Decimal128((38, 0)))],
        |output| {
            output.batch.buffers[1][16..32].copy_from_slice(&i128::MIN.to_le_bytes());
        },
    )
}
