use crate::behaviour::{Behaviour, Scope, ids, rows};

/// More rows than it was given, in the aligned scope.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("aligned_more", ids(), |output| {
        *output = rows(4);
        output.source_rows = Some(vec![0, 1, 2, 2]);
    })
    .scope(Scope::Aligned)
}
