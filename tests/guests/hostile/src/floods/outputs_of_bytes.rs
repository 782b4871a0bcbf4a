use crate::behaviour::{Behaviour, Scope, rows};

/// Always has another output of a megabyte.
pub fn behaviour() -> Behaviour {
    Behaviour::next("outputs_of_bytes", || Some(rows(1 << 17))).scope(Scope::Interval)
}
