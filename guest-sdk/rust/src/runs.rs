//! The runs behind simple functions.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::context::Context;
use crate::contract::Input;
use crate::error::{Error, Result};
use crate::group::{Group, each_key};
use crate::inputs::Inputs;
use crate::output::Output;
use crate::rows::{Emitter, Rows};
use crate::run::Run;
use crate::transformation::{Keyed, Transformation, Whole};

/// One output for each batch.
pub(crate) struct PerBatch<F> {
    function: Arc<F>,
    context: Context,
    ready: Option<Output>,
}

impl<F> PerBatch<F> {
    pub(crate) fn new(function: Arc<F>, context: Context) -> Self {
        Self {
            function,
            context,
            ready: None,
        }
    }
}

impl<F: Fn(&Context, &RecordBatch) -> Result<Output>> Run for PerBatch<F> {
    fn push(&mut self, _input: usize, batch: RecordBatch) -> Result<()> {
        self.ready = Some((self.function)(&self.context, &batch)?);
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Output>> {
        Ok(self.ready.take())
    }
}

/// Rows emitted one by one for each batch.
pub(crate) struct EmitRows<F> {
    function: Arc<F>,
    context: Context,
    output: SchemaRef,
    ready: VecDeque<Output>,
}

impl<F> EmitRows<F> {
    pub(crate) fn new(function: Arc<F>, context: Context, output: SchemaRef) -> Self {
        Self {
            function,
            context,
            output,
            ready: VecDeque::new(),
        }
    }
}

impl<F: Fn(&Context, &RecordBatch, &mut Emitter) -> Result<()>> Run for EmitRows<F> {
    fn push(&mut self, _input: usize, batch: RecordBatch) -> Result<()> {
        let mut emitter = Emitter::new(&self.output, batch.num_rows() as u32);
        (self.function)(&self.context, &batch, &mut emitter)?;
        self.ready.extend(emitter.into_outputs()?);
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Output>> {
        Ok(self.ready.pop_front())
    }
}

/// What the keys of a range are given to, when it has ended.
pub(crate) trait Keys {
    fn group(&mut self, group: &Group<'_>) -> Result<()>;
    fn end(&mut self) -> Result<()>;
    fn next(&mut self) -> Option<Output>;
}

/// Collects a range of keys.
pub(crate) struct ByKey<K> {
    keys: K,
    inputs: Vec<Input>,
    range: Vec<Vec<RecordBatch>>,
}

impl<K> ByKey<K> {
    pub(crate) fn new(keys: K, inputs: &[Input]) -> Self {
        Self {
            keys,
            inputs: inputs.to_vec(),
            range: vec![Vec::new(); inputs.len()],
        }
    }
}

impl<K: Keys> Run for ByKey<K> {
    fn push(&mut self, input: usize, batch: RecordBatch) -> Result<()> {
        let lane = self
            .range
            .get_mut(input)
            .ok_or_else(|| Error::new(format!("there is no input {input}")))?;
        if batch.num_rows() > 0 {
            lane.push(batch);
        }
        Ok(())
    }

    fn end_keys(&mut self) -> Result<()> {
        let none = vec![Vec::new(); self.inputs.len()];
        let range = std::mem::replace(&mut self.range, none);
        each_key(&self.inputs, &range, |group| self.keys.group(group))?;
        self.keys.end()
    }

    fn finish(&mut self) -> Result<()> {
        if self.range.iter().any(|lane| !lane.is_empty()) {
            return Err(Error::new("the run ends inside of a range of keys"));
        }
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Output>> {
        Ok(self.keys.next())
    }
}

/// A call for each key, which emits rows.
pub(crate) struct EmitKeys<F> {
    function: Arc<F>,
    context: Context,
    rows: Rows,
}

impl<F> EmitKeys<F> {
    pub(crate) fn new(function: Arc<F>, context: Context, output: &SchemaRef) -> Self {
        Self {
            function,
            context,
            rows: Rows::new(output),
        }
    }
}

impl<F: Fn(&Context, &Group<'_>, &mut Rows) -> Result<()>> Keys for EmitKeys<F> {
    fn group(&mut self, group: &Group<'_>) -> Result<()> {
        (self.function)(&self.context, group, &mut self.rows)
    }

    fn end(&mut self) -> Result<()> {
        self.rows.flush()
    }

    fn next(&mut self) -> Option<Output> {
        self.rows.next()
    }
}

/// An author's [`Keyed`] or [`Whole`], and what it returned.
pub(crate) struct Columnar<T> {
    author: T,
    ready: Option<Output>,
}

impl<T> Columnar<T> {
    pub(crate) fn new(author: T) -> Self {
        Self {
            author,
            ready: None,
        }
    }
}

impl<K: Keyed> Keys for Columnar<K> {
    fn group(&mut self, group: &Group<'_>) -> Result<()> {
        self.author.group(group)
    }

    fn end(&mut self) -> Result<()> {
        self.ready = Some(self.author.take()?);
        Ok(())
    }

    fn next(&mut self) -> Option<Output> {
        self.ready.take()
    }
}

impl<W: Whole> Run for Columnar<W> {
    fn push(&mut self, input: usize, batch: RecordBatch) -> Result<()> {
        self.author.push(input, &batch)
    }

    fn finish(&mut self) -> Result<()> {
        self.ready = Some(self.author.finish()?);
        Ok(())
    }

    fn next(&mut self) -> Result<Option<Output>> {
        Ok(self.ready.take())
    }
}

/// One call for a whole interval, which emits rows.
pub(crate) struct EmitWhole<F> {
    function: Arc<F>,
    context: Context,
    inputs: Inputs,
    rows: Rows,
}

impl<F> EmitWhole<F> {
    pub(crate) fn new(function: Arc<F>, context: Context, transformation: &Transformation) -> Self {
        Self {
            function,
            context,
            inputs: Inputs::new(&transformation.inputs),
            rows: Rows::new(&transformation.output),
        }
    }
}

impl<F: Fn(&Context, &Inputs, &mut Rows) -> Result<()>> Run for EmitWhole<F> {
    fn push(&mut self, input: usize, batch: RecordBatch) -> Result<()> {
        self.inputs.push(input, batch)
    }

    fn finish(&mut self) -> Result<()> {
        (self.function)(&self.context, &self.inputs, &mut self.rows)?;
        self.rows.flush()
    }

    fn next(&mut self) -> Result<Option<Output>> {
        Ok(self.rows.next())
    }
}
