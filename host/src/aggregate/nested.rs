//! Lists and structs as bytes: one value has one form, and bytes that are no value are refused. Arrow's row format would do for the first,
//! but its parser panics on bytes that it did not write, and no version promises the next one's form.
//!
//! A value is 0 for null, or 1 and then: fixed-width values as they are in memory, texts and bytes with their length, lists with their
//! length and the values, structs by their fields.

use arrow::array::{Array, ArrayData, ArrayRef, AsArray, BinaryArray, BinaryBuilder, make_array};
use arrow::buffer::{Buffer, NullBuffer};
use arrow::datatypes::{DataType, ToByteSlice};
use arrow::downcast_primitive_array;
use arrow::error::ArrowError;

use super::codec::{Reader, put_bytes, put_varint};

/// Whether values of a type can be written: whatever `is_flat` takes, and lists and structs of that.
pub(super) fn is_kept(data_type: &DataType, is_flat: fn(&DataType) -> bool) -> bool {
    match data_type {
        DataType::List(item) => is_kept(item.data_type(), is_flat),
        DataType::Struct(fields) => fields.iter().all(|field| is_kept(field.data_type(), is_flat)),
        flat => is_flat(flat),
    }
}

/// The bytes of each value; null for null.
pub(super) fn encode(column: &dyn Array) -> Result<BinaryArray, ArrowError> {
    let mut builder = BinaryBuilder::new();
    let mut bytes = Vec::new();
    let mut room = i32::MAX as usize;
    for row in 0..column.len() {
        if column.is_null(row) {
            builder.append_null();
        } else {
            bytes.clear();
            write(column, row, &mut bytes);
            let left = room.checked_sub(bytes.len());
            room = left.ok_or_else(|| ArrowError::ComputeError("the values of one batch exceed 2 GiB".to_owned()))?;
            builder.append_value(&bytes);
        }
    }
    Ok(builder.finish())
}

fn write(column: &dyn Array, row: usize, out: &mut Vec<u8>) {
    if column.is_null(row) {
        return out.push(0);
    }
    out.push(1);
    downcast_primitive_array!(
        column => out.extend_from_slice(column.value(row).to_byte_slice()),
        DataType::Boolean => out.push(column.as_boolean().value(row).into()),
        DataType::Utf8 => put_bytes(column.as_string::<i32>().value(row).as_bytes(), out),
        DataType::Binary => put_bytes(column.as_binary::<i32>().value(row), out),
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            put_varint(items.len() as u64, out);
            (0..items.len()).for_each(|item| write(&items, item, out));
        }
        DataType::Struct(_) => column.as_struct().columns().iter().for_each(|field| write(field, row, out)),
        other => unreachable!("`is_kept` refuses {other}"),
    );
}

/// The values that bytes were written of.
pub(super) fn decode(values: &BinaryArray, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let mut column = Column::new(to)?;
    for bytes in values {
        let Some(bytes) = bytes else {
            column.push_null();
            continue;
        };
        let mut reader = Reader::new(bytes);
        let read = column.read(&mut reader).filter(|()| reader.is_done());
        read.ok_or_else(|| ArrowError::ParseError(format!("its bytes are no {}", sandglass_runtime::kind_name(to))))?;
    }
    Ok(make_array(column.finish()?))
}

/// A column that is being read.
struct Column {
    data_type: DataType,
    valid: Vec<bool>,
    values: Values,
}

enum Values {
    Fixed { width: usize, bytes: Vec<u8> },
    Boolean(Vec<bool>),
    Bytes { offsets: Vec<i32>, bytes: Vec<u8> },
    List { offsets: Vec<i32>, items: Box<Column> },
    Struct(Vec<Column>),
}

impl Column {
    fn new(data_type: &DataType) -> Result<Self, ArrowError> {
        let values = match data_type {
            DataType::Boolean => Values::Boolean(Vec::new()),
            DataType::Utf8 | DataType::Binary => Values::Bytes {
                offsets: vec![0],
                bytes: Vec::new(),
            },
            DataType::List(item) => Values::List {
                offsets: vec![0],
                items: Box::new(Self::new(item.data_type())?),
            },
            DataType::Struct(fields) => {
                let fields = fields.iter().map(|field| Self::new(field.data_type()));
                Values::Struct(fields.collect::<Result<_, _>>()?)
            }
            other => Values::Fixed {
                width: other
                    .primitive_width()
                    .ok_or_else(|| ArrowError::NotYetImplemented(format!("{other} in a state")))?,
                bytes: Vec::new(),
            },
        };
        Ok(Self {
            data_type: data_type.clone(),
            valid: Vec::new(),
            values,
        })
    }

