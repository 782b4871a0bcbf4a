use std::marker::PhantomData;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::{Schema, SchemaRef};

use crate::column::Column;
use crate::context::Context;
use crate::contract::{Input, Parameter};
use crate::error::Result;
use crate::group::Group;
use crate::inputs::Inputs;
use crate::output::Output;
use crate::rows::{Emitter, Rows};
use crate::run::{Open, Run};
use crate::runs::{ByKey, Columnar, EmitKeys, EmitRows, EmitWhole, PerBatch};

/// Makes columns of the rows of a key; one value for a run.
pub trait Keyed {
    /// All rows of one key. Keys come in rising order.
    fn group(&mut self, group: &Group<'_>) -> Result<()>;

    /// Hands over what was made since it was last asked, at the end of each range of keys.
    fn take(&mut self) -> Result<Output>;
}

/// Makes columns of a whole interval without holding its rows; one value for a run.
pub trait Whole {
    /// Rows of an input; inputs come one after another.
    fn push(&mut self, input: usize, batch: &RecordBatch) -> Result<()>;

    /// All rows are in.
    fn finish(&mut self) -> Result<Output>;
}

/// How far the host may split the input over runs: the contract's `enum scope`.
#[repr(u8)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Aligned,
    Row,
    Keyed,
    Interval,
}

/// One transformation: its contract, and what makes its rows.
#[derive(Clone)]
pub struct Transformation {
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) inputs: Vec<Input>,
    pub(crate) output: SchemaRef,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) properties: Vec<(String, String)>,
    pub(crate) scope: Scope,
    pub(crate) open: Arc<Open>,
}

impl Transformation {
    /// One row out for each row in, in the same order.
    pub fn aligned(name: &str) -> Builder<AlignedScope> {
        Builder::new(name, Scope::Aligned)
    }

    /// Every row by itself, any number of rows out.
    pub fn row(name: &str) -> Builder<RowScope> {
        Builder::new(name, Scope::Row)
    }

    /// All rows of a key together. Needs `incremental_backfills` in the view.
    pub fn keyed(name: &str) -> Builder<KeyedScope> {
        Builder::new(name, Scope::Keyed)
    }

    /// A whole interval in one run. Needs `incremental_backfills` in the view.
    pub fn interval(name: &str) -> Builder<IntervalScope> {
        Builder::new(name, Scope::Interval)
    }
}

/// See [`Transformation::aligned`].
pub struct AlignedScope;
/// See [`Transformation::row`].
pub struct RowScope;
/// See [`Transformation::keyed`].
pub struct KeyedScope;
/// See [`Transformation::interval`].
pub struct IntervalScope;

/// A transformation in the making. `run` (with columns), `emit` (row by row) or [`open`](Builder::open) ends it.
pub struct Builder<S> {
    name: String,
    doc: String,
    inputs: Vec<Input>,
    output: SchemaRef,
    parameters: Vec<Parameter>,
    properties: Vec<(String, String)>,
    scope: Scope,
    marker: PhantomData<S>,
}

impl<S> Builder<S> {
    fn new(name: &str, scope: Scope) -> Self {
        Self {
            name: name.to_owned(),
            doc: String::new(),
            inputs: Vec::new(),
            output: Arc::new(Schema::empty()),
            parameters: Vec::new(),
            properties: Vec::new(),
            scope,
            marker: PhantomData,
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
        let fields: Vec<_> = columns.into_iter().map(|column| column.0).collect();
        self.output = Arc::new(Schema::new(fields));
        self
    }

    /// Adds a property for a host later than this SDK; one that does not know it ignores it.
    pub fn property(mut self, name: &str, value: &str) -> Self {
        self.properties.push((name.to_owned(), value.to_owned()));
        self
    }

    /// For runs with a state of their own: called once for a run, what it returns is given the batches. See [`Run`].
    pub fn open<R: Run + 'static>(
        self,
        open: impl Fn(&Context) -> Result<R> + 'static,
    ) -> Transformation {
        self.build(move |_, context| Ok(Box::new(open(context)?)))
    }

    fn build(
        self,
        open: impl Fn(&Transformation, &Context) -> Result<Box<dyn Run>> + 'static,
    ) -> Transformation {
        let Self {
            name,
            doc,
            inputs,
            output,
            parameters,
            properties,
            scope,
            marker: _,
        } = self;
        Transformation {
            name,
            doc,
            inputs,
            output,
            parameters,
            properties,
            scope,
            open: Arc::new(open),
        }
    }

    fn per_batch(
        self,
        function: impl Fn(&Context, &RecordBatch) -> Result<Output> + 'static,
    ) -> Transformation {
        let function = Arc::new(function);
        self.build(move |_, context| {
            Ok(Box::new(PerBatch::new(
                Arc::clone(&function),
                context.clone(),
            )))
        })
    }
}

impl Builder<AlignedScope> {
    /// `function` is called for each batch, and returns as many rows, in the same order.
    pub fn run(
        self,
        function: impl Fn(&Context, &RecordBatch) -> Result<Output> + 'static,
    ) -> Transformation {
        self.per_batch(function)
    }
}

impl Builder<RowScope> {
    /// `function` is called for each batch, and returns columns.
    pub fn run(
        self,
        function: impl Fn(&Context, &RecordBatch) -> Result<Output> + 'static,
    ) -> Transformation {
        self.per_batch(function)
    }

    /// `function` is called for each batch, and emits rows one by one.
    pub fn emit(
        self,
        function: impl Fn(&Context, &RecordBatch, &mut Emitter) -> Result<()> + 'static,
    ) -> Transformation {
        let function = Arc::new(function);
        self.build(move |transformation, context| {
            Ok(Box::new(EmitRows::new(
                Arc::clone(&function),
                context.clone(),
                Arc::clone(&transformation.output),
            )))
        })
    }
}

impl Builder<KeyedScope> {
    /// `function` is called for each key with all its rows, and emits rows one by one. Keys rise.
    pub fn emit(
        self,
        function: impl Fn(&Context, &Group<'_>, &mut Rows) -> Result<()> + 'static,
    ) -> Transformation {
        let function = Arc::new(function);
        self.build(move |transformation, context| {
            let keyed = EmitKeys::new(
                Arc::clone(&function),
                context.clone(),
                &transformation.output,
            );
            Ok(Box::new(ByKey::new(keyed, &transformation.inputs)))
        })
    }

    /// Called once for a run; what it returns is given the keys, and returns columns.
    pub fn run<K: Keyed + 'static>(
        self,
        open: impl Fn(&Context) -> Result<K> + 'static,
    ) -> Transformation {
        self.build(move |transformation, context| {
            let keyed = Columnar::new(open(context)?);
            Ok(Box::new(ByKey::new(keyed, &transformation.inputs)))
        })
    }
}

impl Builder<IntervalScope> {
    /// `function` is called once, with all rows of every input, and emits rows one by one.
    pub fn emit(
        self,
        function: impl Fn(&Context, &Inputs, &mut Rows) -> Result<()> + 'static,
    ) -> Transformation {
        let function = Arc::new(function);
        self.build(move |transformation, context| {
            Ok(Box::new(EmitWhole::new(
                Arc::clone(&function),
                context.clone(),
                transformation,
            )))
        })
    }

    /// Called once for a run; what it returns is given the rows, and returns columns.
    pub fn run<W: Whole + 'static>(
        self,
        open: impl Fn(&Context) -> Result<W> + 'static,
    ) -> Transformation {
        self.build(move |_, context| Ok(Box::new(Columnar::new(open(context)?))))
    }
}
