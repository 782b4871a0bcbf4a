use super::forever;
use crate::behaviour::{Behaviour, Failure, Output, Scope, Steps};

/// `next` never returns.
pub fn behaviour() -> Behaviour {
    Behaviour::new("loop_in_next", Scope::Row, || Endless)
}

struct Endless;

impl Steps for Endless {
    fn next(&mut self) -> Result<Option<Output>, Failure> {
        forever()
    }
}
