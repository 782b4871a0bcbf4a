use std::cell::OnceCell;
use std::fmt::{self, Debug, Formatter};
use std::ops::Deref;

use arrow_array::{Array, ArrayRef, RecordBatch};

use crate::batch::{Columns, no_column};
use crate::error::Result;
use crate::gather::take_rows;

/// The rows of one key, of one input: columns by name and type ([`Columns`]), and a [`RecordBatch`] wherever one is asked for.
/// Only what is looked at is cut out of the batches that came in.
pub struct GroupRows<'a> {
    source: Source<'a>,
    columns: Vec<OnceCell<ArrayRef>>,
    batch: OnceCell<RecordBatch>,
}

/// Where the rows are.
pub(super) enum Source<'a> {
    /// In one batch: from this row, so many.
    Slice(&'a RecordBatch, usize, usize),
    /// All rows of a batch of their own.
    Whole(RecordBatch),
}

impl<'a> GroupRows<'a> {
    /// Rows of these columns, none yet.
    pub(super) fn new(none: &'a RecordBatch) -> Self {
        Self {
            source: Source::Slice(none, 0, 0),
            columns: vec![OnceCell::new(); none.num_columns()],
            batch: OnceCell::new(),
        }
    }

    /// The rows of the next key.
    pub(super) fn set(&mut self, source: Source<'a>) {
        self.source = source;
        self.batch.take();
        for column in &mut self.columns {
            column.take();
        }
    }

    /// As a batch, which is cut out when it is asked for.
    pub fn batch(&self) -> &RecordBatch {
        match &self.source {
            Source::Slice(batch, from, rows) => {
                self.batch.get_or_init(|| batch.slice(*from, *rows))
            }
            Source::Whole(batch) => batch,
        }
    }

    /// How many there are.
    pub fn num_rows(&self) -> usize {
        match &self.source {
            Source::Slice(_, _, rows) => *rows,
            Source::Whole(batch) => batch.num_rows(),
        }
    }
}

impl Columns for GroupRows<'_> {
    fn any(&self, name: &str) -> Result<&dyn Array> {
        let (batch, slice) = match &self.source {
            Source::Slice(batch, from, rows) => (*batch, Some((*from, *rows))),
            Source::Whole(batch) => (batch, None),
        };
        let index = batch.schema_ref().index_of(name);
        let index = index.map_err(|_| no_column(name, batch.schema_ref()))?;
        let column = batch.column(index);
        Ok(match slice {
            Some((from, rows)) => self.columns[index].get_or_init(|| column.slice(from, rows)),
            None => column,
        })
    }

    fn rows(&self) -> u32 {
        self.num_rows() as u32
    }

    fn take_rows(&self, rows: &[u32]) -> Result<RecordBatch> {
        take_rows(self.batch(), rows)
    }
}

impl Debug for GroupRows<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.batch().fmt(f)
    }
}

impl Deref for GroupRows<'_> {
    type Target = RecordBatch;

    fn deref(&self) -> &RecordBatch {
        self.batch()
    }
}
