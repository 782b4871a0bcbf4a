use crate::behaviour::{Behaviour, Kind, column};

/// A text that is no UTF-8, deep inside.
pub fn behaviour() -> Behaviour {
    Behaviour::lie(
        "text_in_list",
        vec![
            column("tags", Kind::ListOf),
            column("pair", Kind::StructOf),
            column("n", Kind::Int8),
            column("word", Kind::Utf8),
        ],
        |output| {
            output.batch.buffers[7][17] = 0xff;
        },
    )
}
