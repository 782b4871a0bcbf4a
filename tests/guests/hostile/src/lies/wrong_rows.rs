use crate::behaviour::{Behaviour, ids};

/// Rows that its columns do not have.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("wrong_rows", ids(), |output| {
        output.batch.rows = 5;
        output.source_rows = Some(vec![0; 5]);
    })
}
