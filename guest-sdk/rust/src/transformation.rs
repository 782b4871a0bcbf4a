use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};

use crate::column::Column;
use crate::context::Context;
use crate::contract::{Input, Parameter};
use crate::error::Result;
use crate::group::Group;
use crate::output::Output;

/// Makes rows of the rows of a key; one value for a run.
pub trait Keyed {
    /// All rows of one key. Keys come in rising order.
    fn group(&mut self, group: &Group<'_>) -> Result<()>;

    /// Hands over what was made since it was last asked.
    fn take(&mut self) -> Result<Output>;
}

/// Makes rows of a whole interval; one value for a run.
pub trait Whole {
    /// Rows of an input; inputs come one after another.
    fn push(&mut self, input: usize, batch: &RecordBatch) -> Result<()>;

    /// All rows are in.
    fn finish(&mut self) -> Result<Output>;
}

type Rows = dyn Fn(&Context, &RecordBatch) -> Result<Output>;
type OpenKeyed = dyn Fn(&Context) -> Result<Box<dyn Keyed>>;
type OpenWhole = dyn Fn(&Context) -> Result<Box<dyn Whole>>;

#[derive(Clone)]
pub(crate) enum Body {
    Aligned(Arc<Rows>),
    Row(Arc<Rows>),
    Keyed(Arc<OpenKeyed>),
    Interval(Arc<OpenWhole>),
}

/// One transformation: its contract, and what makes its rows.
#[derive(Clone)]
pub struct Transformation {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) inputs: Vec<Input>,
    pub(crate) output: SchemaRef,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) body: Body,
}

impl Transformation {
    /// One row out for each row in, in the same order.
    pub fn aligned(name: &str) -> Builder<AlignedScope> {
        Builder::new(name, AlignedScope)
    }

    /// Every row by itself, any number of rows out.
    pub fn row(name: &str) -> Builder<RowScope> {
        Builder::new(name, RowScope)
    }

    /// All rows of a key together. Needs `incremental_backfills` in the view.
    pub fn keyed(name: &str) -> Builder<KeyedScope> {
        Builder::new(name, KeyedScope)
    }

    /// A whole interval in one run. Needs `incremental_backfills` in the view.
    pub fn interval(name: &str) -> Builder<IntervalScope> {
        Builder::new(name, IntervalScope)
    }
}

/// A transformation in the making; [`run`](Builder::run) ends it.
pub struct Builder<S> {
    name: String,
    doc: String,
    inputs: Vec<Input>,
    output: SchemaRef,
    parameters: Vec<Parameter>,
    scope: S,
}

/// See [`Transformation::aligned`].
pub struct AlignedScope;
/// See [`Transformation::row`].
pub struct RowScope;
/// See [`Transformation::keyed`].
pub struct KeyedScope;
/// See [`Transformation::interval`].
pub struct IntervalScope;

impl<S> Builder<S> {
    fn new(name: &str, scope: S) -> Self {
        let output = Arc::new(Schema::empty());
        Self {
            name: name.to_owned(),
            doc: String::new(),
            inputs: Vec::new(),
            output,
            parameters: Vec::new(),
            scope,
        }
    }

    /// What it does.
    pub fn doc(mut self, doc: &str) -> Self {
        self.doc = doc.to_owned();
        self
    }

    /// Adds an input; the row and aligned scopes have one.
    pub fn input(mut self, input: Input) -> Self {
        self.inputs.push(input);
        self
    }

    /// Adds a parameter.
    pub fn parameter(mut self, parameter: Parameter) -> Self {
        self.parameters.push(parameter);
        self
    }

    /// The columns of its output, in order.
    pub fn output(mut self, columns: impl IntoIterator<Item = Column>) -> Self {
        self.output = Arc::new(Schema::new(
            columns.into_iter().map(|column| column.0).collect::<Vec<_>>(),
        ));
        self
    }

    fn build(self, body: impl FnOnce(S) -> Body) -> Transformation {
        let Self {
            name,
            doc,
            inputs,
            output,
            parameters,
            scope,
        } = self;
        Transformation {
            name,
            doc,
            inputs,
            output,
            parameters,
            body: body(scope),
        }
    }
}

impl Builder<AlignedScope> {
    /// Called for each batch.
    pub fn run(self, rows: impl Fn(&Context, &RecordBatch) -> Result<Output> + 'static) -> Transformation {
        self.build(|_| Body::Aligned(Arc::new(rows)))
    }
}

impl Builder<RowScope> {
    /// Called for each batch.
    pub fn run(self, rows: impl Fn(&Context, &RecordBatch) -> Result<Output> + 'static) -> Transformation {
        self.build(|_| Body::Row(Arc::new(rows)))
    }
}

impl Builder<KeyedScope> {
    /// Called once for a run; what it returns is given the keys.
    pub fn run<K: Keyed + 'static>(self, open: impl Fn(&Context) -> Result<K> + 'static) -> Transformation {
        self.build(|_| Body::Keyed(Arc::new(move |context| Ok(Box::new(open(context)?)))))
    }
}

impl Builder<IntervalScope> {
    /// Called once for a run; what it returns is given the rows.
    pub fn run<W: Whole + 'static>(self, open: impl Fn(&Context) -> Result<W> + 'static) -> Transformation {
        self.build(|_| Body::Interval(Arc::new(move |context| Ok(Box::new(open(context)?)))))
    }
}
