use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};

use super::class::Native;
use super::error::StateError;

/// A list of each group's values, null where there is none.
pub(super) fn lists<V: Native>(groups: &[Vec<V>], prepared: &DataType) -> Result<ArrayRef, StateError> {
    let offsets = offsets(groups.iter().map(Vec::len))?;
    // No column of texts is longer than this either.
    self::offsets(groups.iter().flatten().map(Native::heap_bytes))?;
    let items = V::column(groups.iter().flatten().cloned().map(Some), prepared);
    let field = Arc::new(Field::new("element", prepared.clone(), true));
    let nulls: NullBuffer = groups.iter().map(|values| !values.is_empty()).collect();
    let lists = ListArray::try_new(field, offsets, items, Some(nulls));
    Ok(Arc::new(
        lists.map_err(|error| StateError::Internal(error.to_string()))?,
    ))
}

/// Where things of these lengths begin and end in a column.
pub(super) fn offsets(lengths: impl Iterator<Item = usize>) -> Result<OffsetBuffer<i32>, StateError> {
    let mut end = 0_i32;
    let mut offsets = vec![0];
    for length in lengths {
        let next = i32::try_from(length).ok().and_then(|length| end.checked_add(length));
        end = next.ok_or_else(|| StateError::Internal("results of one batch exceed 2 GiB".to_owned()))?;
        offsets.push(end);
    }
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}
