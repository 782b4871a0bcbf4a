use crate::behaviour::{Behaviour, Scope, rows};

/// Always has another output, without a row.
pub fn behaviour() -> Behaviour {
    Behaviour::next("outputs_of_nothing", || Some(rows(0))).scope(Scope::Interval)
}
