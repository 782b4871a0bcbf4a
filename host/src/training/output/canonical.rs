//! One form for equal columns, for a format that writes memory as it lies: nothing is hidden below a null, there is no
//! validity without a null, and children begin where they are used.

use arrow::array::{
    Array, ArrayData, ArrayRef, BinaryViewArray, MutableArrayData, RecordBatch, StringViewArray, make_array,
};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;

/// The same rows in the one form.
pub(super) fn canonical(batch: &RecordBatch) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .map(|column| Ok(make_array(of(&column.to_data())?)));
    RecordBatch::try_new(batch.schema(), columns.collect::<Result<Vec<ArrayRef>, ArrowError>>()?)
}

fn of(data: &ArrayData) -> Result<ArrayData, ArrowError> {
    match data.data_type() {
        // Theirs is no validity of their own, or they name their values out of order.
        DataType::Null
        | DataType::Union(..)
        | DataType::RunEndEncoded(..)
        | DataType::Dictionary(..)
        | DataType::ListView(_)
        | DataType::LargeListView(_) => return Ok(data.clone()),
        _ => {}
    }
    let mut copy = MutableArrayData::new(vec![data], true, data.len());
    let mut done = 0;
    if let Some(nulls) = data.nulls() {
        for (start, end) in nulls.valid_slices() {
            copy.try_extend_nulls(start - done)?;
            copy.try_extend(0, start, end)?;
            done = end;
        }
        copy.try_extend_nulls(data.len() - done)?;
    } else {
        copy.try_extend(0, 0, data.len())?;
    }
    let copied = copy.freeze();
    let children = copied.child_data().iter().map(of).collect::<Result<Vec<_>, _>>()?;
    let nulls = copied.nulls().filter(|nulls| nulls.null_count() > 0).cloned();
    let copied = copied.into_builder().child_data(children).nulls(nulls).build()?;
    Ok(match copied.data_type() {
        DataType::Utf8View => StringViewArray::from(copied).gc().into_data(),
        DataType::BinaryView => BinaryViewArray::from(copied).gc().into_data(),
        _ => copied,
    })
}
