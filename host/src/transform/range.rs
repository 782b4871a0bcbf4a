//! Ranges of keys: how the rows of several inputs, each sorted by key, are handed out so that a key never spans two ranges.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::row::{OwnedRow, RowConverter, Rows, SortField};

/// Columns of an input that make its key.
pub(super) struct KeyReader {
    columns: Vec<usize>,
    converter: RowConverter,
}

impl KeyReader {
    pub(super) fn new(schema: &SchemaRef, keys: &[String]) -> Result<Self, ArrowError> {
        let columns = keys
            .iter()
            .map(|key| schema.index_of(key))
            .collect::<Result<Vec<_>, _>>()?;
        let fields = columns
            .iter()
            .map(|&index| SortField::new(schema.field(index).data_type().clone()))
            .collect();
        Ok(Self {
            columns,
            converter: RowConverter::new(fields)?,
        })
    }

    pub(super) fn read(&mut self, batch: RecordBatch) -> Result<Keyed, ArrowError> {
        let columns: Vec<ArrayRef> = self
            .columns
            .iter()
            .map(|&index| Arc::clone(batch.column(index)))
            .collect();
        debug_assert!(
            columns.iter().all(|column| column.null_count() == 0),
            "null keys are dropped at the source"
        );
        let keys = self.converter.convert_columns(&columns)?;
        Ok(Keyed { batch, keys, from: 0 })
    }
}

/// What is left of a batch that is sorted by key, and its keys.
pub(super) struct Keyed {
    batch: RecordBatch,
    keys: Rows,
    from: usize,
}

impl Keyed {
    pub(super) fn last(&self) -> OwnedRow {
        self.keys.row(self.keys.num_rows() - 1).owned()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.from == self.keys.num_rows()
    }

    /// Takes the rows whose key lies before `bound`, none if there are none.
    pub(super) fn take_before(&mut self, bound: &OwnedRow) -> Option<RecordBatch> {
        let bound = bound.row();
        let (mut low, mut high) = (self.from, self.keys.num_rows());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.keys.row(middle) < bound {
                low = middle + 1
            } else {
                high = middle
            }
        }
        self.take(low)
    }

    /// Takes all rows that are left, none if there are none.
    pub(super) fn take_all(&mut self) -> Option<RecordBatch> {
        self.take(self.keys.num_rows())
    }

    fn take(&mut self, to: usize) -> Option<RecordBatch> {
        let rows = to - self.from;
        let taken = (rows > 0).then(|| self.batch.slice(self.from, rows));
        self.from = to;
        taken
    }
}
