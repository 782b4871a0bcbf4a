//! From Arrow arrays to the contract's buffers, each exactly as long as its rows ask. They are the arrays' own where those begin at
//! zero, which for all but offsets and bits is always so: the host copies them, so they are shared and not copied here.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow_schema::{DataType, Field, SchemaRef};

use crate::error::{Error, Result};
use crate::flat;
use crate::schema::children;
use crate::wire::Node;

/// A batch in the contract's layout.
#[derive(Debug, Clone, Default)]
pub(crate) struct Encoded {
    pub(crate) rows: u32,
    pub(crate) nodes: Vec<Node>,
    pub(crate) buffers: Vec<Buffer>,
    /// Validity where there are no nulls; a buffer of its own each time would be asked of the allocator.
    empty: Buffer,
}

impl Encoded {
    /// Lets go of all buffers; there is room for as many.
    pub(crate) fn clear(&mut self) {
        self.rows = 0;
        self.nodes.clear();
        self.buffers.clear();
    }

    /// Columns of `rows` rows instead of what was there. They have the schema's types, up to names inside of lists and maps.
    pub(crate) fn fill(
        &mut self,
        schema: &SchemaRef,
        columns: &[ArrayRef],
        rows: usize,
    ) -> Result<()> {
        self.clear();
        self.rows = count(rows)?;
        for (field, column) in schema.fields().iter().zip(columns) {
            self.column(field, column)?;
        }
        Ok(())
    }

    fn column(&mut self, field: &Field, array: &ArrayRef) -> Result<()> {
        let length = array.len();
        // A field without nulls may have some where its struct is null: what is there is not looked at, but there it is.
        let nulls = array
            .nulls()
            .filter(|nulls| nulls.null_count() > 0 && field.is_nullable());
        self.nodes.push(Node {
            length: count(length)?,
            null_count: count(nulls.map_or(0, NullBuffer::null_count))?,
        });
        let validity = nulls.map_or_else(|| self.empty.clone(), |nulls| bits(nulls.inner()));
        self.buffers.push(validity);
        let fields = children(field.data_type());
        match array.data_type() {
            DataType::Boolean => self.buffers.push(bits(array.as_boolean().values())),
            DataType::Utf8 => {
                let array = array.as_string::<i32>();
                self.bytes(array.offsets().inner().inner(), array.values())?;
            }
            DataType::Binary => {
                let array = array.as_binary::<i32>();
                self.bytes(array.offsets().inner().inner(), array.values())?;
            }
            DataType::List(_) => {
                let list = array.as_list::<i32>();
                let (first, last) = ends(list.value_offsets())?;
                self.buffers
                    .push(rebased(list.offsets().inner().inner(), first));
                self.column(fields[0], &list.values().slice(first, last - first))?;
            }
            DataType::Map(..) => {
                let map = array.as_map();
                let (first, last) = ends(map.value_offsets())?;
                self.buffers
                    .push(rebased(map.offsets().inner().inner(), first));
                self.column(fields[0], &map.keys().slice(first, last - first))?;
                self.column(fields[1], &map.values().slice(first, last - first))?;
            }
            DataType::FixedSizeList(_, size) => {
                // A slice of such an array has a slice of the values.
                let items = length * *size as usize;
                let values = array.as_fixed_size_list().values();
                self.column(fields[0], &values.slice(0, items))?;
            }
            DataType::Struct(_) => {
                for (field, column) in fields.into_iter().zip(array.as_struct().columns()) {
                    self.column(field, column)?;
                }
            }
            DataType::FixedSizeBinary(width) => {
                let values = array.as_fixed_size_binary().values();
                let bytes = *width as usize * length;
                self.buffers.push(values.slice_with_length(0, bytes));
            }
            other => {
                let Some((values, _)) = flat::parts(array) else {
                    return Err(Error::new(format!("{other} does not cross the boundary")));
                };
                self.buffers.push(values);
            }
        }
        Ok(())
    }

    fn bytes(&mut self, offsets: &Buffer, values: &Buffer) -> Result<()> {
        let (first, last) = ends(offsets.typed_data::<i32>())?;
        self.buffers.push(rebased(offsets, first));
        self.buffers
            .push(values.slice_with_length(first, last - first));
        Ok(())
    }

    /// Each buffer as bytes of its own, as the host hands them in.
    pub(crate) fn take_buffers(&mut self) -> impl Iterator<Item = Vec<u8>> {
        let owned = |buffer: Buffer| {
            let bytes = buffer.into_vec::<u8>();
            bytes.unwrap_or_else(|shared| shared.to_vec())
        };
        self.buffers.drain(..).map(owned)
    }
}

fn count(length: usize) -> Result<u32> {
    u32::try_from(length).map_err(|_| Error::new(format!("{length} rows in one batch")))
}

fn bits(bits: &BooleanBuffer) -> Buffer {
    bits.sliced().slice_with_length(0, bits.len().div_ceil(8))
}

fn ends(offsets: &[i32]) -> Result<(usize, usize)> {
    let place =
        |offset: Option<&i32>| usize::try_from(offset.copied().unwrap_or(0)).map_err(Error::from);
    Ok((place(offsets.first())?, place(offsets.last())?))
}

/// Offsets that start at zero.
fn rebased(offsets: &Buffer, first: usize) -> Buffer {
    if first == 0 && !offsets.is_empty() {
        return offsets.clone();
    }
    let offsets = offsets.typed_data::<i32>();
    // Arrow lets an empty array go without its one offset.
    if offsets.is_empty() {
        Buffer::from_vec(vec![0_i32])
    } else {
        let from_zero = offsets.iter().map(|offset| offset - first as i32);
        from_zero.collect::<Vec<_>>().into()
    }
}

#[cfg(test)]
pub(crate) mod tests;
