use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray};
use arrow_schema::SchemaRef;

use crate::error::{Error, Result};

/// Rows that a transformation returns: columns in the contract's order, all of one length.
#[derive(Debug, Clone, Default)]
pub struct Output {
    columns: Vec<ArrayRef>,
    source_rows: Option<Vec<u32>>,
    rejected: Vec<(u32, String)>,
}

/// Any array, as [`columns!`](crate::columns) takes it.
pub fn array(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

/// A column of times, in microseconds since 1970.
pub fn timestamps(micros: impl IntoIterator<Item = i64>) -> TimestampMicrosecondArray {
    TimestampMicrosecondArray::from_iter_values(micros).with_timezone("UTC")
}

impl Output {
    /// These columns.
    pub fn new(columns: Vec<ArrayRef>) -> Self {
        Self {
            columns,
            source_rows: None,
            rejected: Vec::new(),
        }
    }

    /// No rows.
    pub fn none() -> Self {
        Self::default()
    }

    /// For each row out the row of the batch that it came from, rising. Left out, there is one row out for each row in that
    /// was not rejected.
    pub fn source_rows(mut self, rows: Vec<u32>) -> Self {
        self.source_rows = Some(rows);
        self
    }

    /// A row of the batch that cannot be used, and why.
    pub fn reject(mut self, row: u32, reason: impl Into<String>) -> Self {
        self.rejected.push((row, reason.into()));
        self
    }

    /// Checks the columns against the contract, and the source rows against the batch, and completes them.
    pub(crate) fn finish(self, schema: &SchemaRef, rows_in: Option<u32>, lineage: bool) -> Result<Finished> {
        let Self {
            columns,
            source_rows,
            mut rejected,
        } = self;
        rejected.sort_by_key(|(row, _)| *row);
        let batch = batch(schema, columns)?;
        let source_rows = match (source_rows, rows_in) {
            _ if !lineage => None,
            (Some(rows), _) => Some(rows),
            (None, Some(rows_in)) => {
                let rows: Vec<u32> = (0..rows_in)
                    .filter(|row| rejected.binary_search_by_key(row, |(row, _)| *row).is_err())
                    .collect();
                if rows.len() != batch.num_rows() {
                    return Err(Error::new(format!(
                        "{} rows out for {} rows in: say which row each came from with `Output::source_rows`",
                        batch.num_rows(),
                        rows.len()
                    )));
                }
                Some(rows)
            }
            (None, None) => None,
        };
        Ok(Finished {
            batch,
            source_rows,
            rejected,
        })
    }
}

/// What goes to the host.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) batch: RecordBatch,
    pub(crate) source_rows: Option<Vec<u32>>,
    pub(crate) rejected: Vec<(u32, String)>,
}

fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>) -> Result<RecordBatch> {
    if columns.is_empty() {
        return Ok(RecordBatch::new_empty(Arc::clone(schema)));
    }
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| format!("`{}`", field.name()))
        .collect();
    if columns.len() != names.len() {
        let (have, want) = (columns.len(), names.len());
        return Err(Error::new(format!(
            "{have} columns, the output has {want}: {}",
            names.join(", ")
        )));
    }
    for (field, column) in schema.fields().iter().zip(&columns) {
        if field.data_type() != column.data_type() {
            let (name, want, have) = (field.name(), field.data_type(), column.data_type());
            return Err(Error::new(format!(
                "output column `{name}` is {have}, the contract says {want}"
            )));
        }
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(Error::new(format!(
                "output column `{}` has nulls, the contract says that it has none",
                field.name()
            )));
        }
    }
    let options = RecordBatchOptions::new().with_row_count(columns.first().map(|column| column.len()));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}
