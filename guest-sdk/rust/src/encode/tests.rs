use std::sync::Arc;

use arrow_array::builder::{
    BinaryBuilder, FixedSizeBinaryBuilder, FixedSizeListBuilder, Int64Builder, ListBuilder,
    MapBuilder, StringBuilder,
};
use arrow_array::types::*;
use arrow_array::*;
use arrow_schema::{DataType, Field, Fields, Schema};

use super::*;
use crate::decode::decode;
use crate::schema::nodes;
use crate::schema::width;
use crate::testing::crossed;
use crate::{array, timestamps};

fn primitive<T: ArrowPrimitiveType>(values: [Option<T::Native>; 5]) -> PrimitiveArray<T> {
    PrimitiveArray::from_iter(values)
}

/// Five rows of every kind, each with nulls.
pub(crate) fn every_kind() -> Vec<(&'static str, ArrayRef)> {
    let mut binary = BinaryBuilder::new();
    let mut fixed = FixedSizeBinaryBuilder::new(3);
    let mut list = ListBuilder::new(StringBuilder::new());
    let mut pair = FixedSizeListBuilder::new(Int64Builder::new(), 2);
    let mut map = MapBuilder::new(
        None,
        StringBuilder::new(),
        ListBuilder::new(Int64Builder::new()),
    );
    for row in 0..5 {
        let some = row != 2;
        binary.append_option(some.then_some([row as u8; 4]));
        if some {
            fixed.append_value([row as u8; 3]).unwrap();
        } else {
            fixed.append_null();
        }
        for item in 0..row {
            list.values()
                .append_option((item != 1).then(|| "é".repeat(item)));
            map.keys().append_value(format!("k{item}"));
            map.values().values().append_value(item as i64);
            map.values().append(item != 3);
        }
        list.append(some);
        map.append(some).unwrap();
        pair.values().append_value(row as i64);
        pair.values().append_option((row != 3).then_some(-1));
        pair.append(some);
    }
    let inner = Fields::from(vec![
        Field::new("a", DataType::Int64, true),
        Field::new("b", DataType::Utf8, false),
    ]);
    let structs = StructArray::new(
        inner,
        vec![
            array(Int64Array::from(vec![
                Some(1),
                None,
                Some(3),
                Some(4),
                None,
            ])),
            array(StringArray::from(vec!["a", "", "c", "dd", "e"])),
        ],
        Some(NullBuffer::from(vec![true, false, true, true, true])),
    );
    let text = StringArray::from(vec![Some("a"), None, Some(""), Some("déjà"), Some("e")]);
    let times = timestamps([0, -1, 2, 3, 4]);
    vec![
        (
            "boolean",
            array(BooleanArray::from(vec![
                Some(true),
                None,
                Some(false),
                Some(true),
                Some(true),
            ])),
        ),
        (
            "int8",
            array(primitive::<Int8Type>([
                Some(1),
                None,
                Some(-3),
                Some(4),
                Some(5),
            ])),
        ),
        (
            "int16",
            array(primitive::<Int16Type>([
                Some(1),
                None,
                Some(-3),
                Some(4),
                Some(5),
            ])),
        ),
        (
            "int32",
            array(primitive::<Int32Type>([
                Some(1),
                None,
                Some(-3),
                Some(4),
                Some(5),
            ])),
        ),
        (
            "int64",
            array(primitive::<Int64Type>([
                Some(1),
                None,
                Some(i64::MIN),
                Some(4),
                Some(5),
            ])),
        ),
        (
            "uint8",
            array(primitive::<UInt8Type>([
                Some(1),
                None,
                Some(255),
                Some(4),
                Some(5),
            ])),
        ),
        (
            "uint16",
            array(primitive::<UInt16Type>([
                Some(1),
                None,
                Some(3),
                Some(4),
                Some(5),
            ])),
        ),
        (
            "uint32",
            array(primitive::<UInt32Type>([
                Some(1),
                None,
                Some(3),
                Some(4),
                Some(5),
            ])),
        ),
        (
            "uint64",
            array(primitive::<UInt64Type>([
                Some(1),
                None,
                Some(u64::MAX),
                Some(4),
                Some(5),
            ])),
        ),
        (
            "float32",
            array(primitive::<Float32Type>([
                Some(1.5),
                None,
                Some(-0.0),
                Some(4.0),
                Some(5.0),
            ])),
        ),
        (
            "float64",
            array(primitive::<Float64Type>([
                Some(1.5),
                None,
                Some(-0.0),
                Some(4.0),
                Some(5.0),
            ])),
        ),
        (
            "decimal128",
            array(
                primitive::<Decimal128Type>([Some(1), None, Some(-99_999), Some(4), Some(5)])
                    .with_precision_and_scale(38, -2)
                    .unwrap(),
            ),
        ),
        ("utf8", array(text)),
        ("binary", array(binary.finish())),
        ("fixed", array(fixed.finish())),
        (
            "date32",
            array(primitive::<Date32Type>([
                Some(1),
                None,
                Some(-3),
                Some(4),
                Some(5),
            ])),
        ),
        ("timestamp", array(times)),
        (
            "duration",
            array(primitive::<DurationMicrosecondType>([
                Some(1),
                None,
                Some(-3),
                Some(4),
                Some(5),
            ])),
        ),
        ("list", array(list.finish())),
        ("pair", array(pair.finish())),
        ("struct", array(structs)),
        ("map", array(map.finish())),
    ]
}

