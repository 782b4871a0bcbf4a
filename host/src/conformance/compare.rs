//! Where rows differ, in words that lead to the place.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::util::display::{ArrayFormatter, FormatOptions};
use sandglass_runtime::{RawBatch, lower};

use super::case::Equality;

/// The first difference; none if there is none.
pub(super) fn difference(expected: &RecordBatch, given: &RecordBatch, equality: Equality) -> Option<String> {
    if expected.num_rows() != given.num_rows() {
        return Some(format!(
            "{} rows, there should be {}",
            given.num_rows(),
            expected.num_rows()
        ));
    }
    let columns = expected.schema();
    for ((field, expected), given) in columns.fields().iter().zip(expected.columns()).zip(given.columns()) {
        if let Some(difference) = values(expected, given) {
            return Some(format!("column `{}`: {difference}", field.name()));
        }
    }
    match equality {
        Equality::Values => None,
        Equality::Bytes => bytes(expected, given),
    }
}

/// The first row whose values differ.
fn values(expected: &ArrayRef, given: &ArrayRef) -> Option<String> {
    if expected.to_data() == given.to_data() {
        return None;
    }
    let options = FormatOptions::new().with_null("null");
    let formatters = (
        ArrayFormatter::try_new(expected.as_ref(), &options),
        ArrayFormatter::try_new(given.as_ref(), &options),
    );
    let row = (0..expected.len()).find(|row| expected.slice(*row, 1).to_data() != given.slice(*row, 1).to_data())?;
    let (Ok(expected), Ok(given)) = formatters else {
        return Some(format!("row {row} differs"));
    };
    let (expected, given) = (expected.value(row).to_string(), given.value(row).to_string());
    if expected == given {
        return Some(format!(
            "row {row} is {given}, and its bits are not those that they should be"
        ));
    }
    Some(format!("row {row} is {given}, it should be {expected}"))
}

/// The first buffer that differs, where all values are the same.
fn bytes(expected: &RecordBatch, given: &RecordBatch) -> Option<String> {
    let raw = |rows: &RecordBatch| lower(rows).map(RawBatch::from);
    let (expected, given) = match (raw(expected), raw(given)) {
        (Ok(expected), Ok(given)) => (expected, given),
        (Err(error), _) | (_, Err(error)) => return Some(error),
    };
    if expected.nodes != given.nodes {
        return Some(format!(
            "lengths and null counts of the nodes are {:?}, they should be {:?}",
            given.nodes, expected.nodes
        ));
    }
    let mut buffers = expected.buffers.iter().zip(&given.buffers).enumerate();
    let (index, (expected, given)) = buffers.find(|(_, (expected, given))| expected != given)?;
    let place = expected
        .iter()
        .zip(given)
        .position(|(expected, given)| expected != given);
    Some(match place {
        Some(place) => format!(
            "all values are right, and byte {place} of buffer {index} is {:#04x}, it should be {:#04x}: what no row has \
             (under nulls, bits beyond the last row) is zero",
            given[place], expected[place]
        ),
        None => format!(
            "all values are right, and buffer {index} has {} bytes, it should have {}",
            given.len(),
            expected.len()
        ),
    })
}
