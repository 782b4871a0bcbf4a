//! A column in the making, one cell at a time.

use std::sync::Arc;

use arrow_array::builder::{BinaryBuilder, BooleanBuilder, FixedSizeBinaryBuilder, StringBuilder};
use arrow_array::types::*;
use arrow_array::{
    Array, ArrayRef, ArrowPrimitiveType, PrimitiveArray, new_empty_array, new_null_array,
};
use arrow_buffer::{BooleanBufferBuilder, NullBuffer};
use arrow_schema::{DataType, Field, TimeUnit};

use crate::cell::CellValue;
use crate::error::{Error, Result};
use crate::gather::concatenate_arrays;
use crate::schema::{alike, kind_name};

pub struct ColumnBuilder {
    name: String,
    data_type: DataType,
    nullable: bool,
    values: Values,
}

/// As Arrow's builder, but that a value is two instructions' work in the author's loop: what a first null begins is elsewhere.
struct Numbers<T: ArrowPrimitiveType> {
    values: Vec<T::Native>,
    /// From the first null on.
    valid: Option<BooleanBufferBuilder>,
}

impl<T: ArrowPrimitiveType> Default for Numbers<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            valid: None,
        }
    }
}

impl<T: ArrowPrimitiveType> Numbers<T> {
    #[inline(always)]
    fn append_value(&mut self, value: T::Native) {
        if let Some(valid) = &mut self.valid {
            append_valid(valid);
        }
        self.values.push(value);
    }

    fn append_null(&mut self) {
        let rows = self.values.len();
        let valid = self.valid.get_or_insert_with(|| {
            let mut valid = BooleanBufferBuilder::new(rows + 1);
            valid.append_n(rows, true);
            valid
        });
        valid.append(false);
        self.values.push(T::Native::default());
    }

    fn finish(&mut self, data_type: &DataType) -> PrimitiveArray<T> {
        let values = std::mem::take(&mut self.values).into();
        let valid = self.valid.take();
        let nulls = valid.map(|mut valid| NullBuffer::new(valid.finish()));
        PrimitiveArray::new(values, nulls).with_data_type(data_type.clone())
    }
}

#[inline(never)]
fn append_valid(valid: &mut BooleanBufferBuilder) {
    valid.append(true);
}

macro_rules! values {
    ($($variant:ident: $type:ty;)*) => {
        enum Values {
            $($variant(Numbers<$type>),)*
            Boolean(BooleanBuilder),
            Utf8(StringBuilder),
            Binary(BinaryBuilder),
            FixedSizeBinary(FixedSizeBinaryBuilder),
            Nested(Vec<ArrayRef>),
        }

        impl Values {
            /// None where the value does not fit.
            fn append(&mut self, data_type: &DataType, value: CellValue<'_>) -> Option<()> {
                match (self, value) {
                    (Self::Float64(values), CellValue::Float64(value)) => values.append_value(value),
                    (Self::Float64(values), CellValue::Float32(value)) => values.append_value(f64::from(value)),
                    (Self::Float32(values), CellValue::Float32(value)) => values.append_value(value),
                    $((Self::$variant(values), CellValue::Int64(value)) => {
                        values.append_value(Whole::of_int64(value)?);
                    })*
                    $((Self::$variant(values), CellValue::Whole(value)) => {
                        values.append_value(Whole::of(value)?);
                    })*
                    $((Self::$variant(values), CellValue::Null) => values.append_null(),)*
                    (Self::Boolean(values), CellValue::Boolean(value)) => values.append_value(value),
                    (Self::Boolean(values), CellValue::Null) => values.append_null(),
                    (Self::Utf8(values), CellValue::Utf8(value)) => values.append_value(value),
                    (Self::Utf8(values), CellValue::Null) => values.append_null(),
                    (Self::Binary(values), CellValue::Bytes(value)) => values.append_value(value),
                    (Self::Binary(values), CellValue::Null) => values.append_null(),
                    (Self::FixedSizeBinary(values), CellValue::Bytes(value)) => values.append_value(value).ok()?,
                    (Self::FixedSizeBinary(values), CellValue::Null) => values.append_null(),
                    (Self::Nested(parts), CellValue::One(one)) => {
                        if one.len() != 1 || !alike(one.data_type(), data_type) {
                            return None;
                        }
                        parts.push(Arc::clone(one));
                    }
                    (Self::Nested(parts), CellValue::Null) => parts.push(new_null_array(data_type, 1)),
                    _ => return None,
                }
                Some(())
            }

            fn finish(&mut self, data_type: &DataType) -> Result<ArrayRef> {
                Ok(match self {
                    $(Self::$variant(values) => Arc::new(values.finish(data_type)),)*
                    Self::Boolean(values) => Arc::new(values.finish()),
                    Self::Utf8(values) => Arc::new(values.finish()),
                    Self::Binary(values) => Arc::new(values.finish()),
                    Self::FixedSizeBinary(values) => Arc::new(values.finish()),
                    Self::Nested(parts) if parts.is_empty() => new_empty_array(data_type),
                    Self::Nested(parts) => concatenate_arrays(&std::mem::take(parts))?,
                })
            }
        }
    };
}

values! {
    Int64: Int64Type;
    Timestamp: TimestampMicrosecondType;
    Float64: Float64Type;
    Int8: Int8Type;
    Int16: Int16Type;
    Int32: Int32Type;
    UInt8: UInt8Type;
    UInt16: UInt16Type;
    UInt32: UInt32Type;
    UInt64: UInt64Type;
    Float32: Float32Type;
    Date32: Date32Type;
    Duration: DurationMicrosecondType;
    Decimal128: Decimal128Type;
}

