use crate::behaviour::{Behaviour, Scope, ids};

/// Rows in another order, in the aligned scope.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("aligned_swapped", ids(), |output| {
        output.source_rows = Some(vec![0, 0, 2])
    })
    .scope(Scope::Aligned)
}
