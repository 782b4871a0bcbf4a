//! From the contract's buffers to Arrow arrays: the buffers themselves become the arrays'.

use std::slice;
use std::sync::Arc;

use arrow_array::types::{BinaryType, ByteArrayType, Utf8Type};
use arrow_array::{Array, ArrayRef, GenericByteArray, RecordBatch, StructArray, make_array};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, OffsetBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, SchemaRef};

use crate::error::{Error, Result};
use crate::flat;
use crate::schema::width;
use crate::wire::Node;

/// The batch that the host handed in.
pub(crate) fn decode(
    schema: &SchemaRef,
    rows: u32,
    nodes: &[Node],
    buffers: &mut impl Iterator<Item = Vec<u8>>,
) -> Result<RecordBatch> {
    let rows = rows as usize;
    let mut parts = Parts {
        nodes: nodes.iter(),
        buffers,
    };
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let of_field = |error: Error| {
            let (name, message) = (field.name(), error.message);
            Error::new(format!("the host's column `{name}`: {message}"))
        };
        let column = parts.column(field, rows).map_err(of_field)?;
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(of_field(Error::new(
                "nulls where the contract says that there are none",
            )));
        }
        columns.push(column);
    }
    if parts.nodes.next().is_some() || parts.buffers.next().is_some() {
        return Err(Error::new("the host's batch has more than its schema asks"));
    }
    // SAFETY: there is a column for each field, of its type and of so many rows: each was made so.
    Ok(unsafe { RecordBatch::new_unchecked(Arc::clone(schema), columns, rows) })
}

struct Parts<'a, B> {
    nodes: slice::Iter<'a, Node>,
    buffers: &'a mut B,
}

impl<B: Iterator<Item = Vec<u8>>> Parts<'_, B> {
    fn next(&mut self) -> Result<Vec<u8>> {
        let buffer = self.buffers.next();
        buffer.ok_or_else(|| Error::new("a buffer is missing"))
    }

    /// A buffer of exactly so many bytes: with this, no array reaches beyond its memory.
    fn exact(&mut self, count: usize, width: usize) -> Result<Buffer> {
        let buffer = self.next()?;
        if count.checked_mul(width) == Some(buffer.len()) {
            Ok(Buffer::from_vec(buffer))
        } else {
            Err(Error::new(format!(
                "{} bytes for {count} values",
                buffer.len()
            )))
        }
    }

    /// Offsets, and where the last one points.
    fn offsets(&mut self, length: usize) -> Result<(Buffer, usize)> {
        let buffer = self.exact(length.saturating_add(1), 4)?;
        let last = buffer
            .last_chunk::<4>()
            .map_or(0, |last| i32::from_le_bytes(*last));
        let last = usize::try_from(last).map_err(|_| Error::new("a negative offset"))?;
        Ok((buffer, last))
    }

    fn bytes<T: ByteArrayType<Offset = i32>>(
        &mut self,
        length: usize,
        nulls: Option<NullBuffer>,
    ) -> Result<GenericByteArray<T>> {
        let (offsets, end) = self.offsets(length)?;
        let values = self.exact(end, 1)?;
        // SAFETY: there is at least one offset, and the last one was compared above. That they rise from zero and that text is
        // UTF-8 the host answers for: it makes the buffers of valid Arrow arrays of exactly this type.
        let array = unsafe {
            let offsets = OffsetBuffer::new_unchecked(flat::aligned(offsets));
            GenericByteArray::new_unchecked(offsets, values, nulls)
        };
        Ok(array)
    }

    fn column(&mut self, field: &Field, length: usize) -> Result<ArrayRef> {
        let node = self
            .nodes
            .next()
            .ok_or_else(|| Error::new("a node is missing"))?;
        if node.length as usize != length {
            return Err(Error::new(format!("{} rows of {length}", node.length)));
        }
        let validity = self.next()?;
        let nulls = match validity.len() {
            0 => None,
            bytes if bytes == length.div_ceil(8) => {
                let bits = BooleanBuffer::new(Buffer::from_vec(validity), 0, length);
                Some(NullBuffer::new(bits))
            }
            bytes => return Err(Error::new(format!("{bytes} bytes of validity"))),
        };
        let data_type = field.data_type();
        match data_type {
            DataType::Utf8 => return Ok(Arc::new(self.bytes::<Utf8Type>(length, nulls)?)),
            DataType::Binary => return Ok(Arc::new(self.bytes::<BinaryType>(length, nulls)?)),
            _ if data_type.is_primitive() => {
                let values = self.exact(length, width(data_type)?)?;
                return flat::array(data_type, values, nulls);
            }
            _ => {}
        }
        let data = ArrayData::builder(data_type.clone())
            .len(length)
            .nulls(nulls);
        let data = match data_type {
            DataType::Boolean => data.add_buffer(self.exact(length.div_ceil(8), 1)?),
            DataType::List(item) => {
                let (offsets, end) = self.offsets(length)?;
                data.add_buffer(offsets)
                    .add_child_data(self.column(item, end)?.to_data())
            }
            DataType::FixedSizeList(item, size) => {
                let items = length.saturating_mul(*size as usize);
                data.add_child_data(self.column(item, items)?.to_data())
            }
            DataType::Struct(fields) => {
                let mut data = data;
                for field in fields {
                    data = data.add_child_data(self.column(field, length)?.to_data());
                }
                data
            }
            DataType::Map(entries, _) => {
                let (offsets, end) = self.offsets(length)?;
                let DataType::Struct(fields) = entries.data_type() else {
                    return Err(Error::new("a map without entries"));
                };
                let columns = fields
                    .iter()
                    .map(|field| self.column(field, end))
                    .collect::<Result<Vec<_>>>()?;
                let entries = StructArray::try_new(fields.clone(), columns, None)?;
                data.add_buffer(offsets).add_child_data(entries.to_data())
            }
            other => data.add_buffer(self.exact(length, width(other)?)?),
        };
        // SAFETY: lengths of buffers and children, and the last offsets, were compared above. That offsets rise from zero the
        // host answers for, as above. A buffer that is not aligned for its type is copied to one that is.
        let data = unsafe { data.align_buffers(true).build_unchecked() };
        Ok(make_array(data))
    }
}
