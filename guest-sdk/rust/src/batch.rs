use arrow_array::{
    Array, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DurationMicrosecondArray,
    FixedSizeBinaryArray, FixedSizeListArray, Float32Array, Float64Array, Int8Array, Int16Array,
    Int32Array, Int64Array, ListArray, MapArray, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use arrow_schema::SchemaRef;

use crate::error::{Error, Result};
use crate::gather;
use crate::retain::Kept;
use crate::schema::{kind_name, names};

macro_rules! typed {
    ($($(#[$doc:meta])* $name:ident: $array:ty;)*) => {
        /// Columns of a batch by name and type, and rows of it.
        ///
        /// ```
        /// use sandglass_guest::prelude::*;
        /// # let batch = testing::batch([("amount", array(Float64Array::from(vec![1.0, 9.0])))]);
        /// let amounts = batch.float64("amount")?;
        /// let dear = batch.rows_where(|row| amounts.value(row) > 5.0);
        /// assert_eq!(batch.take_rows(&dear)?.float64("amount")?.values(), &[9.0]);
        /// # Ok::<(), Error>(())
        /// ```
        pub trait Columns {
            /// The column of that name, as it is.
            fn any(&self, name: &str) -> Result<&dyn Array>;

            /// Rows of the batch; a batch at the boundary has fewer than 2^32.
            fn rows(&self) -> u32;

            /// The rows that `keep` is true for; faster than a filter that branches. See [`Output::retain`](crate::Output::retain)
            /// where they are the output.
            fn rows_where(&self, keep: impl FnMut(usize) -> bool) -> Vec<u32> {
                Kept::of(self.rows(), keep).into_rows()
            }

            /// A batch of these rows, in this order.
            fn take_rows(&self, rows: &[u32]) -> Result<RecordBatch>;

            $($(#[$doc])*
            fn $name(&self, name: &str) -> Result<&$array> {
                let array = self.any(name)?;
                array.as_any().downcast_ref().ok_or_else(|| {
                    let (kind, wanted) = (kind_name(array.data_type()), stringify!($name));
                    Error::new(format!("column `{name}` is {kind}, not {wanted}"))
                })
            })*
        }
    };
}

typed! {
    /// A column of truth values.
    boolean: BooleanArray;
    /// A column of 8-bit whole numbers.
    int8: Int8Array;
    /// A column of 16-bit whole numbers.
    int16: Int16Array;
    /// A column of 32-bit whole numbers.
    int32: Int32Array;
    /// A column of whole numbers.
    int64: Int64Array;
    /// A column of 8-bit whole numbers without sign.
    uint8: UInt8Array;
    /// A column of 16-bit whole numbers without sign.
    uint16: UInt16Array;
    /// A column of 32-bit whole numbers without sign.
    uint32: UInt32Array;
    /// A column of whole numbers without sign.
    uint64: UInt64Array;
    /// A column of 32-bit floats.
    float32: Float32Array;
    /// A column of numbers.
    float64: Float64Array;
    /// A column of decimals, unscaled.
    decimal128: Decimal128Array;
    /// A column of text.
    utf8: StringArray;
    /// A column of bytes.
    binary: BinaryArray;
    /// A column of bytes of one length.
    fixed_size_binary: FixedSizeBinaryArray;
    /// A column of days since 1970.
    date32: Date32Array;
    /// A column of times, in microseconds since 1970, UTC.
    timestamp: TimestampMicrosecondArray;
    /// A column of lengths of time, in microseconds.
    duration: DurationMicrosecondArray;
    /// A column of lists.
    list: ListArray;
    /// A column of lists of one length.
    fixed_size_list: FixedSizeListArray;
    /// A column of structs.
    structure: StructArray;
    /// A column of maps.
    map: MapArray;
}

impl Columns for RecordBatch {
    fn any(&self, name: &str) -> Result<&dyn Array> {
        match self.column_by_name(name) {
            Some(column) => Ok(column.as_ref()),
            None => Err(no_column(name, self.schema_ref())),
        }
    }

    fn rows(&self) -> u32 {
        self.num_rows() as u32
    }

    fn take_rows(&self, rows: &[u32]) -> Result<RecordBatch> {
        gather::take_rows(self, rows)
    }
}

pub(crate) fn no_column(name: &str, schema: &SchemaRef) -> Error {
    Error::new(format!("no column `{name}`; there are {}", names(schema)))
}

#[cfg(test)]
mod tests {
    use crate::prelude::*;

    #[test]
    fn what_is_wrong_is_named() {
        let batch = testing::batch([
            ("a", array(Int64Array::from(vec![1]))),
            ("t", array(timestamps([0]))),
        ]);
        let wrong = |error: Error| error.message;
        assert_eq!(
            wrong(batch.int64("b").unwrap_err()),
            "no column `b`; there are `a`, `t`"
        );
        assert_eq!(
            wrong(batch.int64("t").unwrap_err()),
            "column `t` is timestamp, not int64"
        );
    }
}
