use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, BooleanArray, RecordBatch, StringArray};
use arrow_schema::{DataType, SchemaRef};

use crate::error::{Error, Result};
use crate::schema::kind_name;

/// The value of one key column; it goes into a row of the output as it is.
// Values of one column are of one variant, so the derived order is that of the values: text by bytes, false before true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key<'a> {
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Int64(i64),
    /// Days since 1970.
    Date32(i32),
    /// Microseconds since 1970, UTC.
    Timestamp(i64),
    /// Text.
    Utf8(&'a str),
}

pub(crate) enum KeyColumn<'a> {
    Boolean(&'a BooleanArray),
    Int64(&'a [i64]),
    Date32(&'a [i32]),
    Timestamp(&'a [i64]),
    Utf8(&'a StringArray),
}

impl<'a> KeyColumn<'a> {
    fn new(name: &str, array: &'a ArrayRef) -> Result<Self> {
        if array.null_count() > 0 {
            return Err(Error::input(format!("key `{name}` is null")));
        }
        Ok(match array.data_type() {
            DataType::Boolean => Self::Boolean(array.as_boolean()),
            DataType::Int64 => Self::Int64(array.as_primitive::<Int64Type>().values()),
            DataType::Date32 => Self::Date32(array.as_primitive::<Date32Type>().values()),
            DataType::Timestamp(..) => {
                Self::Timestamp(array.as_primitive::<TimestampMicrosecondType>().values())
            }
            DataType::Utf8 => Self::Utf8(array.as_string()),
            other => {
                let kind = kind_name(other);
                return Err(Error::new(format!(
                    "column `{name}` is {kind}, which cannot be a key"
                )));
            }
        })
    }

    /// The first row from here to `end` that is not of this key, or `end`.
    pub(crate) fn run(&self, from: usize, end: usize, key: &Key<'_>) -> usize {
        match (self, key) {
            (Self::Int64(values), Key::Int64(key)) => run(values, from, end, key),
            (Self::Timestamp(values), Key::Timestamp(key)) => run(values, from, end, key),
            (Self::Date32(values), Key::Date32(key)) => run(values, from, end, key),
            _ => (from..end)
                .find(|row| self.value(*row) != *key)
                .unwrap_or(end),
        }
    }

    pub(crate) fn value(&self, row: usize) -> Key<'a> {
        match self {
            Self::Boolean(array) => Key::Boolean(array.value(row)),
            Self::Int64(values) => Key::Int64(values[row]),
            Self::Date32(values) => Key::Date32(values[row]),
            Self::Timestamp(values) => Key::Timestamp(values[row]),
            Self::Utf8(array) => Key::Utf8(array.value(row)),
        }
    }
}

fn run<T: PartialEq>(values: &[T], from: usize, end: usize, key: &T) -> usize {
    let other = values[from..end].iter().position(|value| value != key);
    other.map_or(end, |rows| from + rows)
}

/// The key columns of a batch.
pub(crate) fn key_columns<'a>(
    schema: &SchemaRef,
    keys: &[String],
    batch: &'a RecordBatch,
) -> Result<Vec<KeyColumn<'a>>> {
    keys.iter()
        .map(|key| KeyColumn::new(key, batch.column(schema.index_of(key)?)))
        .collect()
}
