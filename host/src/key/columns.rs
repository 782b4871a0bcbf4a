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

    /// The canonical bytes of the row's key, of which no part is null.
    pub fn encode(&self, row: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.columns.len() * 9);
        self.append_to(row, &mut out);
        out
    }

    /// Replaces what a buffer holds by the canonical bytes of the row's key, of which no part is null.
    pub fn encode_into(&self, row: usize, out: &mut Vec<u8>) {
        out.clear();
        self.append_to(row, out);
    }

    /// Appends the canonical bytes of the row's key, of which no part is null.
    pub fn append_to(&self, row: usize, out: &mut Vec<u8>) {
        for (column, _) in &self.columns {
            match column {
                Column::Numbers(values) => out.extend(ordered(values[row]).to_be_bytes()),
                Column::Days(values) => out.extend(ordered(i64::from(values[row])).to_be_bytes()),
                Column::Boolean(array) => out.push(u8::from(array.value(row))),
                Column::Utf8(array) => encode_text(array.value(row), out),
            }
        }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Date32Array, Int64Array, TimestampMicrosecondArray};

    use super::*;
    use crate::key::{KeyValue, encode};

    fn join_key(name: &str, kind: KeyKind) -> JoinKey {
        JoinKey {
            name: name.to_owned(),
            kind,
        }
    }

    fn batch() -> RecordBatch {
        let columns: [(&str, ArrayRef); 5] = [
            ("number", Arc::new(Int64Array::from(vec![Some(-1), None, Some(3)]))),
            ("text", Arc::new(StringArray::from(vec!["a\0b", "", "c"]))),
            ("flag", Arc::new(BooleanArray::from(vec![true, false, true]))),
            ("day", Arc::new(Date32Array::from(vec![-1, 0, 1]))),
            (
                "time",
                Arc::new(TimestampMicrosecondArray::from(vec![i64::MIN, 0, i64::MAX]).with_timezone("UTC")),
            ),
        ];
        RecordBatch::try_from_iter(columns).expect("columns of one length")
    }

    #[test]
    fn columns_give_the_bytes_that_values_give() {
        // A slice starts in the middle of its buffers.
        let batch = batch().slice(2, 1);
        let keys = [
            join_key("time", KeyKind::Timestamp),
            join_key("text", KeyKind::Utf8),
            join_key("number", KeyKind::Int64),
            join_key("flag", KeyKind::Boolean),
            join_key("day", KeyKind::Date),
        ];
        let columns = KeyColumns::new(&batch, &keys).expect("columns of these kinds");
        let values = [
            KeyValue::Timestamp(i64::MAX),
            KeyValue::Utf8("c".to_owned()),
            KeyValue::Int64(3),
            KeyValue::Boolean(true),
            KeyValue::Date(1),
        ];
        let mut buffer = vec![1, 2, 3];
        columns.encode_into(0, &mut buffer);
        assert_eq!(buffer, encode(&values));
        assert_eq!(columns.encode(0), buffer);
        columns.append_to(0, &mut buffer);
        assert_eq!(buffer, [columns.encode(0), columns.encode(0)].concat());
    }

    #[test]
    fn a_key_is_null_if_a_part_is() {
        let batch = batch();
        let keys = [join_key("text", KeyKind::Utf8), join_key("number", KeyKind::Int64)];
        let columns = KeyColumns::new(&batch, &keys).expect("columns of these kinds");
        assert_eq!([0, 1, 2].map(|row| columns.is_null(row)), [false, true, false]);
    }

    #[test]
    fn what_is_wrong_with_a_column_is_told() {
        let message = |name, kind| {
            KeyColumns::new(&batch(), &[join_key(name, kind)])
                .err()
                .map(|error| error.message)
        };
        let text = "there is no column `user` for the join key";
        assert_eq!(message("user", KeyKind::Int64).as_deref(), Some(text));
        let text = "column `text` is Utf8, its join key is int64";
        assert_eq!(message("text", KeyKind::Int64).as_deref(), Some(text));
    }
}
