use super::forever;
use crate::behaviour::{Behaviour, Scope, Steps};

/// The run's destructor never returns; the host does not run it.
pub fn behaviour() -> Behaviour {
    Behaviour::new("loop_in_drop", Scope::Row, || Endless)
}

struct Endless;

impl Steps for Endless {}

impl Drop for Endless {
    fn drop(&mut self) {
        forever()
    }
}
