use crate::behaviour::{Behaviour, ids};

/// A source row that the batch does not have.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("far_source_rows", ids(), |output| {
        output.source_rows = Some(vec![0, 1, 3]);
    })
}
