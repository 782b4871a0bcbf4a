use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Float64Array, Int8Array,
    Int16Array, Int32Array, Int64Array, ListArray, MapArray, StringArray, StructArray, TimestampMicrosecondArray,
    UInt8Array, UInt16Array, UInt32Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer};
use arrow::datatypes::{DataType, FieldRef, TimeUnit};

use super::value::Value;

/// The bytes of texts and the values of lists, about: what a column of these takes.
pub fn size_bytes(value: &Value) -> usize {
    match value {
        Value::Utf8(text) => text.len() + 8,
        Value::Binary(bytes) => bytes.len() + 8,
        Value::List(values) => 8 + values.iter().map(size_bytes).sum::<usize>(),
        Value::Struct(fields) => fields.iter().map(|(_, value)| size_bytes(value)).sum(),
        Value::Map(entries) => {
            let entry = |(key, value): &(Value, Value)| size_bytes(key) + size_bytes(value);
            8 + entries.iter().map(entry).sum::<usize>()
        }
        _ => 16,
    }
}

/// A column of values, of less than 2 GiB by [`size_bytes`]: what [`Value::of`] makes of it are these values again.
///
/// # Errors
/// A value that is not of the type, or a null where there is none in this type.
pub fn column(data_type: &DataType, values: &[&Value]) -> Result<ArrayRef, String> {
    let wrong = |value: &Value| format!("`{}` is not {data_type}", value.plain());
    macro_rules! each {
        ($array:ty, $($pattern:pat => $value:expr),+) => {{
            let cells = values.iter().map(|value| match value {
                Value::Null => Ok(None),
                $($pattern => ($value).map(Some).ok_or_else(|| wrong(value)),)+
                other => Err(wrong(other)),
            });
            cells.collect::<Result<$array, String>>()?
        }};
    }
    // Values lie apart in memory: a loop that only looks waits for many of them at once, and most columns have numbers alone.
    macro_rules! numbers {
        ($array:ty, $kind:path) => {{
            let number = |value: &&Value| match value {
                $kind(value) => Some(*value),
                _ => None,
            };
            match values.iter().all(|value| number(value).is_some()) {
                true => values.iter().filter_map(number).collect::<Vec<_>>().into(),
                false => each!($array, $kind(value) => Some(*value)),
            }
        }};
    }
    macro_rules! whole {
        ($array:ty) => {
            Arc::new(each!($array, Value::Int64(value) => (*value).try_into().ok()))
        };
    }
    Ok(match data_type {
        DataType::Boolean => Arc::new(each!(BooleanArray, Value::Boolean(value) => Some(*value))),
        DataType::Int8 => whole!(Int8Array),
        DataType::Int16 => whole!(Int16Array),
        DataType::Int32 => whole!(Int32Array),
        DataType::Int64 => Arc::new(numbers!(Int64Array, Value::Int64)),
        DataType::UInt8 => whole!(UInt8Array),
        DataType::UInt16 => whole!(UInt16Array),
        DataType::UInt32 => whole!(UInt32Array),
        // What is kept as float64 was float32 before.
        DataType::Float32 => Arc::new(each!(Float32Array, Value::Float64(value) => Some(*value as f32))),
        DataType::Float64 => Arc::new(numbers!(Float64Array, Value::Float64)),
        DataType::Utf8 => Arc::new(each!(StringArray, Value::Utf8(value) => Some(value.as_str()))),
        DataType::Binary => Arc::new(each!(BinaryArray, Value::Binary(value) => Some(value.as_slice()))),
        DataType::Date32 => Arc::new(each!(Date32Array, Value::Date(value) => Some(*value))),
        DataType::Timestamp(TimeUnit::Microsecond, zone) => {
            let times = each!(TimestampMicrosecondArray, Value::Timestamp(value) => Some(*value));
            Arc::new(times.with_timezone_opt(zone.clone()))
        }
        DataType::Decimal128(precision, scale) => {
            let digits = each!(Decimal128Array, Value::Decimal(digits, own) => (own == scale).then_some(*digits));
            let column = digits.with_precision_and_scale(*precision, *scale);
            Arc::new(column.map_err(|error| error.to_string())?)
        }
        DataType::List(item) => {
            let nulls = nulls(values);
            let lists: Vec<&[Value]> = each!(Vec<Option<&[Value]>>, Value::List(values) => Some(values.as_slice()))
                .into_iter()
                .map(Option::unwrap_or_default)
                .collect();
            let items: Vec<&Value> = lists.iter().copied().flatten().collect();
            let offsets = OffsetBuffer::from_lengths(lists.iter().map(|list| list.len()));
            let list = ListArray::try_new(Arc::clone(item), offsets, column(item.data_type(), &items)?, nulls);
            Arc::new(list.map_err(|error| error.to_string())?)
        }
        DataType::Struct(fields) => {
            let rows = each!(Vec<Option<&Vec<(String, Value)>>>, Value::Struct(cells) => {
                (cells.len() == fields.len()).then_some(cells)
            });
            let field = |(place, field): (usize, &FieldRef)| {
                let cells = rows.iter().map(|row| row.map_or(&Value::Null, |cells| &cells[place].1));
                column(field.data_type(), &cells.collect::<Vec<_>>())
            };
            let columns = fields.iter().enumerate().map(field).collect::<Result<Vec<_>, _>>()?;
            let structs = StructArray::try_new_with_length(fields.clone(), columns, nulls(values), values.len());
            Arc::new(structs.map_err(|error| error.to_string())?)
        }
        DataType::Map(entries, sorted) => {
            let DataType::Struct(fields) = entries.data_type() else {
                return Err(format!("{data_type} has no entries"));
            };
            let maps: Vec<&[(Value, Value)]> =
                each!(Vec<Option<&[(Value, Value)]>>, Value::Map(entries) => Some(entries.as_slice()))
                    .into_iter()
                    .map(Option::unwrap_or_default)
                    .collect();
            let all = || maps.iter().copied().flatten();
            let (keys, cells): (Vec<&Value>, Vec<&Value>) = all().map(|(key, value)| (key, value)).unzip();
            let [key, value] = fields.as_ref() else {
                return Err(format!("{data_type} has no keys and values"));
            };
            let columns = vec![column(key.data_type(), &keys)?, column(value.data_type(), &cells)?];
            let pairs = StructArray::try_new(fields.clone(), columns, None).map_err(|error| error.to_string())?;
            let offsets = OffsetBuffer::from_lengths(maps.iter().map(|map| map.len()));
            let map = MapArray::try_new(Arc::clone(entries), offsets, pairs, nulls(values), *sorted);
            Arc::new(map.map_err(|error| error.to_string())?)
        }
        other => return Err(format!("{other} is no type of features")),
    })
}

