use super::forever;
use crate::behaviour::{Behaviour, Scope, ids};

/// `open` never returns.
pub fn behaviour() -> Behaviour {
    Behaviour {
        name: "loop_in_open",
        scope: Scope::Row,
        output: ids(),
        open: Box::new(|_| forever()),
    }
}
