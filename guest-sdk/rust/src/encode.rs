//! From Arrow arrays to the contract's buffers, each exactly as long as its rows ask. A buffer that nobody else holds, that
//! starts where its memory does and that was made of bytes, such as one that the host handed in, goes out without a copy.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_schema::{DataType, Field, SchemaRef};

use crate::bindings::sandglass::transform::types as wit;
use crate::error::{Error, Result};
use crate::flat;
use crate::schema::children;

/// Columns of `rows` rows in the contract's layout. They have the schema's types, up to names inside of lists and maps.
pub(crate) fn encode(
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<wit::Batch> {
    let mut out = wit::Batch {
        rows: count(rows)?,
        nodes: Vec::with_capacity(columns.len()),
        buffers: Vec::with_capacity(2 * columns.len()),
    };
    for (field, column) in schema.fields().iter().zip(columns) {
        encode_column(field, column, &mut out)?;
    }
    Ok(out)
}

fn count(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| Error::new(format!("{length} rows in one batch")))
}

fn encode_column(field: &Field, array: ArrayRef, out: &mut wit::Batch) -> Result<()> {
    let length = array.len();
    // A field without nulls may have some where its struct is null: what is there is not looked at, but there it is.
    let nulls = array
        .nulls()
        .filter(|nulls| nulls.null_count() > 0 && field.is_nullable())
        .cloned();
    out.nodes.push(wit::Node {
        length: count(length)?,
        null_count: count(nulls.as_ref().map_or(0, NullBuffer::null_count))?,
    });
    // Filled in when the array has let go of it.
    let validity = out.buffers.len();
    out.buffers.push(Vec::new());
    let fields = children(field.data_type());
    match array.data_type() {
        DataType::Boolean => {
            let values = array.as_boolean().values().clone();
            drop(array);
            out.buffers.push(bits(values));
        }
        DataType::Utf8 => {
            let (offsets, values, _) = array.as_string::<i32>().clone().into_parts();
            drop(array);
            bytes(offsets.into_inner().into_inner(), values, length, out)?;
        }
        DataType::Binary => {
            let (offsets, values, _) = array.as_binary::<i32>().clone().into_parts();
            drop(array);
            bytes(offsets.into_inner().into_inner(), values, length, out)?;
        }
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            let (first, last) = ends(list.value_offsets())?;
            let (offsets, values) = (
                list.offsets().inner().inner().clone(),
                list.values().clone(),
            );
            drop(array);
            out.buffers.push(rebased(offsets, first));
            encode_column(fields[0], part(values, first, last - first), out)?;
        }
        DataType::Map(..) => {
            let map = array.as_map();
            let (first, last) = ends(map.value_offsets())?;
            let offsets = map.offsets().inner().inner().clone();
            let (keys, values) = (map.keys().clone(), map.values().clone());
            drop(array);
            out.buffers.push(rebased(offsets, first));
            encode_column(fields[0], part(keys, first, last - first), out)?;
            encode_column(fields[1], part(values, first, last - first), out)?;
        }
        DataType::FixedSizeList(_, size) => {
            // A slice of such an array has a slice of the values.
            let (items, values) = (
                length * *size as usize,
                array.as_fixed_size_list().values().clone(),
            );
            drop(array);
            encode_column(fields[0], part(values, 0, items), out)?;
        }
        DataType::Struct(_) => {
            let columns = array.as_struct().columns().to_vec();
            drop(array);
            for (field, column) in fields.into_iter().zip(columns) {
                encode_column(field, column, out)?;
            }
        }
        DataType::FixedSizeBinary(width) => {
            let (values, from) = (*width as usize * length, *width as usize);
            let data = array.to_data();
            drop(array);
            let sliced = data.buffers()[0].slice_with_length(from * data.offset(), values);
            drop(data);
            out.buffers.push(owned(sliced));
        }
        other => {
            let Some((values, _)) = flat::parts(&array) else {
                return Err(Error::new(format!("{other} does not cross the boundary")));
            };
            drop(array);
            out.buffers.push(owned(values));
        }
    }
    if let Some(nulls) = nulls {
        out.buffers[validity] = bits(nulls.into_inner());
    }
    Ok(())
}

/// Not sliced if there is nothing to cut off: a slice holds the array's buffers a second time.
fn part(array: ArrayRef, offset: usize, length: usize) -> ArrayRef {
    if offset == 0 && length == array.len() {
        array
    } else {
        array.slice(offset, length)
    }
}

fn owned(buffer: Buffer) -> Vec<u8> {
    buffer
        .into_vec::<u8>()
        .unwrap_or_else(|buffer| buffer.as_slice().to_vec())
}

fn bits(bits: BooleanBuffer) -> Vec<u8> {
    let (sliced, length) = (bits.sliced(), bits.len().div_ceil(8));
    drop(bits);
    let mut bytes = owned(sliced);
    bytes.truncate(length);
    bytes
}

fn ends(offsets: &[i32]) -> Result<(usize, usize)> {
    let place =
        |offset: Option<&i32>| usize::try_from(offset.copied().unwrap_or(0)).map_err(Error::from);
    Ok((place(offsets.first())?, place(offsets.last())?))
}

/// Offsets that start at zero.
fn rebased(offsets: Buffer, first: usize) -> Vec<u8> {
    if first == 0 && !offsets.is_empty() {
        return owned(offsets);
    }
    let offsets = offsets.typed_data::<i32>();
    let from_zero = |offset: &i32| (offset - first as i32).to_le_bytes();
    // Arrow lets an empty array go without its one offset.
    if offsets.is_empty() {
        vec![0; 4]
    } else {
        offsets.iter().flat_map(from_zero).collect()
    }
}

fn bytes(offsets: Buffer, values: Buffer, length: usize, out: &mut wit::Batch) -> Result<()> {
    let typed = offsets.typed_data::<i32>();
    let (first, last) = ends(&typed[..typed.len().min(length + 1)])?;
    out.buffers.push(rebased(offsets, first));
    let sliced = values.slice_with_length(first, last - first);
    drop(values);
    out.buffers.push(owned(sliced));
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
