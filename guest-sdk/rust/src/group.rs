//! The rows of a range of keys, handed out key by key.

use std::sync::Arc;

use arrow_array::RecordBatch;

use crate::contract::Input;
use crate::error::Result;
use crate::gather::concatenate;
use crate::key::{Key, KeyColumn, key_columns};

/// All rows of one key, of every input.
pub struct Group<'a> {
    key: &'a [Key<'a>],
    rows: &'a [RecordBatch],
}

impl<'a> Group<'a> {
    /// A part of the key, in the order in which inputs name their key columns.
    ///
    /// # Panics
    /// The key has fewer parts.
    pub fn key(&self, part: usize) -> Key<'a> {
        self.key[part]
    }

    /// The key's rows of an input, sorted by time; without rows if the input has none of this key.
    ///
    /// # Panics
    /// There is no input of that number.
    pub fn rows(&self, input: usize) -> &'a RecordBatch {
        &self.rows[input]
    }
}

/// Where one input stands.
struct Cursor<'a> {
    batches: &'a [RecordBatch],
    keys: Vec<Vec<KeyColumn<'a>>>,
    none: RecordBatch,
    batch: usize,
    row: usize,
}

impl<'a> Cursor<'a> {
    fn new(input: &Input, batches: &'a [RecordBatch]) -> Result<Self> {
        let keys = batches
            .iter()
            .map(|batch| key_columns(&input.columns, &input.keys, batch))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            batches,
            keys,
            none: RecordBatch::new_empty(Arc::clone(&input.columns)),
            batch: 0,
            row: 0,
        })
    }

    fn key(&self) -> Option<Vec<Key<'a>>> {
        let columns = self.keys.get(self.batch)?;
        Some(
            columns
                .iter()
                .map(|column| column.value(self.row))
                .collect(),
        )
    }

    /// The rows of this key from here on, and moves past them. Rows of one batch are a slice of it; copied are only the rows of
    /// a key that spans batches.
    fn take(&mut self, key: &[Key<'_>]) -> Result<RecordBatch> {
        let mut parts = Vec::new();
        while let (Some(batch), Some(columns)) =
            (self.batches.get(self.batch), self.keys.get(self.batch))
        {
            let (from, rows) = (self.row, batch.num_rows());
            let is_at = |row: usize| {
                let mut parts = columns.iter().zip(key);
                parts.all(|(column, part)| column.value(row) == *part)
            };
            let end = (from..rows).find(|row| !is_at(*row)).unwrap_or(rows);
            if end > from {
                parts.push(batch.slice(from, end - from));
            }
            if end < rows {
                self.row = end;
                break;
            }
            (self.batch, self.row) = (self.batch + 1, 0);
        }
        match <[RecordBatch; 1]>::try_from(parts) {
            Ok([only]) => Ok(only),
            Err(parts) if parts.is_empty() => Ok(self.none.clone()),
            Err(parts) => concatenate(self.none.schema_ref(), &parts),
        }
    }
}

/// Calls `each` for every key of the range, keys rising. Batches have rows, and are sorted by key.
pub(crate) fn each_key(
    inputs: &[Input],
    batches: &[Vec<RecordBatch>],
    mut each: impl FnMut(&Group<'_>) -> Result<()>,
) -> Result<()> {
    let mut cursors = inputs
        .iter()
        .zip(batches)
        .map(|(input, batches)| Cursor::new(input, batches))
        .collect::<Result<Vec<_>>>()?;
    while let Some(key) = cursors.iter().filter_map(Cursor::key).min() {
        let rows = cursors
            .iter_mut()
            .map(|cursor| cursor.take(&key))
            .collect::<Result<Vec<_>>>()?;
        each(&Group {
            key: &key,
            rows: &rows,
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
