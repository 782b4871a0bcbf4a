use crate::behaviour::{Behaviour, ids};

/// A source row less than rows.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("few_source_rows", ids(), |output| {
        output.source_rows = Some(vec![0, 1]);
    })
}
