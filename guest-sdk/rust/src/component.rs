//! What [`export!`](crate::export) makes of transformations: the contract's exports.

use std::cell::{OnceCell, RefCell};
use std::marker::PhantomData;
use std::rc::Rc;

pub use crate::bindings;
use crate::bindings::exports::sandglass::transform::transformation as wit;
use crate::bindings::sandglass::transform::types;
use crate::context::{Context, Interval, Mode};
use crate::contract::{Parameter, Value, ValueKind};
use crate::decode::decode;
use crate::error::{Error, FailureKind, Result};
use crate::log::panics_to_log;
use crate::run::Driver;
use crate::schema::nodes;
use crate::transformation::{Scope, Transformation};

/// Whoever wrote the component.
pub trait Author: 'static {
    /// Its transformations.
    fn transformations() -> Vec<Transformation>;
}

/// The contract's exports for an author's transformations.
pub struct Component<A>(PhantomData<A>);

thread_local! {
    /// Made once: an instance may have many runs.
    static TRANSFORMATIONS: OnceCell<Vec<Rc<Transformation>>> = const { OnceCell::new() };
}

impl<A: Author> Component<A> {
    /// The one of that name.
    fn find(name: &str) -> Result<Rc<Transformation>> {
        TRANSFORMATIONS.with(|known| {
            let all = known.get_or_init(|| A::transformations().into_iter().map(Rc::new).collect());
            let found = all
                .iter()
                .find(|transformation| transformation.name == name);
            found.map(Rc::clone).ok_or_else(|| {
                let names: Vec<_> = all
                    .iter()
                    .map(|other| format!("`{}`", other.name))
                    .collect();
                let names = names.join(", ");
                Error::new(format!(
                    "there is no transformation `{name}`; there are {names}"
                ))
            })
        })
    }
}

impl<A: Author> wit::Guest for Component<A> {
    type Run = ComponentRun;

    fn describe() -> Result<Vec<wit::Contract>, wit::Failure> {
        panics_to_log();
        A::transformations()
            .iter()
            .map(contract)
            .collect::<Result<_>>()
            .map_err(failure)
    }

    fn open(name: String, context: wit::Context) -> Result<wit::Run, wit::Failure> {
        panics_to_log();
        let driver = Self::find(&name)
            .and_then(|transformation| Driver::open(transformation, context_of(context)))
            .map_err(failure)?;
        Ok(wit::Run::new(ComponentRun(RefCell::new(driver))))
    }
}

/// A run behind the contract's resource.
pub struct ComponentRun(RefCell<Driver>);

impl wit::GuestRun for ComponentRun {
    fn push(&self, input: u32, batch: wit::Batch) -> Result<(), wit::Failure> {
        let mut driver = self.0.borrow_mut();
        driver
            .columns(input)
            .and_then(|schema| decode(&schema, batch))
            .and_then(|batch| driver.push(input, batch))
            .map_err(failure)
    }

    fn end_keys(&self) -> Result<(), wit::Failure> {
        self.0.borrow_mut().end_keys().map_err(failure)
    }

    fn finish(&self) -> Result<(), wit::Failure> {
        self.0.borrow_mut().finish().map_err(failure)
    }

    fn next(&self) -> Result<Option<wit::Output>, wit::Failure> {
        let checked = self.0.borrow_mut().next().map_err(failure)?;
        checked
            .map(|checked| checked.into_wit())
            .transpose()
            .map_err(failure)
    }
}

pub(crate) fn contract(transformation: &Transformation) -> Result<wit::Contract> {
    let Transformation {
        name,
        doc,
        inputs,
        output,
        parameters,
        properties,
        scope,
        open: _,
    } = transformation;
    let scope = match scope {
        Scope::Aligned => types::Scope::Aligned,
        Scope::Row => types::Scope::Row,
        Scope::Keyed => types::Scope::Keyed,
        Scope::Interval => types::Scope::Interval,
    };
    let inputs = inputs
        .iter()
        .map(|input| {
            Ok(types::Input {
                name: input.name.clone(),
                columns: nodes(&input.columns)?,
                keys: input.keys.clone(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let parameters = parameters.iter().map(parameter).collect();
    let (name, doc, output) = (name.clone(), doc.clone(), nodes(output)?);
    Ok(wit::Contract {
        name,
        doc,
        inputs,
        output,
        scope,
        parameters,
        properties: properties.clone(),
    })
}

fn parameter(parameter: &Parameter) -> types::Parameter {
    let Parameter {
        name,
        kind,
        default,
        doc,
    } = parameter.clone();
    let kind = match kind {
        ValueKind::Boolean => types::ValueKind::Boolean,
        ValueKind::Int64 => types::ValueKind::Int64,
        ValueKind::Float64 => types::ValueKind::Float64,
        ValueKind::Utf8 => types::ValueKind::Utf8,
        ValueKind::Timestamp => types::ValueKind::Timestamp,
        ValueKind::Duration => types::ValueKind::Duration,
    };
    let default = default.map(|value| match value {
        Value::Boolean(value) => types::Value::Boolean(value),
        Value::Int64(value) => types::Value::Int64(value),
        Value::Float64(value) => types::Value::Float64(value),
        Value::Utf8(value) => types::Value::Utf8(value),
        Value::Timestamp(value) => types::Value::Timestamp(value),
        Value::Duration(value) => types::Value::Duration(value),
    });
    types::Parameter {
        name,
        kind,
        default,
        doc,
    }
}

fn context_of(context: wit::Context) -> Context {
    let interval = |types::Interval { start, end }| Interval { start, end };
    let wit::Context {
        mode,
        ranges,
        parameters,
        lineage,
        properties,
    } = context;
    let mode = match mode {
        types::Mode::Materialize(range) => Mode::Materialize(interval(range)),
        types::Mode::Streaming => Mode::Streaming,
        types::Mode::Request(at) => Mode::Request(at),
    };
    let parameters = parameters
        .into_iter()
        .map(|(name, value)| {
            let value = match value {
                types::Value::Boolean(value) => Value::Boolean(value),
                types::Value::Int64(value) => Value::Int64(value),
                types::Value::Float64(value) => Value::Float64(value),
                types::Value::Utf8(value) => Value::Utf8(value),
                types::Value::Timestamp(value) => Value::Timestamp(value),
                types::Value::Duration(value) => Value::Duration(value),
            };
            (name, value)
        })
        .collect();
    let ranges = ranges
        .into_iter()
        .map(|range| range.map(interval))
        .collect();
    Context {
        mode,
        ranges,
        parameters,
        lineage,
        properties,
    }
}

fn failure(error: Error) -> wit::Failure {
    let Error {
        kind,
        message,
        input,
        row,
    } = error;
    let kind = match kind {
        FailureKind::Input => types::FailureKind::Input,
        FailureKind::Parameter => types::FailureKind::Parameter,
        FailureKind::Internal => types::FailureKind::Internal,
    };
    wit::Failure {
        kind,
        message,
        input,
        row,
    }
}
