//! A contract's schema is a flat list of nodes; an Arrow schema is a tree. This is the way between them.

use std::sync::Arc;

use arrow_schema::{DataType, Field, FieldRef, Fields, Schema, SchemaRef, TimeUnit};

use crate::bindings::sandglass::transform::types as wit;

/// Nodes in one schema.
pub const MAX_SCHEMA_NODES: usize = 4_096;
/// Depth of nesting.
pub const MAX_SCHEMA_DEPTH: usize = 16;
const MAX_NAME_BYTES: usize = 256;

/// What is wrong with a schema.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SchemaProblem {
    /// In words, naming the column.
    pub message: String,
}

fn problem(message: String) -> SchemaProblem {
    SchemaProblem { message }
}

/// The tree that the nodes, depth first, describe.
pub(crate) fn from_nodes(nodes: &[wit::Field]) -> Result<SchemaRef, SchemaProblem> {
    if nodes.len() > MAX_SCHEMA_NODES {
        return Err(problem(format!(
            "a schema of {} nodes, {MAX_SCHEMA_NODES} are allowed",
            nodes.len()
        )));
    }
    let mut rest = nodes;
    let mut fields = Vec::new();
    while !rest.is_empty() {
        fields.push(take(&mut rest, 1)?);
    }
    unique(&fields, "the schema")?;
    Ok(Arc::new(Schema::new(fields)))
}

fn take(rest: &mut &[wit::Field], depth: usize) -> Result<FieldRef, SchemaProblem> {
    let Some((node, after)) = rest.split_first() else {
        return Err(problem("the schema ends where a child is due".to_owned()));
    };
    *rest = after;
    let name = node.name.as_str();
    if depth > MAX_SCHEMA_DEPTH {
        return Err(problem(format!(
            "column `{name}` is nested more than {MAX_SCHEMA_DEPTH} deep"
        )));
    }
    if name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        return Err(problem(format!(
            "a column name of {} bytes or with control characters",
            name.len()
        )));
    }
    let children = |expected: u32| {
        if node.children == expected {
            Ok(())
        } else {
            Err(problem(format!(
                "column `{name}` has {} children, its kind has {expected}",
                node.children
            )))
        }
    };
    let data_type = match &node.kind {
        wit::Kind::ListOf => {
            children(1)?;
            DataType::List(take(rest, depth + 1)?)
        }
        wit::Kind::FixedSizeListOf(size) => {
            children(1)?;
            // Without elements a list takes no bytes, and no number of rows would be too large for a batch.
            let size = i32::try_from(*size)
                .ok()
                .filter(|size| *size > 0)
                .ok_or_else(|| problem(format!("column `{name}` is a fixed-size list of {size} elements")))?;
            DataType::FixedSizeList(take(rest, depth + 1)?, size)
        }
        wit::Kind::StructOf => {
            let mut fields = Vec::new();
            for _ in 0..node.children {
                fields.push(take(rest, depth + 1)?);
            }
            if fields.is_empty() {
                return Err(problem(format!("column `{name}` is a struct without fields")));
            }
            unique(&fields, &format!("column `{name}`"))?;
            DataType::Struct(Fields::from(fields))
        }
        wit::Kind::MapOf => {
            children(2)?;
            let (keys, values) = (take(rest, depth + 1)?, take(rest, depth + 1)?);
            if keys.is_nullable() {
                return Err(problem(format!("column `{name}` is a map with nullable keys")));
            }
            let keys = keys.as_ref().clone().with_name("keys");
            let values = values.as_ref().clone().with_name("values");
            let entries = Field::new("entries", DataType::Struct(Fields::from(vec![keys, values])), false);
            DataType::Map(Arc::new(entries), false)
        }
        kind => {
            children(0)?;
            primitive(name, kind)?
        }
    };
    Ok(Arc::new(Field::new(name, data_type, node.nullable)))
}

