use crate::behaviour::{Batch, Behaviour, Failure, FailureKind, Scope, Steps};

/// Fails at a place that does not exist, with a message that would clear a terminal.
pub fn behaviour() -> Behaviour {
    Behaviour::new("odd_failure", Scope::Row, || Odd)
}

struct Odd;

impl Steps for Odd {
    fn push(&mut self, _: Batch) -> Result<(), Failure> {
        Err(Failure {
            kind: FailureKind::Input,
            message: "\u{1b}[2J\u{7}\u{9b}1mall is well\r".to_owned(),
            input: Some(u32::MAX),
            row: Some(u32::MAX),
        })
    }
}
