//! Between the contract's buffers and Arrow arrays. In: the buffers themselves become the arrays. Out: arrays become buffers
//! that are exactly as long as their rows ask.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, StructArray, make_array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};

use crate::bindings::sandglass::transform::types as wit;
use crate::error::{Error, Result};

/// The nodes of a schema, depth first.
pub(crate) fn nodes(schema: &SchemaRef) -> Result<Vec<wit::Field>> {
    let mut out = Vec::new();
    for field in schema.fields() {
        node(field, &mut out)?;
    }
    Ok(out)
}

fn node(field: &Field, out: &mut Vec<wit::Field>) -> Result<()> {
    let name = field.name();
    let unsigned =
        |size: i32| u32::try_from(size).map_err(|_| Error::new(format!("column `{name}` has a negative size")));
    let children = children(field.data_type());
    let kind = match field.data_type() {
        DataType::Boolean => wit::Kind::Boolean,
        DataType::Int8 => wit::Kind::Int8,
        DataType::Int16 => wit::Kind::Int16,
        DataType::Int32 => wit::Kind::Int32,
        DataType::Int64 => wit::Kind::Int64,
        DataType::UInt8 => wit::Kind::Uint8,
        DataType::UInt16 => wit::Kind::Uint16,
        DataType::UInt32 => wit::Kind::Uint32,
        DataType::UInt64 => wit::Kind::Uint64,
        DataType::Float32 => wit::Kind::Float32,
        DataType::Float64 => wit::Kind::Float64,
        DataType::Decimal128(precision, scale) => wit::Kind::Decimal128((*precision, *scale)),
        DataType::Utf8 => wit::Kind::Utf8,
        DataType::Binary => wit::Kind::Binary,
        DataType::FixedSizeBinary(width) => wit::Kind::FixedSizeBinary(unsigned(*width)?),
        DataType::Date32 => wit::Kind::Date32,
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if zone.as_ref() == "UTC" => wit::Kind::Timestamp,
        DataType::Duration(TimeUnit::Microsecond) => wit::Kind::Duration,
        DataType::List(_) => wit::Kind::ListOf,
        DataType::FixedSizeList(_, size) => wit::Kind::FixedSizeListOf(unsigned(*size)?),
        DataType::Struct(_) => wit::Kind::StructOf,
        DataType::Map(..) => wit::Kind::MapOf,
        other => {
            return Err(Error::new(format!(
                "column `{name}` is {other}, which the contract does not know"
            )));
        }
    };
    out.push(wit::Field {
        name: name.clone(),
        kind,
        nullable: field.is_nullable(),
        children: children.len() as u32,
    });
    children.into_iter().try_for_each(|child| node(child, out))
}

fn children(data_type: &DataType) -> Vec<&Field> {
    match data_type {
        DataType::List(item) | DataType::FixedSizeList(item, _) => vec![item.as_ref()],
        DataType::Struct(fields) => fields.iter().map(AsRef::as_ref).collect(),
        DataType::Map(entries, _) => children(entries.data_type()),
        _ => Vec::new(),
    }
}

fn width(data_type: &DataType) -> Result<usize> {
    match data_type {
        DataType::FixedSizeBinary(width) => Ok(*width as usize),
        other => other
            .primitive_width()
            .ok_or_else(|| Error::new(format!("{other} does not cross the boundary"))),
    }
}

/// The batch that the host handed in; its buffers become the arrays'.
pub(crate) fn decode(schema: &SchemaRef, batch: wit::Batch) -> Result<RecordBatch> {
    let rows = batch.rows as usize;
    let mut parts = Parts {
        nodes: batch.nodes.into_iter(),
        buffers: batch.buffers.into_iter(),
    };
    let columns = schema
        .fields()
        .iter()
        .map(|field| parts.column(field))
        .collect::<Result<Vec<_>>>()?;
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(
        Arc::clone(schema),
        columns,
        &options,
    )?)
}

struct Parts {
    nodes: std::vec::IntoIter<wit::Node>,
    buffers: std::vec::IntoIter<Vec<u8>>,
}

impl Parts {
    fn buffer(&mut self) -> Result<Buffer> {
        self.buffers
            .next()
            .map(Buffer::from_vec)
            .ok_or_else(|| Error::new("the host left a buffer out"))
    }

