use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder, Decimal128Array, Float64Array, Int64Array, ListArray,
    MapArray, PrimitiveArray,
};
use arrow::compute::{CastOptions, cast, cast_with_options};
use arrow::datatypes::{DataType, Decimal128Type, DecimalType, Float64Type, Int64Type};
use arrow::error::ArrowError;

use super::codec::Reader;
use super::error::{StateError, too_large};
use super::extreme::replaces;
use super::nested;

/// How an aggregation sees a column's values: four forms of them, whatever the column's type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Whole numbers, dates, timestamps and booleans, as int64.
    Int,
    /// Floats, as float64.
    Float,
    /// Decimals by their digits; the scale is the column's.
    Decimal,
    /// Texts and bytes; lists and structs in a form of our own.
    Bytes,
}

impl Class {
    /// The class of a type, none if its values cannot be kept.
    pub fn of(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::Int64 => Self::Int,
            DataType::UInt8 | DataType::UInt16 | DataType::UInt32 => Self::Int,
            DataType::Boolean | DataType::Date32 | DataType::Timestamp(..) => Self::Int,
            DataType::Float32 | DataType::Float64 => Self::Float,
            DataType::Decimal128(..) => Self::Decimal,
            DataType::Utf8 | DataType::Binary => Self::Bytes,
            nested if nested.is_nested() && nested::is_kept(nested, is_flat) => Self::Bytes,
            _ => return None,
        })
    }

    /// The number in a state's header.
    pub(super) fn code(self) -> u8 {
        match self {
            Self::Int => 1,
            Self::Float => 2,
            Self::Decimal => 3,
            Self::Bytes => 4,
        }
    }

    /// The type of prepared columns.
    pub fn data_type(self, of: &DataType) -> DataType {
        match self {
            Self::Int => DataType::Int64,
            Self::Float => DataType::Float64,
            Self::Decimal => of.clone(),
            Self::Bytes => DataType::Binary,
        }
    }

    /// A column of `from` in the form that states take.
    pub fn prepare(self, column: &ArrayRef) -> Result<ArrayRef, ArrowError> {
        let from = column.data_type();
        match (self, from) {
            (Self::Int, DataType::Date32) => cast(&cast(column, &DataType::Int32)?, &DataType::Int64),
            (Self::Int, _) => cast(column, &DataType::Int64),
            (Self::Float, _) => cast(column, &DataType::Float64),
            (Self::Decimal, DataType::Decimal128(precision, _)) => {
                // States of more digits would be refused when they are read.
                let digits = column.as_primitive::<Decimal128Type>();
                let fits = |value: i128| Decimal128Type::is_valid_decimal_precision(value, *precision);
                if digits.values().iter().all(|value| fits(*value)) || digits.iter().flatten().all(fits) {
                    return Ok(Arc::clone(column));
                }
                Err(ArrowError::ComputeError(format!("a value has more digits than {from}")))
            }
            (Self::Decimal, _) => Ok(Arc::clone(column)),
            (Self::Bytes, DataType::Utf8 | DataType::Binary) => cast(column, &DataType::Binary),
            (Self::Bytes, _) => Ok(Arc::new(nested::encode(column)?)),
        }
    }

    /// Values in the form that states take, or lists and maps of them, as a column of `to`.
    pub fn restore(self, values: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
        if values.data_type() == to {
            return Ok(Arc::clone(values));
        }
        match (values.data_type(), to) {
            (DataType::List(_), DataType::List(field)) => {
                let (_, offsets, items, nulls) = values.as_list::<i32>().clone().into_parts();
                let items = self.restore(&items, field.data_type())?;
                Ok(Arc::new(ListArray::try_new(Arc::clone(field), offsets, items, nulls)?))
            }
            (DataType::Map(..), DataType::Map(field, sorted)) => {
                let DataType::Struct(fields) = field.data_type() else {
                    return Err(ArrowError::SchemaError(format!("{to} is no map")));
                };
                let (_, offsets, entries, nulls, _) = values.as_map().clone().into_parts();
                let (_, columns, _) = entries.into_parts();
                let columns = columns
                    .iter()
                    .zip(fields)
                    .map(|(column, field)| self.restore(column, field.data_type()))
                    .collect::<Result<Vec<_>, _>>()?;
                let entries = arrow::array::StructArray::try_new(fields.clone(), columns, None)?;
                Ok(Arc::new(MapArray::try_new(
                    Arc::clone(field),
                    offsets,
                    entries,
                    nulls,
                    *sorted,
                )?))
            }
            (DataType::Int64, DataType::Date32) => cast(&strictly(values, &DataType::Int32)?, to),
            (DataType::Binary, nested) if nested.is_nested() => nested::decode(values.as_binary(), nested),
            _ => strictly(values, to),
        }
    }
}

