use crate::behaviour::{Behaviour, Failure, Output, Scope, Steps, rows};

/// Rows of the row scope that come from no batch.
pub fn behaviour() -> Behaviour {
    Behaviour::new("rows_in_finish", Scope::Row, || Late(false))
}

struct Late(bool);

impl Steps for Late {
    fn finish(&mut self) -> Result<(), Failure> {
        self.0 = true;
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Output>, Failure> {
        Ok(std::mem::take(&mut self.0).then(|| rows(2)))
    }
}
