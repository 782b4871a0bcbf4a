//! Rows with a column of every kind. A row's values follow from its number, so a part of a batch can be made by itself.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryBuilder, BooleanBuilder, Date32Array, Decimal128Array, DurationMicrosecondArray,
    FixedSizeBinaryBuilder, FixedSizeListBuilder, Float32Array, Float32Builder, Float64Array, Int8Array, Int16Array,
    Int32Array, Int32Builder, Int64Array, Int64Builder, ListBuilder, MapBuilder, RecordBatch, StringBuilder,
    StructBuilder, TimestampMicrosecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array, make_array,
};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::datatypes::{DataType, Field, Fields, SchemaRef};

use super::contracts;

/// Which values are null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nulls {
    /// None of the columns' own; elements of lists and fields of structs may be.
    None,
    /// Some, and what lies under them is zero.
    Some,
    /// The same ones, and what lies under them is a value all the same.
    OverValues,
}

/// A number that looks random, of a row and a column.
fn hash(row: usize, column: usize) -> u64 {
    let mut z = (row as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (column as u64).wrapping_mul(0xd1b5_4a32_d192_ed03);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

const TEXTS: [&str; 8] = [
    "",
    "a",
    "né",
    "日本語のテキスト",
    "😀 and more, longer than sixteen bytes",
    "\u{0}\t\n\"quoted\"",
    "\u{feff}\u{10ffff}\u{ffff}",
    "plain text",
];

fn text(row: usize, column: usize) -> &'static str {
    TEXTS[hash(row, column) as usize % TEXTS.len()]
}

/// The first rows have the extremes, then others come.
macro_rules! whole {
    ($kind:ty, $row:expr, $column:expr) => {
        match $row {
            0 => <$kind>::MIN,
            1 => <$kind>::MAX,
            2 => 0,
            3 => 1,
            row => hash(row, $column) as $kind,
        }
    };
}

fn float64(row: usize) -> f64 {
    let edges = [
        f64::NAN,
        -0.0,
        0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        0.1,
    ];
    edges
        .get(row)
        .copied()
        .unwrap_or_else(|| hash(row, 11) as i64 as f64 / 1e10)
}

fn float32(row: usize) -> f32 {
    let edges = [f32::NAN, -0.0, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, 1e-45, 0.1];
    edges
        .get(row)
        .copied()
        .unwrap_or_else(|| hash(row, 10) as i32 as f32 / 1e4)
}

fn decimal(row: usize) -> i128 {
    let most = 10_i128.pow(38) - 1;
    match row {
        0 => most,
        1 => -most,
        2 => 0,
        3 => -1,
        row => (i128::from(hash(row, 12) as i64) << 40) ^ i128::from(hash(row, 112) as i64),
    }
}

/// Whether the value of a column is null in this row.
fn is_null(row: usize, column: usize) -> bool {
    hash(row, 1_000 + column).is_multiple_of(4)
}

/// Whether a part of a nested value is null.
fn is_null_inside(row: usize, part: usize) -> bool {
    hash(row, 2_000 + part).is_multiple_of(5)
}

/// The rows of these numbers.
pub(super) fn rows(range: Range<usize>, nulls: Nulls) -> RecordBatch {
    // What lies under nulls is laid over values when all are there.
    let masked = nulls == Nulls::Some;
    let schema = contracts::named("pass").output;
    let at = |column: usize| {
        let range = range.clone();
        move || {
            range
                .clone()
                .map(move |row| (row, !(masked && column > 0 && is_null(row, column))))
        }
    };
    macro_rules! column {
        ($array:ty, $column:expr, $value:expr) => {
            Arc::new(
                at($column)()
                    .map(|(row, there)| there.then(|| $value(row)))
                    .collect::<$array>(),
            ) as ArrayRef
        };
    }
    let mut booleans = BooleanBuilder::new();
    for (row, there) in at(1)() {
        booleans.append_option(there.then(|| hash(row, 1).is_multiple_of(2)));
    }
    let mut texts = StringBuilder::new();
    for (row, there) in at(13)() {
        texts.append_option(there.then(|| text(row, 13)));
    }
    let mut bytes = BinaryBuilder::new();
    for (row, there) in at(14)() {
        let value: Vec<u8> = (0..hash(row, 14) % 7)
            .map(|place| hash(row, 200 + place as usize) as u8)
            .collect();
        bytes.append_option(there.then_some(value));
    }
    let mut fixed = FixedSizeBinaryBuilder::new(3);
    for (row, there) in at(15)() {
        match there {
            true => fixed
                .append_value(&hash(row, 15).to_le_bytes()[..3])
                .expect("three bytes"),
            false => fixed.append_null(),
        }
    }
    let columns: Vec<ArrayRef> = vec![
        column!(Int64Array, 0, |row| row as i64),
        Arc::new(booleans.finish()),
        column!(Int8Array, 2, |row| whole!(i8, row, 2)),
        column!(Int16Array, 3, |row| whole!(i16, row, 3)),
        column!(Int32Array, 4, |row| whole!(i32, row, 4)),
        column!(Int64Array, 5, |row| whole!(i64, row, 5)),
        column!(UInt8Array, 6, |row| whole!(u8, row, 6)),
        column!(UInt16Array, 7, |row| whole!(u16, row, 7)),
        column!(UInt32Array, 8, |row| whole!(u32, row, 8)),
        column!(UInt64Array, 9, |row| whole!(u64, row, 9)),
        column!(Float32Array, 10, float32),
        column!(Float64Array, 11, float64),
        Arc::new(
            at(12)()
                .map(|(row, there)| there.then(|| decimal(row)))
                .collect::<Decimal128Array>()
                .with_precision_and_scale(38, 10)
                .expect("a precision and a scale"),
        ),
        Arc::new(texts.finish()),
        Arc::new(bytes.finish()),
        Arc::new(fixed.finish()),
        column!(Date32Array, 16, |row| whole!(i32, row, 16)),
        Arc::new(
            at(17)()
                .map(|(row, there)| there.then(|| whole!(i64, row, 17)))
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        ),
        column!(DurationMicrosecondArray, 18, |row| whole!(i64, row, 18)),
        list(at(19)()),
        nested(at(20)()),
        fixed_list(at(21)()),
        structs(at(22)(), &schema),
        map(at(23)()),
    ];
    let columns = match nulls {
        Nulls::OverValues => columns
            .into_iter()
            .enumerate()
            .map(|(column, array)| over(array, range.clone(), column))
            .collect(),
        Nulls::None | Nulls::Some => columns,
    };
    RecordBatch::try_new(schema, columns).expect("columns of the kit's schema")
}

/// The same values, of which some are null.
fn over(array: ArrayRef, range: Range<usize>, column: usize) -> ArrayRef {
    if column == 0 {
        return array;
    }
    let validity: BooleanBuffer = range.map(|row| !is_null(row, column)).collect();
    let nulls = NullBuffer::new(validity);
    let data = array.to_data().into_builder().nulls(Some(nulls));
    make_array(data.build().expect("an array with nulls"))
}

type Rows<'a> = &'a mut dyn Iterator<Item = (usize, bool)>;

fn list(mut rows: impl Iterator<Item = (usize, bool)>) -> ArrayRef {
    let rows: Rows<'_> = &mut rows;
    let mut builder = ListBuilder::new(Int64Builder::new());
    for (row, there) in rows {
        if there {
            for place in 0..hash(row, 19) as usize % 4 {
                let value = (!is_null_inside(row, place)).then(|| whole!(i64, row + place, 119));
                builder.values().append_option(value);
            }
        }
        builder.append(there);
    }
    Arc::new(builder.finish())
}

fn nested(rows: impl Iterator<Item = (usize, bool)>) -> ArrayRef {
    let mut builder = ListBuilder::new(ListBuilder::new(StringBuilder::new()));
    for (row, there) in rows {
        if there {
            for place in 0..hash(row, 20) as usize % 3 {
                let inner = builder.values();
                let is_there = !is_null_inside(row, 10 + place);
                if is_there {
                    for part in 0..hash(row, 120 + place) as usize % 3 {
                        let value = (!is_null_inside(row, 20 + part)).then(|| text(row, 130 + part));
                        inner.values().append_option(value);
                    }
                }
                inner.append(is_there);
            }
        }
        builder.append(there);
    }
    Arc::new(builder.finish())
}

fn fixed_list(rows: impl Iterator<Item = (usize, bool)>) -> ArrayRef {
    let mut builder = FixedSizeListBuilder::new(Float32Builder::new(), 2);
    for (row, there) in rows {
        for place in 0..2 {
            let value = there && !is_null_inside(row, 30 + place);
            builder.values().append_option(value.then(|| float32(row + place)));
        }
        builder.append(there);
    }
    Arc::new(builder.finish())
}

fn structs(rows: impl Iterator<Item = (usize, bool)>, schema: &SchemaRef) -> ArrayRef {
    let field = schema.field_with_name("a_struct").expect("a column of the kit");
    let DataType::Struct(fields) = field.data_type() else {
        unreachable!("it is a struct")
    };
    let inner_fields = Fields::from(vec![Field::new("flag", DataType::Boolean, true)]);
    let inner = StructBuilder::new(inner_fields, vec![Box::new(BooleanBuilder::new())]);
    let mut builder = StructBuilder::new(
        fields.clone(),
        vec![
            Box::new(Int64Builder::new()),
            Box::new(StringBuilder::new()),
            Box::new(inner),
        ],
    );
    for (row, there) in rows {
        let part = |place: usize| there && !is_null_inside(row, 40 + place);
        let whole = part(0).then(|| whole!(i64, row, 122));
        builder
            .field_builder::<Int64Builder>(0)
            .expect("a builder of its type")
            .append_option(whole);
        builder
            .field_builder::<StringBuilder>(1)
            .expect("a builder of its type")
            .append_option(part(1).then(|| text(row, 123)));
        let inner = builder
            .field_builder::<StructBuilder>(2)
            .expect("a builder of its type");
        let flag = part(2) && !is_null_inside(row, 43);
        inner
            .field_builder::<BooleanBuilder>(0)
            .expect("a builder of its type")
            .append_option(flag.then(|| hash(row, 124).is_multiple_of(2)));
        inner.append(part(2));
        builder.append(there);
    }
    Arc::new(builder.finish())
}

fn map(rows: impl Iterator<Item = (usize, bool)>) -> ArrayRef {
    let mut builder = MapBuilder::new(None, StringBuilder::new(), ListBuilder::new(Int32Builder::new()));
    for (row, there) in rows {
        if there {
            for place in 0..hash(row, 23) as usize % 3 {
                // Keys of one map differ, as languages' own maps would have it.
                builder
                    .keys()
                    .append_value(format!("{place}{}", text(row, 140 + place)));
                let is_there = !is_null_inside(row, 50 + place);
                if is_there {
                    for part in 0..hash(row, 150 + place) as usize % 3 {
                        let value = (!is_null_inside(row, 60 + part)).then(|| whole!(i32, row, 160 + part));
                        builder.values().values().append_option(value);
                    }
                }
                builder.values().append(is_there);
            }
        }
        builder.append(there).expect("as many keys as values");
    }
    Arc::new(builder.finish())
}