/// What does not fit is an error, not null.
fn strictly(values: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    let options = CastOptions {
        safe: false,
        ..CastOptions::default()
    };
    cast_with_options(values, to, &options)
}

fn is_flat(data_type: &DataType) -> bool {
    !data_type.is_nested() && Class::of(data_type).is_some()
}

/// A value in one of the four forms. The order is total.
pub(super) trait Native: Clone + Debug + Ord + Send + Sync + 'static {
    /// The class whose values these are.
    const CLASS: Class;
    /// The prepared column's array.
    type Array: Array + 'static;

    /// The value of a row that is not null.
    fn get(array: &Self::Array, row: usize) -> Self;
    /// `self` against the value of a row that is not null, without taking it.
    fn compare(&self, array: &Self::Array, row: usize) -> Ordering;
    /// Writes the bytes of a state.
    fn encode(&self, out: &mut Vec<u8>);
    /// Reads them, whatever the column's type; see [`Reader::value`].
    fn decode(reader: &mut Reader<'_>) -> Option<Self>;
    /// Whether a column of a type has such values. Of lists and structs this is not told.
    fn is_of(&self, input: &DataType) -> bool;
    /// A column of values, of the prepared type.
    fn column<B: Borrow<Self>>(
        values: impl Iterator<Item = Option<B>>,
        prepared: &DataType,
    ) -> Result<ArrayRef, StateError>;
    /// One value for all that count as the same: one zero, one NaN.
    fn canonical(self) -> Self {
        self
    }
    /// Keeps the lesser or the greater of a row's value and what was kept. Tells by how many bytes of heap that has grown.
    fn keep_extreme<const GREATEST: bool>(kept: &mut Option<Self>, array: &Self::Array, row: usize) -> isize {
        if kept
            .as_ref()
            .is_some_and(|kept| !replaces::<GREATEST>(kept.compare(array, row)))
        {
            return 0;
        }
        let value = Self::get(array, row);
        if value.is_nan() {
            return 0;
        }
        let grown = value.heap_bytes().cast_signed();
        let before = kept.replace(value);
        grown - before.map_or(0, |before| before.heap_bytes().cast_signed())
    }
    /// Whether min and max skip it.
    fn is_nan(&self) -> bool {
        false
    }
    /// Bytes beside its own size.
    fn heap_bytes(&self) -> usize {
        0
    }
}

/// A prepared column as the array of its class.
pub(super) fn native<V: Native>(column: &dyn Array) -> Option<&V::Array> {
    column.as_any().downcast_ref()
}

/// Each row that is not null with its group.
#[inline]
pub(super) fn for_valid(column: &impl Array, groups: &[usize], mut each: impl FnMut(usize, usize)) {
    match column.nulls().filter(|nulls| nulls.null_count() > 0) {
        None => groups.iter().enumerate().for_each(|(row, group)| each(row, *group)),
        Some(nulls) => {
            for (row, group) in groups.iter().enumerate() {
                if nulls.is_valid(row) {
                    each(row, *group);
                }
            }
        }
    }
}

impl Native for i64 {
    const CLASS: Class = Class::Int;
    type Array = Int64Array;

    fn get(array: &Int64Array, row: usize) -> Self {
        array.value(row)
    }

    fn compare(&self, array: &Int64Array, row: usize) -> Ordering {
        self.cmp(&array.value(row))
    }

    /// Without a branch that depends on values.
    #[inline]
    fn keep_extreme<const GREATEST: bool>(kept: &mut Option<Self>, array: &Int64Array, row: usize) -> isize {
        let value = array.value(row);
        let other = kept.unwrap_or(value);
        *kept = Some(if GREATEST { other.max(value) } else { other.min(value) });
        0
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        reader.array().map(i64::from_le_bytes)
    }

