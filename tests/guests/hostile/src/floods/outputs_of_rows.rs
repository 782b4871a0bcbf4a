use crate::behaviour::{Behaviour, Scope, rows};

/// Always has another output of rows.
pub fn behaviour() -> Behaviour {
    Behaviour::next("outputs_of_rows", || Some(rows(1_000))).scope(Scope::Interval)
}
