use crate::behaviour::{Behaviour, Scope, rows};

/// One output of 200 MiB.
pub fn behaviour() -> Behaviour {
    Behaviour::next("giant_output", || Some(rows(25 << 20))).scope(Scope::Interval)
}
