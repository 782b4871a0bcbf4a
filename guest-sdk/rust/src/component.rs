//! The bodies of the contract's exports, and what [`export!`](crate::export) makes of transformations.
//!
//! What the host is told stays where it is until its next call, so there is no `cabi_post_…` to let go of it, which would be a call
//! for each call.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;

use crate::context::{Context, Interval, Mode};
use crate::contract::{Parameter, Value, ValueKind};
use crate::decode::decode;
use crate::encode::Encoded;
use crate::error::{Error, FailureKind, Result};
use crate::incoming::{all_released, release};
use crate::log::panics_to_log;
use crate::output::Checked;
use crate::run::Driver;
use crate::schema::nodes;
use crate::transformation::{Scope, Transformation};
use crate::wire::{self, List, Maybe, Named, Text};

/// Whoever wrote the component.
pub trait Author: 'static {
    /// Its transformations.
    fn transformations() -> Vec<Transformation>;
}

/// A run, as the host holds it.
pub struct ComponentRun(Driver);

/// `result<T, failure>` for the `T` of the call.
#[repr(C, u8)]
#[derive(Clone, Copy)]
pub enum Answer {
    /// It went well.
    Ok(Said),
    /// It did not.
    Failed(wire::Failure),
}

/// What a call answers when it went well.
#[repr(C)]
#[derive(Clone, Copy)]
pub union Said {
    nothing: (),
    contracts: List<wire::Contract>,
    run: i32,
    next: Maybe<wire::Output>,
}

// A component's pointers have 32 bits: there the layouts are those of the canonical ABI.
#[cfg(target_arch = "wasm32")]
const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<wire::Field>() == 24 && offset_of!(wire::Field, children) == 20);
    assert!(size_of::<wire::Kind>() == 8 && size_of::<wire::Value>() == 16);
    assert!(size_of::<wire::Parameter>() == 48 && offset_of!(wire::Parameter, doc) == 40);
    assert!(size_of::<wire::Contract>() == 52 && offset_of!(wire::Contract, parameters) == 36);
    assert!(size_of::<Maybe<wire::Interval>>() == 24 && size_of::<Named<wire::Value>>() == 24);
    assert!(size_of::<wire::Output>() == 40 && offset_of!(wire::Output, rejected) == 32);
    assert!(size_of::<wire::Failure>() == 28 && offset_of!(wire::Failure, row) == 20);
    assert!(size_of::<Answer>() == 48 && align_of::<Answer>() == 4);
    assert!(size_of::<wire::Node>() == 8 && size_of::<Named<Text>>() == 16);
    assert!(size_of::<wire::Input>() == 24 && offset_of!(wire::Input, keys) == 16);
    assert!(size_of::<wire::Rejection>() == 12 && offset_of!(wire::Rejection, message) == 4);
};

// The cases of the contract's enums, in its order.
const _: () = {
    assert!(Scope::Aligned as u8 == 0 && Scope::Row as u8 == 1);
    assert!(Scope::Keyed as u8 == 2 && Scope::Interval as u8 == 3);
    assert!(FailureKind::Input as u8 == 0 && FailureKind::Parameter as u8 == 1);
    assert!(FailureKind::Internal as u8 == 2);
    assert!(ValueKind::Boolean as u8 == 0 && ValueKind::Int64 as u8 == 1);
    assert!(ValueKind::Float64 as u8 == 2 && ValueKind::Utf8 as u8 == 3);
    assert!(ValueKind::Timestamp as u8 == 4 && ValueKind::Duration as u8 == 5);
};

/// What the host was told last, and what that points to.
#[derive(Default)]
struct Told {
    answer: Option<Answer>,
    message: String,
    batch: Encoded,
    buffers: Vec<List<u8>>,
    source_rows: Option<Vec<u32>>,
    rejected: Vec<(u32, String)>,
    rejections: Vec<wire::Rejection>,
}

thread_local! {
    /// Made once: an instance may have many runs.
    static TRANSFORMATIONS: OnceCell<Vec<Rc<Transformation>>> = const { OnceCell::new() };
    static TOLD: RefCell<Told> = RefCell::default();
}

/// Works, and tells the host how that went. What it was told before is gone.
fn tell(work: impl FnOnce(&mut Told) -> Result<Said>) -> *const Answer {
    TOLD.with_borrow_mut(|told| {
        told.forget();
        let answer = match work(told) {
            Ok(said) => Answer::Ok(said),
            Err(error) => Answer::Failed(told.failure(error)),
        };
        &raw const *told.answer.insert(answer)
    })
}

impl Told {
    fn forget(&mut self) {
        self.batch.clear();
        self.source_rows = None;
        self.rejected.clear();
    }

