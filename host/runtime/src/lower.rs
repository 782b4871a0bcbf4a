//! From Arrow arrays to the buffers of the contract, copied only where an array is sliced in the middle of a byte or of its
//! offsets.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch, downcast_primitive_array};
use arrow_buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow_schema::DataType;

use crate::bindings::sandglass::transform::types as wit;

/// A batch in the layout of the contract. It holds the arrays' own buffers, so that pushing it copies once, into the guest.
#[derive(Debug)]
pub struct Lowered {
    pub(crate) rows: u32,
    pub(crate) nodes: Vec<wit::Node>,
    pub(crate) buffers: Vec<Buffer>,
    /// Of every array of text the offsets and the values, which are among the buffers.
    pub(crate) texts: Vec<Text>,
}

/// Buffers of an array of text, which is valid: offsets that begin at zero, and values that end where they do.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) offsets: Buffer,
    pub(crate) values: Buffer,
}

impl Lowered {
    /// Bytes that the guest will be handed.
    pub fn bytes(&self) -> u64 {
        self.buffers.iter().map(|buffer| buffer.len() as u64).sum()
    }
}

/// Lowers a batch whose columns have kinds of the contract; any other type is an error that names it.
pub fn lower(batch: &RecordBatch) -> Result<Lowered, String> {
    let rows = u32::try_from(batch.num_rows()).map_err(|_| format!("a batch of {} rows", batch.num_rows()))?;
    let mut lowered = Lowered {
        rows,
        nodes: Vec::new(),
        buffers: Vec::new(),
        texts: Vec::new(),
    };
    for (field, column) in batch.schema_ref().fields().iter().zip(batch.columns()) {
        node(column, &mut lowered).map_err(|message| format!("column `{}`: {message}", field.name()))?;
    }
    Ok(lowered)
}

fn node(array: &ArrayRef, out: &mut Lowered) -> Result<(), String> {
    let length = array.len();
    out.nodes.push(wit::Node {
        length: u32::try_from(length).map_err(|_| format!("{length} elements"))?,
        null_count: u32::try_from(array.null_count()).map_err(|_| format!("{} nulls", array.null_count()))?,
    });
    out.buffers.push(validity(array.nulls()));
    match array.data_type() {
        DataType::Boolean => out.buffers.push(array.as_boolean().values().sliced()),
        DataType::Utf8 => {
            let array = array.as_string::<i32>();
            let (offsets, values) = bytes(array.offsets(), array.values(), out);
            out.texts.push(Text { offsets, values });
        }
        DataType::Binary => {
            let array = array.as_binary::<i32>();
            bytes(array.offsets(), array.values(), out);
        }
        DataType::List(_) => {
            let array = array.as_list::<i32>();
            let (first, last) = ends(array.value_offsets());
            out.buffers.push(offsets(array.offsets()));
            node(&array.values().slice(first, last - first), out)?;
        }
        DataType::Map(_, _) => {
            let array = array.as_map();
            let (first, last) = ends(array.value_offsets());
            out.buffers.push(offsets(array.offsets()));
            node(&array.keys().slice(first, last - first), out)?;
            node(&array.values().slice(first, last - first), out)?;
        }
        DataType::FixedSizeList(_, size) => {
            let array = array.as_fixed_size_list();
            let size = usize::try_from(*size).map_err(|_| "a list of negative size".to_owned())?;
            // Arrow-rs slices the child together with the list.
            node(&array.values().slice(0, length * size), out)?;
        }
        DataType::Struct(_) => {
            for column in array.as_struct().columns() {
                node(column, out)?;
            }
        }
        data_type => {
            let width = width(data_type).ok_or_else(|| format!("{data_type} does not cross the boundary"))?;
            let values = values(array).ok_or("no values")?;
            out.buffers.push(values.slice_with_length(0, length * width));
        }
    }
    Ok(())
}

/// The values of an array of one width, from its first one on.
fn values(array: &ArrayRef) -> Option<&Buffer> {
    downcast_primitive_array!(
        array => Some(array.values().inner()),
        DataType::FixedSizeBinary(_) => Some(array.as_fixed_size_binary().values()),
        _ => None
    )
}

/// Bytes of one value of a fixed width.
pub(crate) fn width(data_type: &DataType) -> Option<usize> {
    match data_type {
        DataType::FixedSizeBinary(width) => usize::try_from(*width).ok(),
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::Int64
        | DataType::UInt8
        | DataType::UInt16
        | DataType::UInt32
        | DataType::UInt64
        | DataType::Float32
        | DataType::Float64
        | DataType::Decimal128(_, _)
        | DataType::Date32
        | DataType::Timestamp(_, _)
        | DataType::Duration(_) => data_type.primitive_width(),
        _ => None,
    }
}

fn validity(nulls: Option<&NullBuffer>) -> Buffer {
    match nulls {
        Some(nulls) if nulls.null_count() > 0 => nulls.inner().sliced(),
        _ => Buffer::from_vec(Vec::<u8>::new()),
    }
}

fn ends(offsets: &[i32]) -> (usize, usize) {
    let at = |offset: Option<&i32>| {
        offset
            .copied()
            .and_then(|offset| usize::try_from(offset).ok())
            .unwrap_or(0)
    };
    (at(offsets.first()), at(offsets.last()))
}

/// Offsets that begin at zero.
fn offsets(offsets: &OffsetBuffer<i32>) -> Buffer {
    let first = offsets.first().copied().unwrap_or(0);
    if first == 0 {
        return offsets.inner().inner().clone();
    }
    Buffer::from_vec(offsets.iter().map(|offset| offset - first).collect::<Vec<i32>>())
}

/// Adds the offsets and the values that they point into, and returns them.
fn bytes(value_offsets: &OffsetBuffer<i32>, values: &Buffer, out: &mut Lowered) -> (Buffer, Buffer) {
    let (first, last) = ends(value_offsets);
    let (offsets, values) = (offsets(value_offsets), values.slice_with_length(first, last - first));
    out.buffers.extend([offsets.clone(), values.clone()]);
    (offsets, values)
}
