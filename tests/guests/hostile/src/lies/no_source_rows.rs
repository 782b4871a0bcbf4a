use crate::behaviour::{Behaviour, ids};

/// No source rows, though they were asked for.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("no_source_rows", ids(), |output| {
        output.source_rows = None;
    })
}