    fn failure(&mut self, error: Error) -> wire::Failure {
        let Error {
            kind,
            message,
            input,
            row,
        } = error;
        self.message = message;
        wire::Failure {
            kind,
            message: text(&self.message),
            input: input.into(),
            row: row.into(),
        }
    }

    fn output(&mut self, checked: Checked) -> Result<wire::Output> {
        let Checked {
            schema,
            columns,
            rows,
            source_rows,
            rejected,
        } = checked;
        self.batch.fill(&schema, &columns, rows)?;
        self.buffers.clear();
        let buffers = self.batch.buffers.iter();
        self.buffers
            .extend(buffers.map(|buffer| List::of(buffer.as_slice())));
        self.source_rows = source_rows;
        self.rejected = rejected;
        self.rejections.clear();
        let rejected = self.rejected.iter();
        self.rejections
            .extend(rejected.map(|(row, message)| wire::Rejection {
                row: *row,
                message: text(message),
            }));
        Ok(wire::Output {
            batch: wire::Batch {
                rows: self.batch.rows,
                nodes: List::of(&self.batch.nodes),
                buffers: List::of(&self.buffers),
            },
            source_rows: self.source_rows.as_deref().map(List::of).into(),
            rejected: List::of(&self.rejections),
        })
    }
}

/// The author's transformations, each with what `find` makes of it.
fn transformations<A: Author, T>(find: impl FnOnce(&[Rc<Transformation>]) -> T) -> T {
    TRANSFORMATIONS.with(|known| {
        find(known.get_or_init(|| A::transformations().into_iter().map(Rc::new).collect()))
    })
}

