use crate::behaviour::{Behaviour, Rejection, ids};

/// Rejects a row that does not exist.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("far_rejection", ids(), |output| {
        output.rejected.push(Rejection {
            row: 3,
            message: "it is not there".to_owned(),
        });
    })
}
