use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, TimestampMicrosecondType};
use arrow_array::{
    Array, BinaryArray, BooleanArray, Date32Array, Float32Array, Float64Array, Int32Array, Int64Array, RecordBatch,
    StringArray, TimestampMicrosecondArray,
};

use crate::error::{Error, Result};

/// Columns of a batch by name and type.
pub trait Columns {
    /// The column of that name, as it is.
    fn any(&self, name: &str) -> Result<&dyn Array>;

    /// Rows of the batch; a batch at the boundary has fewer than 2^32.
    fn rows(&self) -> u32;

    /// A column of whole numbers.
    fn int64(&self, name: &str) -> Result<&Int64Array> {
        typed(name, self.any(name)?, "int64", |array| {
            array.as_primitive_opt::<Int64Type>()
        })
    }

    /// A column of 32-bit whole numbers.
    fn int32(&self, name: &str) -> Result<&Int32Array> {
        typed(name, self.any(name)?, "int32", |array| {
            array.as_primitive_opt::<Int32Type>()
        })
    }

    /// A column of numbers.
    fn float64(&self, name: &str) -> Result<&Float64Array> {
        typed(name, self.any(name)?, "float64", |array| {
            array.as_primitive_opt::<Float64Type>()
        })
    }

    /// A column of 32-bit floats.
    fn float32(&self, name: &str) -> Result<&Float32Array> {
        typed(name, self.any(name)?, "float32", |array| {
            array.as_primitive_opt::<Float32Type>()
        })
    }

    /// A column of text.
    fn utf8(&self, name: &str) -> Result<&StringArray> {
        typed(name, self.any(name)?, "utf8", |array| array.as_string_opt::<i32>())
    }

    /// A column of bytes.
    fn binary(&self, name: &str) -> Result<&BinaryArray> {
        typed(name, self.any(name)?, "binary", |array| array.as_binary_opt::<i32>())
    }

    /// A column of truth values.
    fn boolean(&self, name: &str) -> Result<&BooleanArray> {
        typed(name, self.any(name)?, "boolean", |array| array.as_boolean_opt())
    }

    /// A column of days since 1970.
    fn date32(&self, name: &str) -> Result<&Date32Array> {
        typed(name, self.any(name)?, "date32", |array| {
            array.as_primitive_opt::<Date32Type>()
        })
    }

    /// A column of times, in microseconds since 1970, UTC.
    fn timestamp(&self, name: &str) -> Result<&TimestampMicrosecondArray> {
        typed(name, self.any(name)?, "timestamp", |array| {
            array.as_primitive_opt::<TimestampMicrosecondType>()
        })
    }
}

impl Columns for RecordBatch {
    fn any(&self, name: &str) -> Result<&dyn Array> {
        match self.column_by_name(name) {
            Some(column) => Ok(column.as_ref()),
            None => {
                let names: Vec<_> = self
                    .schema_ref()
                    .fields()
                    .iter()
                    .map(|field| format!("`{}`", field.name()))
                    .collect();
                Err(Error::new(format!(
                    "no column `{name}`; there are {}",
                    names.join(", ")
                )))
            }
        }
    }

    fn rows(&self) -> u32 {
        self.num_rows() as u32
    }
}

fn typed<'a, T>(
    name: &str,
    array: &'a dyn Array,
    wanted: &str,
    cast: impl FnOnce(&'a dyn Array) -> Option<&'a T>,
) -> Result<&'a T> {
    cast(array).ok_or_else(|| Error::new(format!("column `{name}` is {}, not {wanted}", array.data_type())))
}
