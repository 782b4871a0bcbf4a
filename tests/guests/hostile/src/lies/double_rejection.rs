use crate::behaviour::{Behaviour, Rejection, ids};

/// Rejects a row twice.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("double_rejection", ids(), |output| {
        output.rejected = [1, 1]
            .map(|row| Rejection {
                row,
                message: "once more".to_owned(),
            })
            .into();
    })
}
