use super::forever;
use crate::behaviour::{Behaviour, Failure, Scope, Steps};

/// `finish` never returns.
pub fn behaviour() -> Behaviour {
    Behaviour::new("loop_in_finish", Scope::Row, || Endless)
}

struct Endless;

impl Steps for Endless {
    fn finish(&mut self) -> Result<(), Failure> {
        forever()
    }
}
