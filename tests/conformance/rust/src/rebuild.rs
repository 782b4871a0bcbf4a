use sandglass_guest::arrow_array::builder::{
    BooleanBuilder, FixedSizeBinaryBuilder, FixedSizeListBuilder, Float32Builder, Int32Builder, Int64Builder,
    ListBuilder, MapBuilder, StringBuilder, StructBuilder,
};
use sandglass_guest::arrow_array::cast::AsArray;
use sandglass_guest::arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Decimal128Type, DurationMicrosecondType, Float32Type, Float64Type, Int8Type,
    Int16Type, Int32Type, Int64Type, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use sandglass_guest::arrow_array::{FixedSizeListArray, ListArray, MapArray, PrimitiveArray, StructArray};
use sandglass_guest::prelude::*;

use super::columns::kinds;

/// Reads every value and writes it again.
pub fn rebuild() -> Transformation {
    Transformation::aligned("rebuild")
        .input(Input::new("rows", kinds()))
        .output(kinds())
        .run(|_, batch| {
            let columns = batch.columns();
            Ok(Output::new(vec![
                numbers::<Int64Type>(&columns[0]),
                array(columns[1].as_boolean().iter().collect::<BooleanArray>()),
                numbers::<Int8Type>(&columns[2]),
                numbers::<Int16Type>(&columns[3]),
                numbers::<Int32Type>(&columns[4]),
                numbers::<Int64Type>(&columns[5]),
                numbers::<UInt8Type>(&columns[6]),
                numbers::<UInt16Type>(&columns[7]),
                numbers::<UInt32Type>(&columns[8]),
                numbers::<UInt64Type>(&columns[9]),
                numbers::<Float32Type>(&columns[10]),
                numbers::<Float64Type>(&columns[11]),
                numbers::<Decimal128Type>(&columns[12]),
                array(columns[13].as_string::<i32>().iter().collect::<StringArray>()),
                array(columns[14].as_binary::<i32>().iter().collect::<BinaryArray>()),
                fixed(&columns[15])?,
                numbers::<Date32Type>(&columns[16]),
                numbers::<TimestampMicrosecondType>(&columns[17]),
                numbers::<DurationMicrosecondType>(&columns[18]),
                list(columns[19].as_list()),
                nested(columns[20].as_list()),
                fixed_list(columns[21].as_fixed_size_list()),
                structs(columns[22].as_struct()),
                map(columns[23].as_map())?,
            ]))
        })
}

fn numbers<T: ArrowPrimitiveType>(column: &ArrayRef) -> ArrayRef {
    let values = column.as_primitive::<T>();
    let rebuilt: PrimitiveArray<T> = values.iter().collect();
    array(rebuilt.with_data_type(column.data_type().clone()))
}

fn fixed(column: &ArrayRef) -> Result<ArrayRef> {
    let values = column.as_fixed_size_binary();
    let mut builder = FixedSizeBinaryBuilder::new(3);
    for value in values {
        match value {
            Some(value) => builder.append_value(value)?,
            None => builder.append_null(),
        }
    }
    Ok(array(builder.finish()))
}

fn list(column: &ListArray) -> ArrayRef {
    let mut builder = ListBuilder::new(Int64Builder::new());
    for items in column.iter() {
        if let Some(items) = &items {
            builder.values().extend(items.as_primitive::<Int64Type>());
        }
        builder.append(items.is_some());
    }
    array(builder.finish())
}

fn nested(column: &ListArray) -> ArrayRef {
    let mut builder = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    for lists in column.iter() {
        for texts in lists.iter().flat_map(|lists| lists.as_list::<i32>().iter()) {
            if let Some(texts) = &texts {
                builder.values().values().extend(texts.as_string::<i32>());
            }
            builder.values().append(texts.is_some());
        }
        builder.append(lists.is_some());
    }
    array(builder.finish())
}

fn fixed_list(column: &FixedSizeListArray) -> ArrayRef {
    let mut builder = FixedSizeListBuilder::new(Float32Builder::new(), 2);
    for items in column.iter() {
        match &items {
            Some(items) => builder.values().extend(items.as_primitive::<Float32Type>()),
            None => builder.values().append_nulls(2),
        }
        builder.append(items.is_some());
    }
    array(builder.finish())
}

fn structs(column: &StructArray) -> ArrayRef {
    let inner = column.column(2).as_struct();
    let (wholes, texts) = (column.column(0), column.column(1));
    let flags = inner.column(0).as_boolean();
    let inner_builder = StructBuilder::new(inner.fields().clone(), vec![Box::new(BooleanBuilder::new())]);
    let mut builder = StructBuilder::new(
        column.fields().clone(),
        vec![
            Box::new(Int64Builder::new()),
            Box::new(StringBuilder::new()),
            Box::new(inner_builder),
        ],
    );
    for row in 0..column.len() {
        let is_there = column.is_valid(row);
        let whole = (is_there && wholes.is_valid(row)).then(|| wholes.as_primitive::<Int64Type>().value(row));
        let text = (is_there && texts.is_valid(row)).then(|| texts.as_string::<i32>().value(row));
        let has_inner = is_there && inner.is_valid(row);
        let flag = (has_inner && flags.is_valid(row)).then(|| flags.value(row));
        builder.field_builder::<Int64Builder>(0).unwrap().append_option(whole);
        builder.field_builder::<StringBuilder>(1).unwrap().append_option(text);
        let inner = builder.field_builder::<StructBuilder>(2).unwrap();
        inner.field_builder::<BooleanBuilder>(0).unwrap().append_option(flag);
        inner.append(has_inner);
        builder.append(is_there);
    }
    array(builder.finish())
}

fn map(column: &MapArray) -> Result<ArrayRef> {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), ListBuilder::new(Int32Builder::new()));
    for entries in column.iter() {
        if let Some(entries) = &entries {
            builder.keys().extend(entries.column(0).as_string::<i32>());
            for items in entries.column(1).as_list::<i32>().iter() {
                if let Some(items) = &items {
                    builder.values().values().extend(items.as_primitive::<Int32Type>());
                }
                builder.values().append(items.is_some());
            }
        }
        builder.append(entries.is_some())?;
    }
    Ok(array(builder.finish()))
}
