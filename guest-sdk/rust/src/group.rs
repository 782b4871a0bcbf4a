//! The rows of a range of keys, handed out key by key.

use std::cmp::Ordering;

use arrow_array::RecordBatch;

use crate::contract::Input;
use crate::error::Result;
use crate::gather::concatenate;
use crate::key::{Key, KeyColumn, key_columns};

mod rows;

pub use rows::GroupRows;
use rows::Source;

/// All rows of one key, of every input.
pub struct Group<'a> {
    key: &'a [Key<'a>],
    rows: &'a [GroupRows<'a>],
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
    pub fn rows(&self, input: usize) -> &'a GroupRows<'a> {
        &self.rows[input]
    }
}

/// Where one input stands.
struct Cursor<'a> {
    batches: &'a [RecordBatch],
    keys: Vec<Vec<KeyColumn<'a>>>,
    none: &'a RecordBatch,
    batch: usize,
    row: usize,
}

impl<'a> Cursor<'a> {
    fn new(input: &Input, batches: &'a [RecordBatch], none: &'a RecordBatch) -> Result<Self> {
        let keys = batches
            .iter()
            .map(|batch| key_columns(&input.columns, &input.keys, batch))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            batches,
            keys,
            none,
            batch: 0,
            row: 0,
        })
    }

    /// The key here; nothing at the end, and of an input without keys.
    fn key(&self) -> impl Iterator<Item = Key<'a>> {
        let columns = self.keys.get(self.batch).into_iter().flatten();
        columns.map(|column| column.value(self.row))
    }

    /// The keys of two inputs that have not ended.
    fn compare(&self, other: &Self) -> Ordering {
        self.key().cmp(other.key())
    }

    /// The rows of this key from here on, and moves past them. Rows of one batch are a slice of it; copied are only the rows of
    /// a key that spans batches.
    fn take(&mut self, key: &[Key<'_>]) -> Result<Source<'a>> {
        let mut taken = Source::Slice(self.none, 0, 0);
        let mut parts = Vec::new();
        while let (Some(batch), Some(columns)) =
            (self.batches.get(self.batch), self.keys.get(self.batch))
        {
            let (from, rows) = (self.row, batch.num_rows());
            let mut columns = columns.iter().zip(key);
            let end = columns.try_fold(rows, |end, (column, part)| {
                let end = column.run(from, end, part);
                (end > from).then_some(end)
            });
            let end = end.unwrap_or(from);
            if end > from {
                if let Source::Slice(before, from, rows) = taken
                    && rows > 0
                {
                    parts.push(before.slice(from, rows));
                }
                taken = Source::Slice(batch, from, end - from);
            }
            if end < rows {
                self.row = end;
                break;
            }
            (self.batch, self.row) = (self.batch + 1, 0);
        }
        if let (Source::Slice(last, from, rows), false) = (&taken, parts.is_empty()) {
            parts.push(last.slice(*from, *rows));
            taken = Source::Whole(concatenate(self.none.schema_ref(), &parts)?);
        }
        Ok(taken)
    }
}

/// Calls `each` for every key of the range, keys rising. Batches have rows, and are sorted by key.
pub(crate) fn each_key(
    inputs: &[Input],
    batches: &[Vec<RecordBatch>],
    mut each: impl FnMut(&Group<'_>) -> Result<()>,
) -> Result<()> {
    let none = inputs
        .iter()
        .map(|input| RecordBatch::new_empty(input.columns.clone()));
    let none: Vec<_> = none.collect();
    let mut cursors = inputs
        .iter()
        .zip(batches)
        .zip(&none)
        .map(|((input, batches), none)| Cursor::new(input, batches, none))
        .collect::<Result<Vec<_>>>()?;
    let mut rows: Vec<_> = none.iter().map(GroupRows::new).collect();
    let mut key = Vec::new();
    loop {
        let not_ended = cursors
            .iter()
            .filter(|cursor| cursor.batch < cursor.batches.len());
        let Some(lowest) = not_ended.min_by(|one, other| one.compare(other)) else {
            return Ok(());
        };
        key.clear();
        key.extend(lowest.key());
        for (cursor, rows) in cursors.iter_mut().zip(&mut rows) {
            rows.set(cursor.take(&key)?);
        }
        each(&Group {
            key: &key,
            rows: &rows,
        })?;
    }
}

#[cfg(test)]
mod tests;
