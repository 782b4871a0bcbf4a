use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimestampMicrosecondType};

use super::{KeyError, encode_text, ordered};
use crate::definition::{JoinKey, KeyKind};

/// The join keys of a batch's rows.
pub struct KeyColumns<'a> {
    columns: Vec<(Column<'a>, &'a dyn Array)>,
}

enum Column<'a> {
    Numbers(&'a [i64]),
    Days(&'a [i32]),
    Boolean(&'a BooleanArray),
    Utf8(&'a StringArray),
}

/// The Arrow type that a key column has.
pub fn data_type(kind: KeyKind) -> DataType {
    match kind {
        KeyKind::Int64 => DataType::Int64,
        KeyKind::Utf8 => DataType::Utf8,
        KeyKind::Boolean => DataType::Boolean,
        KeyKind::Date => DataType::Date32,
        KeyKind::Timestamp => sandglass_runtime::host_type::timestamp(),
    }
}

impl<'a> KeyColumns<'a> {
    /// Finds the columns.
    pub fn new(batch: &'a RecordBatch, keys: &[JoinKey]) -> Result<Self, KeyError> {
        let columns = keys
            .iter()
            .map(|key| {
                let array = batch.column_by_name(&key.name).ok_or_else(|| KeyError {
                    message: format!("there is no column `{}` for the join key", key.name),
                })?;
                let column = column(array, key.kind).ok_or_else(|| KeyError {
                    message: format!(
                        "column `{}` is {}, its join key is {}",
                        key.name,
                        array.data_type(),
                        key.kind.name()
                    ),
                })?;
                Ok((column, array.as_ref()))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { columns })
    }

    /// Whether a part of the row's key is null.
    pub fn is_null(&self, row: usize) -> bool {
        self.columns.iter().any(|(_, array)| array.is_null(row))
    }

    /// The canonical bytes of the row's key.
    pub fn encode(&self, row: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.columns.len() * 9);
        for (column, _) in &self.columns {
            match column {
                Column::Numbers(values) => out.extend(ordered(values[row]).to_be_bytes()),
                Column::Days(values) => out.extend(ordered(i64::from(values[row])).to_be_bytes()),
                Column::Boolean(array) => out.push(u8::from(array.value(row))),
                Column::Utf8(array) => encode_text(array.value(row), &mut out),
            }
        }
        out
    }
}

fn column(array: &ArrayRef, kind: KeyKind) -> Option<Column<'_>> {
    if *array.data_type() != data_type(kind) {
        return None;
    }
    Some(match kind {
        KeyKind::Int64 => Column::Numbers(array.as_primitive_opt::<Int64Type>()?.values()),
        KeyKind::Timestamp => Column::Numbers(array.as_primitive_opt::<TimestampMicrosecondType>()?.values()),
        KeyKind::Date => Column::Days(array.as_primitive_opt::<Date32Type>()?.values()),
        KeyKind::Boolean => Column::Boolean(array.as_boolean_opt()?),
        KeyKind::Utf8 => Column::Utf8(array.as_string_opt()?),
    })
}
