//! The rows of a key: by its columns in rows and tiles, by what dead letters say of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arrow::array::{
    ArrayRef, AsArray, BooleanArray, Date32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::error::ArrowError;

use crate::definition::JoinKey;
use crate::key::{KeyColumns, KeyValue, encode};
use crate::offline::Chosen;

/// Rows that have a key in their columns.
pub struct OfKey {
    keys: Vec<JoinKey>,
    values: Vec<KeyValue>,
    encoded: Vec<u8>,
}

impl OfKey {
    /// The values are those of the keys, in their order.
    pub fn new(keys: &[JoinKey], values: &[KeyValue]) -> Self {
        Self {
            keys: keys.to_vec(),
            values: values.to_vec(),
            encoded: encode(values),
        }
    }
}

impl Chosen for OfKey {
    fn columns(&self) -> Vec<String> {
        self.keys.iter().map(|key| key.name.clone()).collect()
    }

    fn of(&self, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let columns = KeyColumns::new(batch, &self.keys).map_err(|error| ArrowError::SchemaError(error.message))?;
        let mut key = Vec::new();
        let is_it = (0..batch.num_rows()).map(|row| {
            if columns.is_null(row) {
                return Some(false);
            }
            columns.encode_into(row, &mut key);
            Some(key == self.encoded)
        });
        Ok(is_it.collect())
    }

    fn values(&self) -> Vec<(String, ArrayRef)> {
        let array = |value: &KeyValue| -> ArrayRef {
            match value {
                KeyValue::Int64(value) => Arc::new(Int64Array::from(vec![*value])),
                KeyValue::Utf8(value) => Arc::new(StringArray::from(vec![value.as_str()])),
                KeyValue::Boolean(value) => Arc::new(BooleanArray::from(vec![*value])),
                KeyValue::Date(value) => Arc::new(Date32Array::from(vec![*value])),
                KeyValue::Timestamp(value) => {
                    Arc::new(TimestampMicrosecondArray::from(vec![*value]).with_timezone("UTC"))
                }
            }
        };
        let pairs = self.keys.iter().zip(&self.values);
        pairs.map(|(key, value)| (key.name.clone(), array(value))).collect()
    }
}

/// Dead letters of rows that have a key. A letter is a row of a source as the transformation was given it: its columns are the source's, and
/// where one is not called as the join key it cannot be told whose row it is.
pub struct OfLetters {
    keys: Vec<JoinKey>,
    values: Vec<KeyValue>,
    untold: AtomicBool,
}

impl OfLetters {
    /// The values are those of the keys, in their order.
    pub fn new(keys: &[JoinKey], values: &[KeyValue]) -> Self {
        Self {
            keys: keys.to_vec(),
            values: values.to_vec(),
            untold: AtomicBool::new(false),
        }
    }

    /// Whether a letter was looked at that does not tell.
    pub fn untold(&self) -> bool {
        self.untold.load(Ordering::Relaxed)
    }

    /// Whether a letter's row has the key; none if it does not tell.
    fn has_it(&self, row: &str) -> Option<bool> {
        let row: serde_json::Value = serde_json::from_str(row).ok()?;
        let mut has_it = true;
        for (key, wanted) in self.keys.iter().zip(&self.values) {
            let value = row.get(&key.name)?;
            has_it &= !value.is_null() && KeyValue::from_json(key, value).is_ok_and(|value| value == *wanted);
        }
        Some(has_it)
    }
}

impl Chosen for OfLetters {
    fn columns(&self) -> Vec<String> {
        vec!["row".to_owned()]
    }

    fn of(&self, batch: &RecordBatch) -> Result<BooleanArray, ArrowError> {
        let rows = batch.column_by_name("row").and_then(|rows| rows.as_string_opt::<i32>());
        let rows = rows.ok_or_else(|| ArrowError::SchemaError("letters without their rows".to_owned()))?;
        let is_it = rows.iter().map(|row| {
            let told = row.and_then(|row| self.has_it(row));
            if told.is_none() {
                self.untold.store(true, Ordering::Relaxed);
            }
            Some(told == Some(true))
        });
        Ok(is_it.collect())
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::Array;

    use super::*;
    use crate::definition::KeyKind;

    fn key(name: &str, kind: KeyKind) -> JoinKey {
        JoinKey {
            name: name.to_owned(),
            kind,
        }
    }

    fn of(chosen: &dyn Chosen, columns: Vec<(&str, ArrayRef)>) -> Vec<bool> {
        let batch = RecordBatch::try_from_iter(columns).expect("a batch");
        let found = chosen.of(&batch).expect("columns");
        found.iter().map(|found| found == Some(true)).collect()
    }

    #[test]
    fn by_all_parts_of_a_key() {
        let keys = [key("id", KeyKind::Int64), key("shop", KeyKind::Utf8)];
        let chosen = OfKey::new(&keys, &[KeyValue::Int64(7), KeyValue::Utf8("a".into())]);
        let ids: ArrayRef = Arc::new(Int64Array::from(vec![Some(7), Some(7), Some(8), None, Some(7)]));
        let shops: ArrayRef = Arc::new(StringArray::from(vec![
            Some("a"),
            Some("b"),
            Some("a"),
            Some("a"),
            None,
        ]));
        let other: ArrayRef = Arc::new(Int64Array::from(vec![1; 5]));
        let found = of(&chosen, vec![("other", other), ("shop", shops), ("id", ids)]);
        assert_eq!(found, [true, false, false, false, false]);
        assert_eq!(chosen.values()[0].1.as_ref(), &Int64Array::from(vec![7]) as &dyn Array);
    }

    #[test]
    fn by_what_letters_say() {
        let keys = [key("id", KeyKind::Int64), key("day", KeyKind::Date)];
        let chosen = OfLetters::new(&keys, &[KeyValue::Int64(7), KeyValue::Date(1)]);
        let rows = [
            r#"{"id":7,"day":"1970-01-02","x":1}"#,
            r#"{"id":"7","day":"1970-01-02"}"#,
            r#"{"id":77,"day":"1970-01-02"}"#,
            r#"{"id":7,"day":null}"#,
            r#"{"id":7}"#,
            "half",
        ];
        let rows: ArrayRef = Arc::new(StringArray::from(rows.to_vec()));
        assert!(!chosen.untold());
        assert_eq!(
            of(&chosen, vec![("row", rows)]),
            [true, true, false, false, false, false]
        );
        assert!(chosen.untold());
    }
}