    fn is_of(&self, input: &DataType) -> bool {
        match input {
            DataType::Boolean => matches!(self, 0 | 1),
            DataType::Int8 => i8::try_from(*self).is_ok(),
            DataType::Int16 => i16::try_from(*self).is_ok(),
            DataType::Int32 | DataType::Date32 => i32::try_from(*self).is_ok(),
            DataType::UInt8 => u8::try_from(*self).is_ok(),
            DataType::UInt16 => u16::try_from(*self).is_ok(),
            DataType::UInt32 => u32::try_from(*self).is_ok(),
            _ => true,
        }
    }

    fn column<B: Borrow<Self>>(values: impl Iterator<Item = Option<B>>, _: &DataType) -> Result<ArrayRef, StateError> {
        let values = values.map(|value| value.map(|value| *value.borrow()));
        Ok(Arc::new(PrimitiveArray::<Int64Type>::from_iter(values)))
    }
}

/// A float64 in IEEE's total order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Total(pub(super) f64);

impl PartialEq for Total {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Total {}

impl PartialOrd for Total {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Total {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl Native for Total {
    const CLASS: Class = Class::Float;
    type Array = Float64Array;

    fn get(array: &Float64Array, row: usize) -> Self {
        Self(array.value(row))
    }

    fn compare(&self, array: &Float64Array, row: usize) -> Ordering {
        self.0.total_cmp(&array.value(row))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.0.to_bits().to_le_bytes());
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        reader
            .array()
            .map(|bytes| Self(f64::from_bits(u64::from_le_bytes(bytes))))
    }

    fn is_of(&self, input: &DataType) -> bool {
        match input {
            DataType::Float32 => self.is_nan() || f64::from(self.0 as f32) == self.0,
            _ => true,
        }
    }

    fn column<B: Borrow<Self>>(values: impl Iterator<Item = Option<B>>, _: &DataType) -> Result<ArrayRef, StateError> {
        let values = values.map(|value| value.map(|value| value.borrow().0));
        Ok(Arc::new(PrimitiveArray::<Float64Type>::from_iter(values)))
    }

    fn canonical(self) -> Self {
        if self.0.is_nan() {
            Self(f64::NAN)
        } else {
            // Minus zero and zero make zero.
            Self(self.0 + 0.0)
        }
    }

    fn is_nan(&self) -> bool {
        self.0.is_nan()
    }
}

impl Native for i128 {
    const CLASS: Class = Class::Decimal;
    type Array = Decimal128Array;

    fn get(array: &Decimal128Array, row: usize) -> Self {
        array.value(row)
    }

    fn compare(&self, array: &Decimal128Array, row: usize) -> Ordering {
        self.cmp(&array.value(row))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        out.extend(self.to_le_bytes());
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        reader.array().map(i128::from_le_bytes)
    }

    fn is_of(&self, input: &DataType) -> bool {
        match input {
            DataType::Decimal128(precision, _) => Decimal128Type::is_valid_decimal_precision(*self, *precision),
            _ => true,
        }
    }

    fn column<B: Borrow<Self>>(
        values: impl Iterator<Item = Option<B>>,
        prepared: &DataType,
    ) -> Result<ArrayRef, StateError> {
        let values = values.map(|value| value.map(|value| *value.borrow()));
        let values = PrimitiveArray::<Decimal128Type>::from_iter(values);
        Ok(Arc::new(values.with_data_type(prepared.clone())))
    }
}

impl Native for Box<[u8]> {
    const CLASS: Class = Class::Bytes;
    type Array = BinaryArray;

    fn get(array: &BinaryArray, row: usize) -> Self {
        array.value(row).into()
    }

    fn compare(&self, array: &BinaryArray, row: usize) -> Ordering {
        self.as_ref().cmp(array.value(row))
    }

    fn encode(&self, out: &mut Vec<u8>) {
        super::codec::put_bytes(self, out);
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        reader.bytes().map(Into::into)
    }

    fn is_of(&self, input: &DataType) -> bool {
        *input != DataType::Utf8 || std::str::from_utf8(self).is_ok()
    }

    fn column<B: Borrow<Self>>(values: impl Iterator<Item = Option<B>>, _: &DataType) -> Result<ArrayRef, StateError> {
        let mut builder = BinaryBuilder::new();
        let mut room = i32::MAX as usize;
        for value in values {
            let value: Option<&Self> = value.as_ref().map(Borrow::borrow);
            let length = value.map_or(0, |value| value.len());
            room = room.checked_sub(length).ok_or_else(|| too_large("results"))?;
            builder.append_option(value);
        }
        Ok(Arc::new(builder.finish()))
    }

    fn heap_bytes(&self) -> usize {
        self.len()
    }
}