/// The one of that name.
fn named<A: Author>(name: &str) -> Result<Rc<Transformation>> {
    transformations::<A, _>(|all| {
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

/// `describe`.
pub fn describe<A: Author>() -> *const Answer {
    panics_to_log();
    tell(|_| {
        let contracts = transformations::<A, _>(|all| {
            let contracts = all.iter().map(|transformation| contract(transformation));
            contracts.collect::<Result<Vec<_>>>()
        })?;
        let contracts = kept(contracts);
        Ok(Said { contracts })
    })
}

/// `open`. What `run_new` is handed is the host's until it calls [`drop_run`].
///
/// # Safety
/// The name and the context are what the host hands in, and it hands them in once.
pub unsafe fn open<A: Author>(
    name: Text,
    context: GivenContext,
    run_new: impl FnOnce(*mut ComponentRun) -> i32,
) -> *const Answer {
    panics_to_log();
    // SAFETY: the caller answers for it.
    let (name, context) = unsafe { (name.into_string(), context.taken()) };
    all_released();
    tell(|_| {
        let driver = Driver::open(named::<A>(&name)?, context)?;
        let run = run_new(Box::into_raw(Box::new(ComponentRun(driver))));
        Ok(Said { run })
    })
}

/// `run.push`.
///
/// # Safety
/// The run is one that `run_new` was handed, nobody else looks at it, and the batch is what the host hands in, once.
pub unsafe fn push(run: *mut ComponentRun, input: u32, batch: wire::Batch) -> *const Answer {
    // SAFETY: the caller answers for it.
    let (driver, nodes, lists) = unsafe {
        let driver = &mut (*run).0;
        (driver, batch.nodes.items(), batch.buffers.items())
    };
    let answer = tell(|_| {
        // SAFETY: each list is taken once, here.
        let mut buffers = lists.iter().map(|list| unsafe { list.into_vec() });
        let batch = driver
            .columns(input)
            .and_then(|schema| decode(&schema, batch.rows, nodes, &mut buffers));
        // Where a batch is refused, so is what is left of it.
        buffers.for_each(drop);
        driver.push(input, batch?)?;
        Ok(Said { nothing: () })
    });
    // SAFETY: the host made them for this call, which is over.
    unsafe {
        release(batch.nodes);
        release(batch.buffers);
    }
    all_released();
    answer
}

/// `run.end-keys`.
///
/// # Safety
/// The run is one that `run_new` was handed, and nobody else looks at it.
pub unsafe fn end_keys(run: *mut ComponentRun) -> *const Answer {
    // SAFETY: the caller answers for it.
    let driver = unsafe { &mut (*run).0 };
    tell(|_| driver.end_keys().map(|nothing| Said { nothing }))
}

/// `run.finish`.
///
/// # Safety
/// As [`end_keys`].
pub unsafe fn finish(run: *mut ComponentRun) -> *const Answer {
    // SAFETY: the caller answers for it.
    let driver = unsafe { &mut (*run).0 };
    tell(|_| driver.finish().map(|nothing| Said { nothing }))
}

/// `run.next`.
///
/// # Safety
/// As [`end_keys`].
pub unsafe fn next(run: *mut ComponentRun) -> *const Answer {
    // SAFETY: the caller answers for it.
    let driver = unsafe { &mut (*run).0 };
    tell(|told| {
        let next = driver.next()?.map(|checked| told.output(checked));
        let next = next.transpose()?.into();
        Ok(Said { next })
    })
}

/// The run's destructor.
///
/// # Safety
/// As [`end_keys`], and nobody looks at it again.
pub unsafe fn drop_run(run: *mut ComponentRun) {
    TOLD.with_borrow_mut(Told::forget);
    // SAFETY: it was made of a box, and the caller answers for the rest.
    drop(unsafe { Box::from_raw(run) });
}

/// `record context`, flat as parameters of a function are.
pub struct GivenContext {
    /// Which of the modes: materialize, streaming, request.
    pub mode: i32,
    /// Of its interval the start, or its time.
    pub start: i64,
    /// Of its interval the end.
    pub end: i64,
    /// For each input.
    pub ranges: List<Maybe<wire::Interval>>,
    /// By name.
    pub parameters: List<Named<wire::Value>>,
    /// Whether source rows are wanted.
    pub lineage: i32,
    /// By name.
    pub properties: List<Named<Text>>,
}

impl GivenContext {
    /// # Safety
    /// It is what the host hands in, and it is taken once.
    unsafe fn taken(self) -> Context {
        let Self {
            mode,
            start,
            end,
            ranges,
            parameters,
            lineage,
            properties,
        } = self;
        let interval = |wire::Interval { start, end }| Interval { start, end };
        let range = |range: &Maybe<wire::Interval>| Option::from(*range).map(interval);
        // SAFETY: the caller answers for it.
        let owned = |text: &Text| unsafe { text.into_string() };
        let value = |value: &wire::Value| match value {
            wire::Value::Boolean(value) => Value::Boolean(*value),
            wire::Value::Int64(value) => Value::Int64(*value),
            wire::Value::Float64(value) => Value::Float64(*value),
            wire::Value::Utf8(value) => Value::Utf8(owned(value)),
            wire::Value::Timestamp(value) => Value::Timestamp(*value),
            wire::Value::Duration(value) => Value::Duration(*value),
        };
        // SAFETY: the caller answers for it.
        unsafe {
            Context {
                mode: match mode {
                    0 => Mode::Materialize(Interval { start, end }),
                    1 => Mode::Streaming,
                    _ => Mode::Request(start),
                },
                ranges: each(ranges, range),
                parameters: each(parameters, |Named { name, value: given }| {
                    (owned(name), value(given))
                }),
                lineage: lineage != 0,
                properties: each(properties, |Named { name, value }| {
                    (owned(name), owned(value))
                }),
            }
        }
    }
}

/// What is made of each item of a list that came in; then the list is released.
///
/// # Safety
/// It is a list that the host handed in, and nobody looks at it afterwards.
unsafe fn each<T, U>(list: List<T>, make: impl Fn(&T) -> U) -> Vec<U> {
    // SAFETY: the caller answers for it.
    unsafe {
        let made = list.items().iter().map(make).collect();
        release(list);
        made
    }
}

fn text(text: &str) -> Text {
    List::of(text.as_bytes())
}

/// Items that stay as long as the instance, which has one description.
fn kept<T>(items: Vec<T>) -> List<T> {
    List::of(items.leak())
}

/// What a transformation says of itself; it points into it.
fn contract(transformation: &Transformation) -> Result<wire::Contract> {
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
    let inputs = inputs
        .iter()
        .map(|input| {
            Ok(wire::Input {
                name: text(&input.name),
                columns: kept(nodes(&input.columns)?),
                keys: kept(input.keys.iter().map(|key| text(key)).collect()),
            })
        })
        .collect::<Result<_>>()?;
    let properties = properties.iter().map(|(name, value)| Named {
        name: text(name),
        value: text(value),
    });
    Ok(wire::Contract {
        name: text(name),
        doc: text(doc),
        inputs: kept(inputs),
        output: kept(nodes(output)?),
        scope: *scope,
        parameters: kept(parameters.iter().map(parameter).collect()),
        properties: kept(properties.collect()),
    })
}

fn parameter(parameter: &Parameter) -> wire::Parameter {
    let Parameter {
        name,
        kind,
        default,
        doc,
    } = parameter;
    let value = |value: &Value| match value {
        Value::Boolean(value) => wire::Value::Boolean(*value),
        Value::Int64(value) => wire::Value::Int64(*value),
        Value::Float64(value) => wire::Value::Float64(*value),
        Value::Utf8(value) => wire::Value::Utf8(text(value)),
        Value::Timestamp(value) => wire::Value::Timestamp(*value),
        Value::Duration(value) => wire::Value::Duration(*value),
    };
    wire::Parameter {
        name: text(name),
        kind: *kind,
        default: default.as_ref().map(value).into(),
        doc: text(doc),
    }
}

#[cfg(test)]
mod allocated;
#[cfg(test)]
mod tests;
