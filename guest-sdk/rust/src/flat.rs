//! Arrays of numbers, and their values: straight from one to the other, since batches come and go by the thousand and Arrow's
//! general way, `ArrayData`, asks the allocator a dozen times for each column.

use std::sync::Arc;

use arrow_array::types::{
    Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray};
use arrow_buffer::{ArrowNativeType, Buffer, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, TimeUnit};

use crate::error::{Error, Result};

/// What a macro makes of the Arrow type of the contract's numbers; none if it is no number.
macro_rules! by_type {
    ($data_type:expr, $make:ident) => {
        match $data_type {
            DataType::Int8 => $make!(Int8Type),
            DataType::Int16 => $make!(Int16Type),
            DataType::Int32 => $make!(Int32Type),
            DataType::Int64 => $make!(Int64Type),
            DataType::UInt8 => $make!(UInt8Type),
            DataType::UInt16 => $make!(UInt16Type),
            DataType::UInt32 => $make!(UInt32Type),
            DataType::UInt64 => $make!(UInt64Type),
            DataType::Float32 => $make!(Float32Type),
            DataType::Float64 => $make!(Float64Type),
            DataType::Decimal128(..) => $make!(Decimal128Type),
            DataType::Date32 => $make!(Date32Type),
            DataType::Timestamp(TimeUnit::Microsecond, _) => $make!(TimestampMicrosecondType),
            DataType::Duration(TimeUnit::Microsecond) => $make!(DurationMicrosecondType),
            _ => None,
        }
    };
}

/// An array of these values. A buffer that is not aligned for them is copied.
///
/// # Panics
/// There are not as many bits of validity as values.
pub(crate) fn array(
    data_type: &DataType,
    values: Buffer,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef> {
    macro_rules! make {
        ($type:ty) => {
            Some(typed::<$type>(data_type, values, nulls))
        };
    }
    by_type!(data_type, make)
        .ok_or_else(|| Error::new(format!("{data_type} does not cross the boundary")))
}

fn typed<T: ArrowPrimitiveType>(
    data_type: &DataType,
    values: Buffer,
    nulls: Option<NullBuffer>,
) -> ArrayRef {
    let array = PrimitiveArray::<T>::new(aligned(values), nulls);
    Arc::new(array.with_data_type(data_type.clone()))
}

/// The same values where their type may lie.
pub(crate) fn aligned<T: ArrowNativeType>(values: Buffer) -> ScalarBuffer<T> {
    if values.as_ptr().align_offset(align_of::<T>()) == 0 {
        values.into()
    } else {
        Buffer::from_slice_ref(values.as_slice()).into()
    }
}

/// The values and nulls of an array of numbers, without those that a slice leaves out; none if it is another.
pub(crate) fn parts(array: &ArrayRef) -> Option<(Buffer, Option<NullBuffer>)> {
    macro_rules! parts {
        ($type:ty) => {{
            let array = array.as_any().downcast_ref::<PrimitiveArray<$type>>()?;
            Some((array.values().inner().clone(), array.nulls().cloned()))
        }};
    }
    by_type!(array.data_type(), parts)
}
