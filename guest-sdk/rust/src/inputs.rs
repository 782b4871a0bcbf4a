use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;

use crate::contract::Input;
use crate::error::{Error, Result};
use crate::gather::concatenate;

/// All rows of an interval, input by input.
pub struct Inputs {
    inputs: Vec<(SchemaRef, Vec<RecordBatch>)>,
}

impl Inputs {
    pub(crate) fn new(inputs: &[Input]) -> Self {
        let inputs = inputs.iter();
        Self {
            inputs: inputs
                .map(|input| (input.columns.clone(), Vec::new()))
                .collect(),
        }
    }

    pub(crate) fn push(&mut self, input: usize, batch: RecordBatch) -> Result<()> {
        let (_, batches) = self
            .inputs
            .get_mut(input)
            .ok_or_else(|| Error::new(format!("there is no input {input}")))?;
        batches.push(batch);
        Ok(())
    }

    /// The rows of an input, as they came.
    ///
    /// # Panics
    /// There is no input of that number.
    pub fn batches(&self, input: usize) -> &[RecordBatch] {
        &self.inputs[input].1
    }

    /// The rows of an input in one batch; copies if there are several.
    ///
    /// # Panics
    /// There is no input of that number.
    pub fn rows(&self, input: usize) -> Result<RecordBatch> {
        let (schema, batches) = &self.inputs[input];
        concatenate(schema, batches)
    }
}
