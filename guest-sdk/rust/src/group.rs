//! The rows of a range of keys, handed out key by key.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, RecordBatch, make_array};
use arrow_data::transform::MutableArrayData;
use arrow_schema::DataType;

use crate::contract::Input;
use crate::error::{Error, Result};
use crate::transformation::Keyed;

/// All rows of one key, of every input.
pub struct Group<'a> {
    rows: &'a [RecordBatch],
}

impl Group<'_> {
    /// The key's rows of an input, sorted by time; without rows if the input has none of this key.
    ///
    /// # Panics
    /// There is no input of that number.
    pub fn rows(&self, input: usize) -> &RecordBatch {
        &self.rows[input]
    }
}

/// A part of a key. All values of one column are of one variant, so the derived order is that of the values.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Part<'a> {
    Boolean(bool),
    Number(i64),
    Text(&'a str),
}

enum KeyColumn<'a> {
    Boolean(&'a arrow_array::BooleanArray),
    Numbers(&'a [i64]),
    Days(&'a [i32]),
    Text(&'a arrow_array::StringArray),
}

impl<'a> KeyColumn<'a> {
    fn new(name: &str, array: &'a ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::Boolean => Self::Boolean(array.as_boolean()),
            DataType::Int64 => Self::Numbers(array.as_primitive::<Int64Type>().values()),
            DataType::Timestamp(..) => Self::Numbers(array.as_primitive::<TimestampMicrosecondType>().values()),
            DataType::Date32 => Self::Days(array.as_primitive::<Date32Type>().values()),
            DataType::Utf8 => Self::Text(array.as_string()),
            other => return Err(Error::new(format!("column `{name}` is {other}, which cannot be a key"))),
        })
    }

    fn part(&self, row: usize) -> Part<'a> {
        match self {
            Self::Boolean(array) => Part::Boolean(array.value(row)),
            Self::Numbers(values) => Part::Number(values[row]),
            Self::Days(values) => Part::Number(i64::from(values[row])),
            Self::Text(array) => Part::Text(array.value(row)),
        }
    }
}

/// Where one input stands.
struct Cursor<'a> {
    batches: &'a [RecordBatch],
    keys: Vec<Vec<KeyColumn<'a>>>,
    batch: usize,
    row: usize,
}

impl<'a> Cursor<'a> {
    fn new(input: &Input, batches: &'a [RecordBatch]) -> Result<Self> {
        let columns = input
            .keys
            .iter()
            .map(|key| input.columns.index_of(key))
            .collect::<Result<Vec<_>, _>>()?;
        let keys = batches
            .iter()
            .map(|batch| {
                let names = columns.iter().zip(&input.keys);
                names
                    .map(|(&index, name)| KeyColumn::new(name, batch.column(index)))
                    .collect::<Result<Vec<_>>>()
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(Self {
            batches,
            keys,
            batch: 0,
            row: 0,
        })
    }

    fn key(&self) -> Option<Vec<Part<'a>>> {
        let columns = self.keys.get(self.batch)?;
        Some(columns.iter().map(|column| column.part(self.row)).collect())
    }

    /// The rows of this key from here on, and moves past them.
    fn take(&mut self, key: &[Part<'_>]) -> Vec<RecordBatch> {
        let mut parts = Vec::new();
        while let Some(columns) = self.keys.get(self.batch) {
            let (batch, from) = (&self.batches[self.batch], self.row);
            while self.row < batch.num_rows()
                && columns
                    .iter()
                    .zip(key)
                    .all(|(column, part)| column.part(self.row) == *part)
            {
                self.row += 1;
            }
            if self.row > from {
                parts.push(batch.slice(from, self.row - from));
            }
            if self.row < batch.num_rows() {
                break;
            }
            (self.batch, self.row) = (self.batch + 1, 0);
        }
        parts
    }
}

/// Calls `keyed` for each key of the range. Batches have rows, and are sorted by key.
pub(crate) fn each_key(inputs: &[Input], batches: &[Vec<RecordBatch>], keyed: &mut dyn Keyed) -> Result<()> {
    let mut cursors = inputs
        .iter()
        .zip(batches)
        .map(|(input, batches)| Cursor::new(input, batches))
        .collect::<Result<Vec<_>>>()?;
    while let Some(key) = cursors.iter().filter_map(Cursor::key).min() {
        let mut rows = Vec::with_capacity(cursors.len());
        for (cursor, input) in cursors.iter_mut().zip(inputs) {
            let parts = if cursor.key().as_ref() == Some(&key) {
                cursor.take(&key)
            } else {
                Vec::new()
            };
            rows.push(match <[RecordBatch; 1]>::try_from(parts) {
                Ok([only]) => only,
                Err(parts) => concatenate(input, &parts)?,
            });
        }
        keyed.group(&Group { rows: &rows })?;
    }
    Ok(())
}

/// One batch of none or several; a key whose rows lie in one batch never comes here.
pub(crate) fn concatenate(input: &Input, parts: &[RecordBatch]) -> Result<RecordBatch> {
    if parts.is_empty() {
        return Ok(RecordBatch::new_empty(Arc::clone(&input.columns)));
    }
    let rows = parts.iter().map(RecordBatch::num_rows).sum();
    let columns = (0..input.columns.fields().len())
        .map(|index| {
            let data: Vec<_> = parts.iter().map(|part| part.column(index).to_data()).collect();
            let mut merged = MutableArrayData::new(data.iter().collect(), false, rows);
            for (place, part) in parts.iter().enumerate() {
                merged.try_extend(place, 0, part.num_rows())?;
            }
            Ok(make_array(merged.freeze()))
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(RecordBatch::try_new(Arc::clone(&input.columns), columns)?)
}
