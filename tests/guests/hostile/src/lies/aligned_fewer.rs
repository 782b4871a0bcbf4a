use crate::behaviour::{Behaviour, Scope, ids, rows};

/// Fewer rows than it was given, in the aligned scope.
pub fn behaviour() -> Behaviour {
    Behaviour::lie("aligned_fewer", ids(), |output| {
        *output = rows(2);
        output.source_rows = Some(vec![0, 1]);
    })
    .scope(Scope::Aligned)
}
