//! The contract's exports, over all behaviours.

use std::cell::RefCell;

use crate::behaviour::{Batch, Behaviour, Context, Failure, FailureKind, Output, Scope, Steps, ids};
use crate::behaviours;
use crate::bindings::exports::sandglass::transform::transformation as wit;
use crate::bindings::sandglass::transform::types;

pub struct Component;

impl wit::Guest for Component {
    type Run = Run;

    fn describe() -> Result<Vec<wit::Contract>, Failure> {
        Ok(behaviours().into_iter().map(contract).collect())
    }

    fn open(name: String, context: Context) -> Result<wit::Run, Failure> {
        let found = behaviours().into_iter().find(|behaviour| behaviour.name == name);
        let behaviour = found.ok_or(Failure {
            kind: FailureKind::Internal,
            message: format!("there is no behaviour `{name}`"),
            input: None,
            row: None,
        })?;
        let steps = (behaviour.open)(&context)?;
        Ok(wit::Run::new(Run(RefCell::new(steps))))
    }
}

fn contract(behaviour: Behaviour) -> wit::Contract {
    let keys = match behaviour.scope {
        Scope::Keyed => vec!["id".to_owned()],
        _ => vec![],
    };
    wit::Contract {
        name: behaviour.name.to_owned(),
        doc: String::new(),
        inputs: vec![types::Input {
            name: "rows".to_owned(),
            columns: ids(),
            keys,
        }],
        output: behaviour.output,
        scope: behaviour.scope,
        parameters: vec![],
        properties: vec![],
    }
}

pub struct Run(RefCell<Box<dyn Steps>>);

impl wit::GuestRun for Run {
    fn push(&self, _input: u32, batch: Batch) -> Result<(), Failure> {
        self.0.borrow_mut().push(batch)
    }

    fn end_keys(&self) -> Result<(), Failure> {
        self.0.borrow_mut().end_keys()
    }

    fn finish(&self) -> Result<(), Failure> {
        self.0.borrow_mut().finish()
    }

    fn next(&self) -> Result<Option<Output>, Failure> {
        self.0.borrow_mut().next()
    }
}
