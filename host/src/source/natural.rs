//! The types that rows which are passed on as they are have, over all files of a source.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field};
use sandglass_runtime::host_type;

/// The type that a column has once it is read: times are microseconds UTC, text and numbers have one type each.
pub(super) fn natural_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Dictionary(_, values) => natural_type(values),
        DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
        DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::Timestamp(_, _) => host_type::timestamp(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => DataType::List(
            Arc::new(item.as_ref().clone().with_data_type(natural_type(item.data_type()))),
        ),
        other => other.clone(),
    }
}

/// The natural type that holds every value of two natural types, if there is one. In files of text (`textual`) types are what
/// values look like, and whatever they look like they are text.
pub(super) fn widen(a: &DataType, b: &DataType, textual: bool) -> Option<DataType> {
    use DataType::{
        Date32, Decimal128, Float32, Float64, Int8, Int16, Int32, Int64, List, Null, Struct, Timestamp, Utf8,
    };
    if a == b {
        return Some(a.clone());
    }
    let widened = match (a, b) {
        (Null, other) | (other, Null) => Some(other.clone()),
        (Int8, other @ (Int16 | Int32 | Int64 | Float32 | Float64))
        | (other @ (Int16 | Int32 | Int64 | Float32 | Float64), Int8)
        | (Int16, other @ (Int32 | Int64 | Float32 | Float64))
        | (other @ (Int32 | Int64 | Float32 | Float64), Int16)
        | (Int32, other @ (Int64 | Float64))
        | (other @ (Int64 | Float64), Int32)
        | (Float32, other @ Float64)
        | (other @ Float64, Float32) => Some(other.clone()),
        (Int32, Float32) | (Float32, Int32) => Some(Float64),
        (Int64, Float64 | Float32) | (Float64 | Float32, Int64) if textual => Some(Float64),
        (Date32, other @ Timestamp(..)) | (other @ Timestamp(..), Date32) => Some(other.clone()),
        (Decimal128(p, s), Decimal128(q, t)) => {
            let scale = *s.max(t);
            let whole = (i16::from(*p) - i16::from(*s)).max(i16::from(*q) - i16::from(*t));
            let precision = u8::try_from(whole + i16::from(scale)).ok()?;
            (precision <= 38).then_some(Decimal128(precision, scale))
        }
        (List(a), List(b)) => {
            let item = widen(a.data_type(), b.data_type(), textual)?;
            Some(List(Arc::new(Field::new(a.name(), item, true))))
        }
        (Struct(a), Struct(b)) if a.len() == b.len() => {
            let fields = a.iter().zip(b).map(|(a, b)| {
                let data_type = widen(a.data_type(), b.data_type(), textual)?;
                (a.name() == b.name()).then(|| Field::new(a.name(), data_type, true))
            });
            Some(Struct(fields.collect::<Option<Vec<_>>>()?.into()))
        }
        _ => None,
    };
    let nested = |data_type: &DataType| matches!(data_type, List(_) | Struct(_) | DataType::Map(..));
    widened.or_else(|| (textual && !nested(a) && !nested(b)).then_some(Utf8))
}

/// Text in place of what has no value at all, also within parts: in files of text it may have some further on.
pub(super) fn text_for_null(data_type: &DataType) -> DataType {
    let within = |field: &Arc<Field>| {
        let data_type = text_for_null(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(data_type))
    };
    match data_type {
        DataType::Null => DataType::Utf8,
        DataType::List(item) => DataType::List(within(item)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(within).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_widened_without_loss_or_not_at_all() {
        use DataType::{Boolean, Date32, Decimal128, Float32, Float64, Int16, Int32, Int64, Null, Utf8};
        for (a, b, files, text) in [
            (Int32, Int64, Some(Int64), Some(Int64)),
            (Float32, Float64, Some(Float64), Some(Float64)),
            (Int32, Float32, Some(Float64), Some(Float64)),
            (Int16, Float32, Some(Float32), Some(Float32)),
            (Int64, Float64, None, Some(Float64)),
            (Int64, Utf8, None, Some(Utf8)),
            (Boolean, Int64, None, Some(Utf8)),
            (
                Date32,
                host_type::timestamp(),
                Some(host_type::timestamp()),
                Some(host_type::timestamp()),
            ),
            (Null, Utf8, Some(Utf8), Some(Utf8)),
            (
                Decimal128(5, 2),
                Decimal128(4, 3),
                Some(Decimal128(6, 3)),
                Some(Decimal128(6, 3)),
            ),
            (Decimal128(38, 2), Decimal128(4, 3), None, Some(Utf8)),
        ] {
            assert_eq!(widen(&a, &b, false), files, "{a} {b}");
            assert_eq!(widen(&b, &a, false), files, "{b} {a}");
            assert_eq!(widen(&a, &b, true), text, "{a} {b} as text");
        }
    }
}
