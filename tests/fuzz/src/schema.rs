//! Schemas drawn by a fuzzer.

use arbitrary::{Result, Unstructured};
use sandglass_runtime::{RawField, RawKind};

/// Once in so many times, and never when the bytes have come to their end.
pub fn rarely(u: &mut Unstructured<'_>, times: u8) -> Result<bool> {
    Ok(u.int_in_range(1..=times)? == times)
}

/// A kind without children.
pub fn leaf(u: &mut Unstructured<'_>) -> Result<RawKind> {
    Ok(match u.int_in_range(0..=17u8)? {
        0 => RawKind::Boolean,
        1 => RawKind::Int8,
        2 => RawKind::Int16,
        3 => RawKind::Int32,
        4 => RawKind::Int64,
        5 => RawKind::Uint8,
        6 => RawKind::Uint16,
        7 => RawKind::Uint32,
        8 => RawKind::Uint64,
        9 => RawKind::Float32,
        10 => RawKind::Float64,
        11 => {
            let precision = u.int_in_range(1..=38u8)?;
            RawKind::Decimal128(precision, u.int_in_range(-38..=precision.cast_signed())?)
        }
        12 => RawKind::Utf8,
        13 => RawKind::Binary,
        14 => RawKind::FixedSizeBinary(u.int_in_range(1..=20)?),
        15 => RawKind::Date32,
        16 => RawKind::Timestamp,
        _ => RawKind::Duration,
    })
}

/// The nodes of a column that keeps the rules, its name unique among its siblings, with at most `depth` levels.
pub fn column(u: &mut Unstructured<'_>, name: String, depth: usize, nodes: &mut Vec<RawField>) -> Result<()> {
    let kind = match u.int_in_range(0..=9u8)? {
        _ if depth <= 1 => leaf(u)?,
        6 => RawKind::ListOf,
        7 => RawKind::FixedSizeListOf(if rarely(u, 20)? {
            u.arbitrary()?
        } else {
            u.int_in_range(0..=4)?
        }),
        8 => RawKind::StructOf,
        9 => RawKind::MapOf,
        _ => leaf(u)?,
    };
    let children = match kind {
        RawKind::ListOf | RawKind::FixedSizeListOf(_) => 1,
        RawKind::StructOf => u.int_in_range(1..=3)?,
        RawKind::MapOf => 2,
        _ => 0,
    };
    let nullable = u.arbitrary()?;
    nodes.push(RawField {
        name,
        kind,
        nullable,
        children,
    });
    for child in 0..children {
        let at = nodes.len();
        column(u, format!("c{child}"), depth - 1, nodes)?;
        // A map's keys are never null.
        nodes[at].nullable &= kind != RawKind::MapOf || child != 0;
    }
    Ok(())
}
