use super::forever;
use crate::behaviour::{Behaviour, Failure, Scope, Steps};

/// `end-keys` never returns.
pub fn behaviour() -> Behaviour {
    Behaviour::new("loop_in_end_keys", Scope::Keyed, || Endless)
}

struct Endless;

impl Steps for Endless {
    fn end_keys(&mut self) -> Result<(), Failure> {
        forever()
    }
}
