use crate::behaviour::{Behaviour, Rejection, Scope, ids};

/// Rejects a row in the aligned scope.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("aligned_rejection", ids(), |output| {
        output.rejected.push(Rejection {
            row: 1,
            message: "not wanted".to_owned(),
        });
    })
    .scope(Scope::Aligned)
}
