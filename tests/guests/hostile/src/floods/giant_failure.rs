use crate::behaviour::{Batch, Behaviour, Failure, FailureKind, Scope, Steps};

/// Fails with a message of 100 MiB.
pub fn behaviour() -> Behaviour {
    Behaviour::new("giant_failure", Scope::Row, || Giant)
}

struct Giant;

impl Steps for Giant {
    fn push(&mut self, _: Batch) -> Result<(), Failure> {
        Err(Failure {
            kind: FailureKind::Internal,
            message: "ha".repeat(50 << 20),
            input: None,
            row: None,
        })
    }
}
