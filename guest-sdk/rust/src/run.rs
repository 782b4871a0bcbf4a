//! One run, the same in a component and in a test: batches in, outputs queued until the host asks for them.

use std::collections::VecDeque;
use std::sync::Arc;

use arrow_array::RecordBatch;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::group::each_key;
use crate::output::{Finished, Output};
use crate::transformation::{Body, Keyed, Transformation, Whole};

pub(crate) struct Run {
    transformation: Transformation,
    context: Context,
    state: State,
    outputs: VecDeque<Finished>,
}

enum State {
    PerRow,
    Keyed {
        keyed: Box<dyn Keyed>,
        range: Vec<Vec<RecordBatch>>,
    },
    Interval(Box<dyn Whole>),
}

/// Rows of one output; more are handed over in parts.
const OUTPUT_ROWS: usize = 65_536;

impl Run {
    pub(crate) fn open(transformation: Transformation, context: Context) -> Result<Self> {
        let state = match &transformation.body {
            Body::Aligned(_) | Body::Row(_) => State::PerRow,
            Body::Keyed(open) => State::Keyed {
                keyed: open(&context)?,
                range: vec![Vec::new(); transformation.inputs.len()],
            },
            Body::Interval(open) => State::Interval(open(&context)?),
        };
        Ok(Self {
            transformation,
            context,
            state,
            outputs: VecDeque::new(),
        })
    }

    pub(crate) fn transformation(&self) -> &Transformation {
        &self.transformation
    }

    pub(crate) fn push(&mut self, input: usize, batch: RecordBatch) -> Result<()> {
        match (&mut self.state, &self.transformation.body) {
            (State::PerRow, Body::Aligned(rows) | Body::Row(rows)) => {
                let output = Arc::clone(rows)(&self.context, &batch)?;
                self.emit(output, Some(batch.num_rows() as u32))
            }
            (State::Keyed { range, .. }, _) => {
                let lane = range
                    .get_mut(input)
                    .ok_or_else(|| Error::new(format!("there is no input {input}")))?;
                if batch.num_rows() > 0 {
                    lane.push(batch);
                }
                Ok(())
            }
            (State::Interval(whole), _) => whole.push(input, &batch),
            (State::PerRow, _) => Err(Error::new("a run in the wrong scope")),
        }
    }

    pub(crate) fn end_keys(&mut self) -> Result<()> {
        let State::Keyed { keyed, range } = &mut self.state else {
            return Err(Error::new("end-keys outside the keyed scope"));
        };
        each_key(&self.transformation.inputs, range, keyed.as_mut())?;
        range.iter_mut().for_each(Vec::clear);
        let output = keyed.take()?;
        self.emit(output, None)
    }

    pub(crate) fn finish(&mut self) -> Result<()> {
        match &mut self.state {
            State::PerRow => Ok(()),
            State::Keyed { range, .. } if range.iter().any(|lane| !lane.is_empty()) => self.end_keys(),
            State::Keyed { .. } => Ok(()),
            State::Interval(whole) => {
                let output = whole.finish()?;
                self.emit(output, None)
            }
        }
    }

    pub(crate) fn next(&mut self) -> Option<Finished> {
        self.outputs.pop_front()
    }

    fn emit(&mut self, output: Output, rows_in: Option<u32>) -> Result<()> {
        let lineage = self.context.lineage && rows_in.is_some();
        let Finished {
            batch,
            source_rows,
            mut rejected,
        } = output.finish(&self.transformation.output, rows_in, lineage)?;
        let rows = batch.num_rows();
        let mut from = 0;
        while from < rows || !rejected.is_empty() {
            let length = OUTPUT_ROWS.min(rows - from);
            self.outputs.push_back(Finished {
                batch: batch.slice(from, length),
                source_rows: source_rows
                    .as_ref()
                    .map(|all| all.get(from..from + length).unwrap_or_default().to_vec()),
                rejected: std::mem::take(&mut rejected),
            });
            from += length;
        }
        Ok(())
    }
}