fn schema(columns: &[(&str, ArrayRef)]) -> SchemaRef {
    let field =
        |(name, column): &(&str, ArrayRef)| Field::new(*name, column.data_type().clone(), true);
    Arc::new(Schema::new(columns.iter().map(field).collect::<Vec<_>>()))
}

/// Counts and lengths that the contract asks for.
fn is_exact(data_type: &DataType, length: usize, nodes: &mut &[Node], buffers: &mut &[Buffer]) {
    let (node, rest) = nodes.split_first().unwrap();
    *nodes = rest;
    assert_eq!(node.length as usize, length);
    let mut next = || {
        let (buffer, rest) = buffers.split_first().unwrap();
        *buffers = rest;
        buffer
    };
    let validity = next();
    let bytes = if node.null_count == 0 {
        0
    } else {
        length.div_ceil(8)
    };
    assert_eq!(validity.len(), bytes, "validity of {data_type}");
    let end = |offsets: &Buffer| {
        assert_eq!(offsets.len(), 4 * (length + 1), "offsets of {data_type}");
        assert_eq!(offsets[..4], [0; 4], "offsets of {data_type}");
        i32::from_le_bytes(*offsets.last_chunk().unwrap()) as usize
    };
    let inside = match data_type {
        DataType::Boolean => {
            assert_eq!(next().len(), length.div_ceil(8));
            0
        }
        DataType::Utf8 | DataType::Binary => {
            let end = end(next());
            assert_eq!(next().len(), end);
            0
        }
        DataType::List(_) | DataType::Map(..) => end(next()),
        DataType::FixedSizeList(_, size) => length * *size as usize,
        DataType::Struct(_) => length,
        other => {
            assert_eq!(next().len(), length * width(other).unwrap());
            0
        }
    };
    for child in children(data_type) {
        is_exact(child.data_type(), inside, nodes, buffers);
    }
}

fn encode(schema: &SchemaRef, columns: &[ArrayRef], rows: usize) -> Encoded {
    let mut encoded = Encoded::default();
    encoded.fill(schema, columns, rows).unwrap();
    encoded
}

fn round_trip(columns: &[(&str, ArrayRef)], rows: usize) {
    let schema = schema(columns);
    let arrays: Vec<_> = columns
        .iter()
        .map(|(_, column)| Arc::clone(column))
        .collect();
    let encoded = encode(&schema, &arrays, rows);
    assert_eq!(encoded.nodes.len(), nodes(&schema).unwrap().len());
    let (mut nodes, mut buffers) = (&encoded.nodes[..], &encoded.buffers[..]);
    for field in schema.fields() {
        is_exact(field.data_type(), rows, &mut nodes, &mut buffers);
    }
    assert!(nodes.is_empty() && buffers.is_empty());
    let batch = crossed(&schema, &arrays, rows).unwrap();
    assert_eq!(batch.num_rows(), rows);
    for (column, expected) in batch.columns().iter().zip(&arrays) {
        column.to_data().validate_full().unwrap();
        assert_eq!(column, expected);
    }
}

#[test]
pub(crate) fn every_kind_comes_back() {
    round_trip(&every_kind(), 5);
}

#[test]
fn slices_come_back() {
    let columns = every_kind();
    for offset in 0..=5 {
        for length in 0..=5 - offset {
            let sliced: Vec<_> = columns
                .iter()
                .map(|(name, column)| (*name, column.slice(offset, length)))
                .collect();
            round_trip(&sliced, length);
        }
    }
}

