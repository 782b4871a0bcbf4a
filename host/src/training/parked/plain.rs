//! Columns whose arrays hold no more than their own rows. A dictionary, or the buffers that views point into, would go with every few
//! rows that are put on the disk.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::{can_cast_types, cast};
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::common::Result;

/// The columns' types, plain.
pub(in crate::training) fn plain(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| {
        let plain = plain_field(field);
        let (from, to) = (field.data_type(), plain.data_type());
        match can_cast_types(from, to) && can_cast_types(to, from) {
            true => plain,
            false => Arc::clone(field),
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<FieldRef>>()))
}

fn plain_field(field: &FieldRef) -> FieldRef {
    let children = |fields: &arrow::datatypes::Fields| fields.iter().map(plain_field).collect();
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => {
            let values = Arc::new(Field::new("", values.as_ref().clone(), true));
            plain_field(&values).data_type().clone()
        }
        DataType::Utf8View => DataType::LargeUtf8,
        DataType::BinaryView => DataType::LargeBinary,
        DataType::List(item) => DataType::List(plain_field(item)),
        DataType::LargeList(item) => DataType::LargeList(plain_field(item)),
        DataType::FixedSizeList(item, size) => DataType::FixedSizeList(plain_field(item), *size),
        DataType::Struct(fields) => DataType::Struct(children(fields)),
        DataType::Map(entries, sorted) => DataType::Map(plain_field(entries), *sorted),
        _ => return Arc::clone(field),
    };
    Arc::new(field.as_ref().clone().with_data_type(data_type))
}

/// A batch in these columns' types.
pub(in crate::training) fn shaped(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    if batch.schema_ref() == schema {
        return Ok(batch);
    }
    let columns = batch.columns().iter().zip(schema.fields());
    let columns = columns.map(|(column, field)| match column.data_type() == field.data_type() {
        true => Ok(Arc::clone(column)),
        false => cast(column, field.data_type()),
    });
    let columns = columns.collect::<std::result::Result<Vec<_>, _>>()?;
    Ok(RecordBatch::try_new(Arc::clone(schema), columns)?)
}
