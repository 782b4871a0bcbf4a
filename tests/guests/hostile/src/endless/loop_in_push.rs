use super::forever;
use crate::behaviour::{Batch, Behaviour, Failure, Scope, Steps};

/// `push` never returns.
pub fn behaviour() -> Behaviour {
    Behaviour::new("loop_in_push", Scope::Row, || Endless)
}

struct Endless;

impl Steps for Endless {
    fn push(&mut self, _: Batch) -> Result<(), Failure> {
        forever()
    }
}
