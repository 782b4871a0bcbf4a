use crate::behaviour::{Behaviour, Failure, Output, Rejection, Scope, Steps, rows};

/// Rejects a row after the last batch.
pub fn behaviour() -> Behaviour {
    Behaviour::new("rejection_in_finish", Scope::Row, || Late(false))
}

struct Late(bool);

impl Steps for Late {
    fn finish(&mut self) -> Result<(), Failure> {
        self.0 = true;
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Output>, Failure> {
        Ok(std::mem::take(&mut self.0).then(|| Output {
            rejected: vec![Rejection {
                row: 0,
                message: "too late".to_owned(),
            }],
            ..rows(0)
        }))
    }
}