fn primitive(name: &str, kind: &wit::Kind) -> Result<DataType, SchemaProblem> {
    Ok(match kind {
        wit::Kind::Boolean => DataType::Boolean,
        wit::Kind::Int8 => DataType::Int8,
        wit::Kind::Int16 => DataType::Int16,
        wit::Kind::Int32 => DataType::Int32,
        wit::Kind::Int64 => DataType::Int64,
        wit::Kind::Uint8 => DataType::UInt8,
        wit::Kind::Uint16 => DataType::UInt16,
        wit::Kind::Uint32 => DataType::UInt32,
        wit::Kind::Uint64 => DataType::UInt64,
        wit::Kind::Float32 => DataType::Float32,
        wit::Kind::Float64 => DataType::Float64,
        wit::Kind::Decimal128((precision, scale)) => {
            if !(1..=38).contains(precision) || !(-38..=i16::from(*precision)).contains(&i16::from(*scale)) {
                return Err(problem(format!(
                    "column `{name}` is a decimal128({precision}, {scale}); the precision is 1 to 38 and the scale at most that"
                )));
            }
            DataType::Decimal128(*precision, *scale)
        }
        wit::Kind::Utf8 => DataType::Utf8,
        wit::Kind::Binary => DataType::Binary,
        wit::Kind::FixedSizeBinary(width) => {
            let width = i32::try_from(*width)
                .ok()
                .filter(|width| (1..=1 << 20).contains(width))
                .ok_or_else(|| {
                    problem(format!(
                        "column `{name}` is {width} bytes wide; 1 to {} are allowed",
                        1 << 20
                    ))
                })?;
            DataType::FixedSizeBinary(width)
        }
        wit::Kind::Date32 => DataType::Date32,
        wit::Kind::Timestamp => host_type::timestamp(),
        wit::Kind::Duration => DataType::Duration(TimeUnit::Microsecond),
        wit::Kind::ListOf | wit::Kind::FixedSizeListOf(_) | wit::Kind::StructOf | wit::Kind::MapOf => {
            return Err(problem(format!("column `{name}` is nested")));
        }
    })
}

fn unique(fields: &[FieldRef], place: &str) -> Result<(), SchemaProblem> {
    let mut seen = std::collections::HashSet::new();
    for field in fields {
        if !seen.insert(field.name()) {
            return Err(problem(format!("{place} has two columns named `{}`", field.name())));
        }
    }
    Ok(())
}

/// The Arrow types that stand for a kind of the contract.
pub mod host_type {
    use arrow_schema::{DataType, TimeUnit};

    /// Event time: int64 microseconds, UTC.
    pub fn timestamp() -> DataType {
        DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
    }
}

/// A type in the contract's words, as messages show it.
pub fn kind_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "boolean".to_owned(),
        DataType::UInt8 => "uint8".to_owned(),
        DataType::UInt16 => "uint16".to_owned(),
        DataType::UInt32 => "uint32".to_owned(),
        DataType::UInt64 => "uint64".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal128({precision}, {scale})"),
        DataType::FixedSizeBinary(width) => format!("fixed-size-binary({width})"),
        DataType::Timestamp(TimeUnit::Microsecond, Some(_)) => "timestamp".to_owned(),
        DataType::Timestamp(unit, zone) => {
            format!(
                "timestamp({unit:?}{})",
                zone.as_ref().map(|zone| format!(", {zone}")).unwrap_or_default()
            )
        }
        DataType::Duration(TimeUnit::Microsecond) => "duration".to_owned(),
        DataType::List(item) => format!("list of {}", kind_name(item.data_type())),
        DataType::FixedSizeList(item, size) => format!("list of {size} {}", kind_name(item.data_type())),
        DataType::Struct(fields) => {
            let fields: Vec<_> = fields
                .iter()
                .map(|field| format!("{}: {}", field.name(), kind_name(field.data_type())))
                .collect();
            format!("struct {{{}}}", fields.join(", "))
        }
        DataType::Map(entries, _) => match entries.data_type() {
            DataType::Struct(fields) if fields.len() == 2 => {
                format!(
                    "map of {} to {}",
                    kind_name(fields[0].data_type()),
                    kind_name(fields[1].data_type())
                )
            }
            _ => "map".to_owned(),
        },
        other => format!("{other}").to_lowercase(),
    }
}
