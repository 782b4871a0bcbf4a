//! Between Arrow's types and the contract's flat list of nodes.

use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};

use crate::error::{Error, Result};
use crate::wire::{self, Kind, List};

/// The nodes of a schema, depth first; their names are the schema's own.
pub(crate) fn nodes(schema: &SchemaRef) -> Result<Vec<wire::Field>> {
    let mut out = Vec::new();
    for field in schema.fields() {
        node(field, &mut out)?;
    }
    Ok(out)
}

fn node(field: &Field, out: &mut Vec<wire::Field>) -> Result<()> {
    let name = field.name();
    let unsigned = |size: i32| {
        u32::try_from(size).map_err(|_| Error::new(format!("column `{name}` has a negative size")))
    };
    let children = children(field.data_type());
    let kind = match field.data_type() {
        DataType::Boolean => Kind::Boolean,
        DataType::Int8 => Kind::Int8,
        DataType::Int16 => Kind::Int16,
        DataType::Int32 => Kind::Int32,
        DataType::Int64 => Kind::Int64,
        DataType::UInt8 => Kind::Uint8,
        DataType::UInt16 => Kind::Uint16,
        DataType::UInt32 => Kind::Uint32,
        DataType::UInt64 => Kind::Uint64,
        DataType::Float32 => Kind::Float32,
        DataType::Float64 => Kind::Float64,
        DataType::Decimal128(precision, scale) => Kind::Decimal128(*precision, *scale),
        DataType::Utf8 => Kind::Utf8,
        DataType::Binary => Kind::Binary,
        DataType::FixedSizeBinary(width) => Kind::FixedSizeBinary(unsigned(*width)?),
        DataType::Date32 => Kind::Date32,
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if zone.as_ref() == "UTC" => {
            Kind::Timestamp
        }
        DataType::Duration(TimeUnit::Microsecond) => Kind::Duration,
        DataType::List(_) => Kind::ListOf,
        DataType::FixedSizeList(_, size) => Kind::FixedSizeListOf(unsigned(*size)?),
        DataType::Struct(_) => Kind::StructOf,
        DataType::Map(..) => Kind::MapOf,
        other => {
            return Err(Error::new(format!(
                "column `{name}` is {other}, which the contract does not know"
            )));
        }
    };
    out.push(wire::Field {
        name: List::of(name.as_bytes()),
        kind,
        nullable: field.is_nullable(),
        children: children.len() as u32,
    });
    children.into_iter().try_for_each(|child| node(child, out))
}

/// The nodes below a node; a map's are its keys and its values.
pub(crate) fn children(data_type: &DataType) -> Vec<&Field> {
    match data_type {
        DataType::List(item) | DataType::FixedSizeList(item, _) => vec![item.as_ref()],
        DataType::Struct(fields) => fields.iter().map(AsRef::as_ref).collect(),
        DataType::Map(entries, _) => children(entries.data_type()),
        _ => Vec::new(),
    }
}

/// Bytes of one value of a fixed width.
pub(crate) fn width(data_type: &DataType) -> Result<usize> {
    match data_type {
        DataType::FixedSizeBinary(width) => Ok(*width as usize),
        other => other
            .primitive_width()
            .ok_or_else(|| Error::new(format!("{other} does not cross the boundary"))),
    }
}

/// Whether arrays of both types have the same layout. Names inside of lists and maps do not matter, those of a struct's
/// fields do; nulls are looked at where the arrays are.
pub(crate) fn alike(left: &DataType, right: &DataType) -> bool {
    match (left, right) {
        (DataType::List(left), DataType::List(right)) => alike(left.data_type(), right.data_type()),
        (DataType::FixedSizeList(left, width), DataType::FixedSizeList(right, other)) => {
            width == other && alike(left.data_type(), right.data_type())
        }
        (DataType::Struct(left), DataType::Struct(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| {
                    left.name() == right.name() && alike(left.data_type(), right.data_type())
                })
        }
        (DataType::Map(..), DataType::Map(..)) => {
            let (left, right) = (children(left), children(right));
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| alike(left.data_type(), right.data_type()))
        }
        (left, right) => left == right,
    }
}

/// A type in the contract's words.
pub(crate) fn kind_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Decimal128(precision, scale) => format!("decimal128({precision}, {scale})"),
        DataType::FixedSizeBinary(width) => format!("fixed-size-binary({width})"),
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if zone.as_ref() == "UTC" => {
            "timestamp".to_owned()
        }
        DataType::Duration(TimeUnit::Microsecond) => "duration".to_owned(),
        DataType::List(item) => format!("list of {}", kind_name(item.data_type())),
        DataType::FixedSizeList(item, size) => {
            format!("list of {size} {}", kind_name(item.data_type()))
        }
        DataType::Struct(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|field| format!("{}: {}", field.name(), kind_name(field.data_type())))
                .collect();
            format!("struct {{{}}}", fields.join(", "))
        }
        DataType::Map(..) => match children(data_type)[..] {
            [keys, values] => format!(
                "map of {} to {}",
                kind_name(keys.data_type()),
                kind_name(values.data_type())
            ),
            _ => "map".to_owned(),
        },
        other => other.to_string().to_ascii_lowercase(),
    }
}

/// Names as messages list them.
pub(crate) fn names(schema: &SchemaRef) -> String {
    let names: Vec<_> = schema
        .fields()
        .iter()
        .map(|field| format!("`{}`", field.name()))
        .collect();
    names.join(", ")
}