/// Native values that a whole number may be; floats never are.
trait Whole: Sized {
    fn of(value: i128) -> Option<Self>;
    fn of_int64(value: i64) -> Option<Self>;
}

macro_rules! whole {
    ($($type:ty)*) => {
        $(impl Whole for $type {
            #[inline]
            fn of(value: i128) -> Option<Self> {
                value.try_into().ok()
            }

            #[inline]
            fn of_int64(value: i64) -> Option<Self> {
                value.try_into().ok()
            }
        })*
    };
}
whole! { i8 i16 i32 i64 i128 u8 u16 u32 u64 }

impl Whole for f32 {
    fn of(_: i128) -> Option<Self> {
        None
    }

    fn of_int64(_: i64) -> Option<Self> {
        None
    }
}
impl Whole for f64 {
    fn of(_: i128) -> Option<Self> {
        None
    }

    fn of_int64(_: i64) -> Option<Self> {
        None
    }
}

impl ColumnBuilder {
    pub(crate) fn new(field: &Field) -> Self {
        let values = match field.data_type() {
            DataType::Boolean => Values::Boolean(BooleanBuilder::new()),
            DataType::Int8 => Values::Int8(Numbers::default()),
            DataType::Int16 => Values::Int16(Numbers::default()),
            DataType::Int32 => Values::Int32(Numbers::default()),
            DataType::Int64 => Values::Int64(Numbers::default()),
            DataType::UInt8 => Values::UInt8(Numbers::default()),
            DataType::UInt16 => Values::UInt16(Numbers::default()),
            DataType::UInt32 => Values::UInt32(Numbers::default()),
            DataType::UInt64 => Values::UInt64(Numbers::default()),
            DataType::Float32 => Values::Float32(Numbers::default()),
            DataType::Float64 => Values::Float64(Numbers::default()),
            DataType::Decimal128(..) => Values::Decimal128(Numbers::default()),
            DataType::Utf8 => Values::Utf8(StringBuilder::new()),
            DataType::Binary => Values::Binary(BinaryBuilder::new()),
            DataType::FixedSizeBinary(width) => {
                Values::FixedSizeBinary(FixedSizeBinaryBuilder::new(*width))
            }
            DataType::Date32 => Values::Date32(Numbers::default()),
            DataType::Timestamp(TimeUnit::Microsecond, _) => Values::Timestamp(Numbers::default()),
            DataType::Duration(TimeUnit::Microsecond) => Values::Duration(Numbers::default()),
            _ => Values::Nested(Vec::new()),
        };
        Self {
            name: field.name().clone(),
            data_type: field.data_type().clone(),
            nullable: field.is_nullable(),
            values,
        }
    }

    // The compiler does not do so by itself, and then a cell goes through memory.
    #[inline(always)]
    pub(crate) fn append(&mut self, value: CellValue<'_>) -> Result<()> {
        if matches!(value, CellValue::Null) && !self.nullable {
            return Err(Error::new(format!(
                "output: column `{}` is null, the contract says that it never is",
                self.name
            )));
        }
        // These go in by themselves, so that they are compiled into the author's loop; all others are too much code for that.
        match (&mut self.values, value) {
            (Values::Int64(values), CellValue::Int64(value)) => values.append_value(value),
            (Values::Timestamp(values), CellValue::Int64(value)) => values.append_value(value),
            (Values::Float64(values), CellValue::Float64(value)) => values.append_value(value),
            _ => return self.append_any(value),
        }
        Ok(())
    }

    #[inline(never)]
    fn append_any(&mut self, value: CellValue<'_>) -> Result<()> {
        match self.values.append(&self.data_type, value) {
            Some(()) => Ok(()),
            None => Err(self.misfit(value)),
        }
    }

    #[cold]
    fn misfit(&self, value: CellValue<'_>) -> Error {
        let value = match value {
            CellValue::Null => "null".to_owned(),
            CellValue::Boolean(value) => value.to_string(),
            CellValue::Int64(value) => value.to_string(),
            CellValue::Whole(value) => value.to_string(),
            CellValue::Float32(value) => format!("{value:?}"),
            CellValue::Float64(value) => format!("{value:?}"),
            CellValue::Utf8(_) => "text".to_owned(),
            CellValue::Bytes(bytes) => format!("{} bytes", bytes.len()),
            CellValue::One(one) => format!("{} × {}", one.len(), kind_name(one.data_type())),
        };
        Error::new(format!(
            "output: column `{}` is {}, which {value} is not",
            self.name,
            kind_name(&self.data_type)
        ))
    }

    pub(crate) fn finish(&mut self) -> Result<ArrayRef> {
        self.values.finish(&self.data_type)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every pattern of nulls, one after the other out of the same builder.
    #[test]
    fn numbers_and_nulls() {
        let field = Field::new("n", DataType::Decimal128(9, 2), true);
        let mut column = ColumnBuilder::new(&field);
        for rows in 0..10 {
            for pattern in 0..1 << rows {
                let cells = (0..rows).map(|row| (pattern >> row & 1 == 1).then_some(row));
                for cell in cells.clone() {
                    let value = cell.map_or(CellValue::Null, CellValue::Whole);
                    column.append(value).unwrap();
                }
                let expected: PrimitiveArray<Decimal128Type> = cells.collect();
                let expected = expected.with_data_type(field.data_type().clone());
                let array = column.finish().unwrap();
                assert_eq!(
                    array.as_ref(),
                    &expected as &dyn Array,
                    "{pattern:b} of {rows}"
                );
                array.to_data().validate_full().unwrap();
            }
        }
    }
}