    fn read(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        match reader.array()? {
            [0] => {
                self.push_null();
                return Some(());
            }
            [1] => self.valid.push(true),
            [_] => return None,
        }
        match &mut self.values {
            Values::Fixed { width, bytes } => bytes.extend(reader.take(*width)?),
            Values::Boolean(values) => values.push(match reader.array()? {
                [0] => false,
                [1] => true,
                [_] => return None,
            }),
            Values::Bytes { offsets, bytes } => {
                bytes.extend(reader.bytes()?);
                offsets.push(bytes.len().try_into().ok()?);
            }
            Values::List { offsets, items } => {
                for _ in 0..reader.count(1)? {
                    items.read(reader)?;
                }
                offsets.push(items.valid.len().try_into().ok()?);
            }
            Values::Struct(fields) => {
                for field in fields {
                    field.read(reader)?;
                }
            }
        }
        Some(())
    }

    fn push_null(&mut self) {
        self.valid.push(false);
        match &mut self.values {
            Values::Fixed { width, bytes } => bytes.resize(bytes.len() + *width, 0),
            Values::Boolean(values) => values.push(false),
            Values::Bytes { offsets, .. } | Values::List { offsets, .. } => {
                offsets.extend_from_within(offsets.len() - 1..)
            }
            Values::Struct(fields) => fields.iter_mut().for_each(Self::push_null),
        }
    }

    /// The array's data, checked: texts for UTF-8, nulls against the fields.
    fn finish(self) -> Result<ArrayData, ArrowError> {
        let nulls = NullBuffer::from(self.valid);
        let builder = ArrayData::builder(self.data_type).len(nulls.len());
        let builder = match self.values {
            Values::Fixed { bytes, .. } => builder.add_buffer(Buffer::from(bytes)).align_buffers(true),
            Values::Boolean(values) => builder.add_buffer(values.into_iter().collect()),
            Values::Bytes { offsets, bytes } => builder.add_buffer(Buffer::from_vec(offsets)).add_buffer(bytes.into()),
            Values::List { offsets, items } => builder
                .add_buffer(Buffer::from_vec(offsets))
                .add_child_data(items.finish()?),
            Values::Struct(fields) => {
                builder.child_data(fields.into_iter().map(Self::finish).collect::<Result<_, _>>()?)
            }
        };
        builder.nulls(Some(nulls)).build()
    }
}

#[cfg(test)]
mod tests {
    use arrow::datatypes::Field;
    use proptest::prelude::*;

    use super::*;

    /// A struct of a text, a list of booleans and an int.
    fn data_type() -> DataType {
        let fields = [
            ("t", DataType::Utf8),
            ("l", DataType::new_list(DataType::Boolean, true)),
            ("i", DataType::Int16),
        ];
        DataType::Struct(
            fields
                .map(|(name, of)| Field::new(name, of, true))
                .into_iter()
                .collect(),
        )
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(20_000) })]

        #[test]
        fn what_is_read_is_what_is_written(bytes in prop::collection::vec(prop_oneof![8 => 0..3_u8, 1 => any::<u8>()], 0..12)) {
            if let Ok(column) = decode(&BinaryArray::from_iter_values([&bytes]), &data_type()) {
                let again = encode(&column).expect("a few bytes");
                // A null here is null in the column of bytes.
                prop_assert_eq!(if again.is_null(0) { &[0] } else { again.value(0) }, bytes.as_slice());
            }
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        let read = |bytes: &[u8]| decode(&BinaryArray::from_iter_values([bytes]), &data_type()).is_ok();
        assert!(read(&[1, 1, 1, b'a', 1, 2, 1, 1, 0, 1, 5, 0]));
        for bytes in [
            &[][..],
            &[2],
            &[1, 2, 1, b'a', 0, 0],
            &[1, 1, 1, 0xff, 0, 0],
            &[1, 0, 1, 1, 1, 2, 0],
            &[1, 0, 1, 9, 1, 1, 0],
            &[1, 0, 0, 1, 5],
            &[0, 0],
        ] {
            assert!(!read(bytes), "{bytes:?}");
        }
    }
}
