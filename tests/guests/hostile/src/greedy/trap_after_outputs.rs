use crate::behaviour::{Batch, Behaviour, Failure, Output, Scope, Steps, rows};

/// Traps after three good outputs.
pub fn behaviour() -> Behaviour {
    Behaviour::new("trap_after_outputs", Scope::Interval, || Trap(0))
}

struct Trap(u32);

impl Steps for Trap {
    fn push(&mut self, _: Batch) -> Result<(), Failure> {
        self.0 = 1;
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Output>, Failure> {
        self.0 += 1;
        if self.0 > 4 {
            core::arch::wasm32::unreachable();
        }
        Ok(Some(rows(2)))
    }
}