fn nulls(values: &[&Value]) -> Option<NullBuffer> {
    let valid: NullBuffer = values.iter().map(|value| **value != Value::Null).collect();
    (valid.null_count() > 0).then_some(valid)
}

#[cfg(test)]
mod tests {
    use arrow::array::{Array, RecordBatch};
    use arrow::datatypes::{Field, Fields, Schema};

    use super::*;

    fn list(item: DataType) -> DataType {
        DataType::List(Arc::new(Field::new("item", item, true)))
    }

    fn pairs() -> DataType {
        let fields = vec![
            Field::new("a", DataType::Int16, true),
            Field::new("b", list(DataType::Utf8), true),
        ];
        DataType::Struct(Fields::from(fields))
    }

    fn map() -> DataType {
        let fields = vec![
            Field::new("keys", DataType::Utf8, false),
            Field::new("values", list(pairs()), true),
        ];
        let entries = Field::new("entries", DataType::Struct(Fields::from(fields)), false);
        DataType::Map(Arc::new(entries), false)
    }

    #[test]
    fn columns_are_made_of_these_values() {
        let text = |text: &str| Value::Utf8(text.to_owned());
        let pair = || {
            Value::Struct(vec![
                ("a".to_owned(), Value::Int64(-7)),
                ("b".to_owned(), Value::List(vec![text("x"), Value::Null])),
            ])
        };
        for (data_type, value) in [
            (DataType::Boolean, Value::Boolean(true)),
            (DataType::Int8, Value::Int64(-128)),
            (DataType::Int16, Value::Int64(300)),
            (DataType::Int32, Value::Int64(1 << 20)),
            (DataType::Int64, Value::Int64(i64::MIN)),
            (DataType::UInt32, Value::Int64(i64::from(u32::MAX))),
            (DataType::Float32, Value::Float64(f64::from(0.1_f32))),
            (DataType::Float64, Value::Float64(-0.0)),
            (DataType::Utf8, text("é")),
            (DataType::Binary, Value::Binary(vec![0, 255])),
            (DataType::Date32, Value::Date(-1)),
            (sandglass_runtime::host_type::timestamp(), Value::Timestamp(-1)),
            (DataType::Decimal128(9, 2), Value::Decimal(-105, 2)),
            (list(DataType::Int64), Value::List(vec![Value::Null, Value::Int64(1)])),
            (list(DataType::Int64), Value::List(Vec::new())),
            (pairs(), pair()),
            (
                map(),
                Value::Map(vec![(text("k"), Value::List(vec![pair(), Value::Null]))]),
            ),
        ] {
            let values = [&value, &Value::Null, &value];
            let made = column(&data_type, &values).expect("a column");
            assert_eq!(made.data_type(), &data_type);
            let schema = Arc::new(Schema::new(vec![Field::new("c", data_type, true)]));
            RecordBatch::try_new(schema, vec![Arc::clone(&made)]).expect("a column of the type");
            for (row, value) in values.into_iter().enumerate() {
                assert_eq!(Value::of(&made, row).as_ref(), Ok(value));
            }
        }
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        for (data_type, value, told) in [
            (DataType::Int8, Value::Int64(128), "`128` is not Int8"),
            (DataType::Int64, Value::Float64(1.0), "`1.0` is not Int64"),
            (
                DataType::Decimal128(9, 2),
                Value::Decimal(1, 3),
                "`0.001` is not Decimal128(9, 2)",
            ),
            (DataType::UInt64, Value::Int64(1), "UInt64 is no type of features"),
            (pairs(), Value::Struct(Vec::new()), "`{}` is not Struct"),
        ] {
            let error = column(&data_type, &[&value]).expect_err("another type");
            assert!(error.starts_with(told), "{error}");
        }
        let whole = DataType::List(Arc::new(Field::new("item", DataType::Int64, false)));
        assert!(column(&whole, &[&Value::List(vec![Value::Null])]).is_err());
    }
}
