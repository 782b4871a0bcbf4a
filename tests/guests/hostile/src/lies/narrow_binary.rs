use crate::behaviour::{Behaviour, Kind, column};

/// Binary of another width.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "narrow_binary",
        vec![column("hash", Kind::FixedSizeBinary(32))],
        |output| {
            output.batch.buffers[1].truncate(3 * 31);
        },
    )
}