#[test]
fn slices_across_bytes_come_back() {
    let rows = 100;
    let bits = BooleanArray::from_iter((0..rows).map(|row| (row % 7 != 0).then_some(row % 3 == 0)));
    let text = StringArray::from_iter((0..rows).map(|row| (row % 5 != 0).then(|| "x".repeat(row))));
    for (offset, length) in [(0, 100), (8, 64), (13, 20), (63, 37), (99, 1)] {
        let columns = [
            ("bits", array(bits.slice(offset, length))),
            ("text", array(text.slice(offset, length))),
        ];
        round_trip(&columns, length);
    }
}

#[test]
fn empty_arrays_come_back() {
    let empty: Vec<_> = every_kind()
        .into_iter()
        .map(|(name, column)| (name, new_empty_array(column.data_type())))
        .collect();
    round_trip(&empty, 0);
}

#[test]
fn nulls_under_a_null_struct_are_covered() {
    let fields = Fields::from(vec![Field::new("a", DataType::Int64, false)]);
    let structs = StructArray::new(
        fields,
        vec![array(Int64Array::from(vec![Some(1), None]))],
        Some(NullBuffer::from(vec![true, false])),
    );
    round_trip_nulls(array(structs), 2);
}

fn round_trip_nulls(column: ArrayRef, rows: usize) {
    let schema = schema(&[("s", Arc::clone(&column))]);
    let encoded = encode(&schema, &[column], rows);
    let counts: Vec<_> = encoded.nodes.iter().map(|node| node.null_count).collect();
    assert_eq!(counts, [1, 0]);
    assert!(
        encoded.buffers[1].is_empty(),
        "no validity where the contract has no nulls"
    );
}

/// Held by somebody else, and not from their beginning on.
#[test]
fn buffers_go_out_without_a_copy() {
    let numbers = array(Int64Array::from_iter(
        (0..64).map(|row| (row != 3).then_some(row)),
    ));
    let text = array(StringArray::from(vec!["text"; 64]));
    let bits = array(BooleanArray::from(vec![true; 64]));
    let columns = [
        ("a", numbers.slice(8, 16)),
        ("b", text.slice(0, 3)),
        ("c", bits.slice(16, 5)),
    ];
    let arrays = columns.clone().map(|(_, column)| column);
    let encoded = encode(&schema(&columns), &arrays, 0);
    let lies_in = |place: usize, array: &ArrayRef, from: usize| {
        let whole = array.to_data().buffers()[place].as_ptr();
        let buffers = encoded.buffers.iter();
        let found = buffers.filter(|buffer| buffer.as_ptr() == whole.wrapping_add(from));
        assert_eq!(found.count(), 1, "{array:?} from {from}");
    };
    lies_in(0, &numbers, 64);
    lies_in(0, &text, 0);
    lies_in(1, &text, 0);
    lies_in(0, &bits, 2);
}

#[test]
fn a_lie_about_lengths_is_refused() {
    let column = array(StringArray::from(vec!["ab", "c"]));
    let columns = [("a", column)];
    let schema = schema(&columns);
    let mut good = encode(&schema, &[Arc::clone(&columns[0].1)], 2);
    let (nodes, buffers): (_, Vec<_>) = (good.nodes.clone(), good.take_buffers().collect());
    let refused = |rows: u32, change: fn(&mut Vec<Vec<u8>>)| {
        let mut bad = buffers.clone();
        change(&mut bad);
        let bad = decode(&schema, rows, &nodes, &mut bad.into_iter());
        bad.unwrap_err().message
    };
    assert_eq!(refused(3, |_| ()), "the host's column `a`: 2 rows of 3");
    assert_eq!(
        refused(2, |buffers| buffers[1].truncate(8)),
        "the host's column `a`: 8 bytes for 3 values"
    );
    assert_eq!(
        refused(2, |buffers| buffers[2].push(0)),
        "the host's column `a`: 4 bytes for 3 values"
    );
    assert_eq!(
        refused(2, |buffers| buffers[0] = vec![1, 1]),
        "the host's column `a`: 2 bytes of validity"
    );
    assert!(refused(2, |buffers| buffers.push(vec![])).contains("more than its schema"));
    assert!(refused(2, |buffers| drop(buffers.pop())).contains("a buffer is missing"));
}
