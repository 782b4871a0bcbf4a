use crate::behaviour::{Behaviour, ids};

/// Source rows out of order.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("falling_source_rows", ids(), |output| {
        output.source_rows = Some(vec![0, 2, 1]);
    })
}