    fn column(&mut self, field: &Field) -> Result<ArrayRef> {
        let node = self
            .nodes
            .next()
            .ok_or_else(|| Error::new("the host left a node out"))?;
        let length = node.length as usize;
        let validity = self.buffer()?;
        let nulls = (!validity.is_empty()).then(|| NullBuffer::new(BooleanBuffer::new(validity, 0, length)));
        let mut data = ArrayData::builder(field.data_type().clone()).len(length).nulls(nulls);
        match field.data_type() {
            DataType::Utf8 | DataType::Binary => data = data.add_buffer(self.buffer()?).add_buffer(self.buffer()?),
            DataType::List(item) => {
                data = data
                    .add_buffer(self.buffer()?)
                    .add_child_data(self.column(item)?.to_data())
            }
            DataType::FixedSizeList(item, _) => data = data.add_child_data(self.column(item)?.to_data()),
            DataType::Struct(fields) => {
                for field in fields {
                    data = data.add_child_data(self.column(field)?.to_data());
                }
            }
            DataType::Map(entries, _) => {
                data = data.add_buffer(self.buffer()?);
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err(Error::new("a map without entries"));
                };
                let columns = fields
                    .iter()
                    .map(|field| self.column(field))
                    .collect::<Result<Vec<_>>>()?;
                data = data.add_child_data(StructArray::try_new(fields.clone(), columns, None)?.to_data());
            }
            _ => data = data.add_buffer(self.buffer()?),
        }
        // SAFETY: the buffers are the host's, which made them of valid Arrow arrays of exactly this type: lengths, offsets
        // and UTF-8 hold. A buffer that is not aligned for its type is copied.
        let data = unsafe { data.align_buffers(true).build_unchecked() };
        Ok(make_array(data))
    }
}

/// The rows of a batch in the contract's layout.
pub(crate) fn encode(batch: &RecordBatch) -> Result<wit::Batch> {
    let mut out = wit::Batch {
        rows: batch.num_rows() as u32,
        nodes: Vec::new(),
        buffers: Vec::new(),
    };
    for column in batch.columns() {
        encode_column(column, &mut out)?;
    }
    Ok(out)
}

fn encode_column(array: &ArrayRef, out: &mut wit::Batch) -> Result<()> {
    let length = array.len();
    out.nodes.push(wit::Node {
        length: length as u32,
        null_count: array.null_count() as u32,
    });
    out.buffers.push(match array.nulls() {
        Some(nulls) if nulls.null_count() > 0 => bits(nulls.inner()),
        _ => Vec::new(),
    });
    match array.data_type() {
        DataType::Boolean => out.buffers.push(bits(array.as_boolean().values())),
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            bytes(array.value_offsets(), array.values(), out);
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            bytes(array.value_offsets(), array.values(), out);
        }
        DataType::List(_) => {
            let array = array.as_list::<i32>();
            let (first, last) = ends(array.value_offsets());
            out.buffers.push(offsets(array.value_offsets()));
            encode_column(&array.values().slice(first, last - first), out)?;
        }
        DataType::Map(..) => {
            let array = array.as_map();
            let (first, last) = ends(array.value_offsets());
            out.buffers.push(offsets(array.value_offsets()));
            encode_column(&array.keys().slice(first, last - first), out)?;
            encode_column(&array.values().slice(first, last - first), out)?;
        }
        DataType::FixedSizeList(_, size) => {
            let array = array.as_fixed_size_list();
            encode_column(&array.values().slice(0, length * *size as usize), out)?;
        }
        DataType::Struct(_) => {
            for column in array.as_struct().columns() {
                encode_column(column, out)?;
            }
        }
        data_type => {
            let width = width(data_type)?;
            let data = array.to_data();
            let values = data.buffers()[0].slice_with_length(data.offset() * width, length * width);
            drop(data);
            out.buffers.push(
                values
                    .into_vec::<u8>()
                    .unwrap_or_else(|values| values.as_slice().to_vec()),
            );
        }
    }
    Ok(())
}

fn bits(buffer: &BooleanBuffer) -> Vec<u8> {
    let sliced = buffer.sliced();
    sliced.as_slice()[..buffer.len().div_ceil(8)].to_vec()
}

fn ends(offsets: &[i32]) -> (usize, usize) {
    (
        offsets.first().map_or(0, |first| *first as usize),
        offsets.last().map_or(0, |last| *last as usize),
    )
}

fn offsets(offsets: &[i32]) -> Vec<u8> {
    let first = offsets.first().copied().unwrap_or(0);
    offsets
        .iter()
        .flat_map(|offset| (offset - first).to_le_bytes())
        .collect()
}

fn bytes(value_offsets: &[i32], values: &Buffer, out: &mut wit::Batch) {
    let (first, last) = ends(value_offsets);
    out.buffers.push(offsets(value_offsets));
    out.buffers.push(values.as_slice()[first..last].to_vec());
}
