use std::sync::Arc;

use arrow::array::{ArrayRef, ListArray};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Field};

use super::class::Native;
use super::error::{StateError, too_large};

/// A list of each group's values, null where there is none.
pub(super) fn lists<'a, V: Native, G>(
    groups: impl Iterator<Item = G> + Clone,
    prepared: &DataType,
) -> Result<ArrayRef, StateError>
where
    G: ExactSizeIterator<Item = &'a V>,
{
    let offsets = offsets(groups.clone().map(|values| values.len()))?;
    let nulls: NullBuffer = groups.clone().map(|values| values.len() > 0).collect();
    let items = V::column(groups.flatten().map(Some), prepared)?;
    let field = Arc::new(Field::new("element", prepared.clone(), true));
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
        end = next.ok_or_else(|| too_large("results"))?;
        offsets.push(end);
    }
    Ok(OffsetBuffer::new(ScalarBuffer::from(offsets)))
}
