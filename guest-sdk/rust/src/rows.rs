use std::collections::VecDeque;

use arrow_array::ArrayRef;
use arrow_schema::SchemaRef;

use crate::builder::ColumnBuilder;
use crate::cell::Row;
use crate::error::{Error, Result};
use crate::output::Output;
use crate::schema::names;

/// Rows of one output.
pub(crate) const OUTPUT_ROWS: usize = 8_192;

/// Where the keyed and interval scopes put their rows.
pub struct Rows {
    schema: SchemaRef,
    columns: Vec<ColumnBuilder>,
    rows: usize,
    ready: VecDeque<Output>,
}

impl Rows {
    pub(crate) fn new(schema: &SchemaRef) -> Self {
        Self {
            columns: schema
                .fields()
                .iter()
                .map(|field| ColumnBuilder::new(field))
                .collect(),
            schema: schema.clone(),
            rows: 0,
            ready: VecDeque::new(),
        }
    }

    /// Adds a row: a tuple of its cells, in the order of the output's columns.
    #[inline]
    pub fn push(&mut self, row: impl Row) -> Result<()> {
        if row.length() != self.columns.len() {
            let (have, want) = (row.length(), self.columns.len());
            return Err(Error::new(format!(
                "a row of {have} cells, the output has {want} columns: {}",
                names(&self.schema)
            )));
        }
        row.append_to(&mut self.columns)?;
        self.rows += 1;
        if self.rows == OUTPUT_ROWS {
            self.flush()?;
        }
        Ok(())
    }

    /// Adds rows as columns, in the order of the output's: see [`columns!`](crate::columns).
    pub fn push_columns(&mut self, columns: Vec<ArrayRef>) -> Result<()> {
        self.flush()?;
        self.ready.push_back(Output::new(columns));
        Ok(())
    }

    /// What has been added becomes an output.
    pub(crate) fn flush(&mut self) -> Result<()> {
        if self.rows > 0 {
            self.rows = 0;
            let columns = self
                .columns
                .iter_mut()
                .map(ColumnBuilder::finish)
                .collect::<Result<_>>()?;
            self.ready.push_back(Output::new(columns));
        }
        Ok(())
    }

    pub(crate) fn next(&mut self) -> Option<Output> {
        self.ready.pop_front()
    }
}

/// Where the row scope puts its rows: each with the row of the batch that it came from.
pub struct Emitter {
    rows: Rows,
    rows_in: u32,
    source_rows: Vec<u32>,
    rejected: Vec<(u32, String)>,
}

impl Emitter {
    pub(crate) fn new(schema: &SchemaRef, rows_in: u32) -> Self {
        Self {
            rows: Rows::new(schema),
            rows_in,
            source_rows: Vec::new(),
            rejected: Vec::new(),
        }
    }

    /// Adds a row that row `source` of the batch gave: a tuple of its cells, in the order of the output's columns. Sources never
    /// fall.
    #[inline]
    pub fn emit(&mut self, source: u32, row: impl Row) -> Result<()> {
        if source >= self.rows_in || self.source_rows.last().is_some_and(|last| source < *last) {
            return Err(self.misplaced(source));
        }
        self.rows.push(row)?;
        self.source_rows.push(source);
        Ok(())
    }

    #[cold]
    fn misplaced(&self, source: u32) -> Error {
        Error::new(if source >= self.rows_in {
            format!("row {source} of a batch of {}", self.rows_in)
        } else {
            format!("source row {source} after {:?}", self.source_rows.last())
        })
    }

    /// A row of the batch that cannot be used, and why. The run goes on.
    pub fn reject(&mut self, source: u32, reason: impl Into<String>) {
        self.rejected.push((source, reason.into()));
    }

    /// Outputs with their source rows; rejected rows go with the last.
    pub(crate) fn into_outputs(mut self) -> Result<Vec<Output>> {
        self.rows.flush()?;
        let mut outputs = Vec::new();
        let mut from = 0;
        while let Some(output) = self.rows.next() {
            let rows = output.rows();
            let sources = self.source_rows[from..from + rows].to_vec();
            outputs.push(output.source_rows(sources));
            from += rows;
        }
        if !self.rejected.is_empty() {
            let last = outputs
                .pop()
                .unwrap_or_else(|| Output::none().source_rows(Vec::new()));
            outputs.push(
                self.rejected
                    .into_iter()
                    .fold(last, |output, (row, reason)| output.reject(row, reason)),
            );
        }
        Ok(outputs)
    }
}
