#![expect(clippy::unwrap_used, reason = "a panic is a failed test")]

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer};
use arrow::datatypes::{DataType, Field, Schema};
use sandglass_runtime::lower;

use super::case::{Equality, Step};
use super::kinds::{Nulls, rows};
use super::{cases, compare, contracts};

#[test]
fn cases_are_of_the_contracts() {
    let contracts = contracts::all();
    let names: Vec<_> = contracts.iter().map(|contract| contract.name.as_str()).collect();
    assert_eq!(names, contracts::NAMES);
    for case in cases::all() {
        let contract = contracts::named(case.transformation);
        for step in &case.steps {
            let given = match step {
                Step::Push(input, rows, given) => {
                    let columns = &contract.inputs[*input as usize].columns;
                    assert_eq!(&rows.schema(), columns, "{}: {}", case.transformation, case.name);
                    given
                }
                Step::EndKeys(given) | Step::Finish(given) => given,
            };
            assert_eq!(
                given.rows.schema(),
                contract.output,
                "{}: {}",
                case.transformation,
                case.name
            );
        }
        for parameter in contract
            .parameters
            .iter()
            .filter(|parameter| parameter.default.is_none())
        {
            let mut given = case.parameters.iter();
            assert!(
                given.any(|(name, _)| *name == parameter.name),
                "{}: {}",
                case.transformation,
                case.name
            );
        }
    }
    for name in contracts::NAMES {
        assert!(
            cases::all().iter().any(|case| case.transformation == name),
            "{name} has no case"
        );
    }
}

#[test]
fn rows_of_every_kind_are_the_same_wherever_a_batch_begins() {
    let whole = rows(0..300, Nulls::Some);
    let part = rows(100..200, Nulls::Some);
    assert_eq!(
        compare::difference(&part, &whole.slice(100, 100), Equality::Values),
        None
    );
    let over = rows(0..300, Nulls::OverValues);
    assert_eq!(compare::difference(&whole, &over, Equality::Values), None);
    // Else the case would show nothing.
    assert!(compare::difference(&whole, &over, Equality::Bytes).is_some());
    for column in whole.columns().iter().skip(1) {
        assert!(column.null_count() > 40 && column.null_count() < 120);
    }
}

fn batch(name: &str, column: ArrayRef) -> RecordBatch {
    let schema = Schema::new(vec![Field::new(name, column.data_type().clone(), true)]);
    RecordBatch::try_new(Arc::new(schema), vec![column]).unwrap()
}

#[test]
fn differences_lead_to_their_place() {
    let ints = |values: Vec<Option<i64>>| batch("n", Arc::new(Int64Array::from(values)));
    let floats = |bits: [u64; 2]| {
        let values = bits.map(f64::from_bits).to_vec();
        batch("x", Arc::new(arrow::array::Float64Array::from(values)))
    };
    let nan = 0x7ff8_0000_0000_0000;
    // The last bits of a byte that no row has.
    let truth = |byte: u8| {
        batch(
            "b",
            Arc::new(BooleanArray::new(
                BooleanBuffer::new(Buffer::from(vec![byte]), 0, 3),
                None,
            )),
        )
    };
    let under = |value: i64| {
        let nulls = NullBuffer::from(vec![true, false]);
        batch("n", Arc::new(Int64Array::new(vec![1, value].into(), Some(nulls))))
    };
    let texts = |values: [&str; 2]| batch("t", Arc::new(StringArray::from(values.to_vec())));
    for (expected, given, equality, words) in [
        (
            ints(vec![Some(1)]),
            ints(vec![Some(1), None]),
            Equality::Values,
            "2 rows, there should be 1",
        ),
        (
            ints(vec![Some(1), None]),
            ints(vec![Some(1), Some(2)]),
            Equality::Values,
            "column `n`: row 1 is 2, it should be null",
        ),
        (
            texts(["a", "b"]),
            texts(["a", "é"]),
            Equality::Values,
            "column `t`: row 1 is é, it should be b",
        ),
        (
            floats([0, nan]),
            floats([0, nan + 1]),
            Equality::Values,
            "row 1 is NaN, and its bits are not",
        ),
        (
            under(0),
            under(7),
            Equality::Bytes,
            "byte 8 of buffer 1 is 0x07, it should be 0x00",
        ),
        (
            truth(0b101),
            truth(0b1101),
            Equality::Bytes,
            "byte 0 of buffer 1 is 0x0d, it should be 0x05",
        ),
    ] {
        let difference = compare::difference(&expected, &given, equality).expect(words);
        assert!(difference.contains(words), "{difference}");
        assert_eq!(compare::difference(&given, &given, equality), None);
    }
    assert_eq!(compare::difference(&under(0), &under(7), Equality::Values), None);
    assert_eq!(
        compare::difference(&truth(0b101), &truth(0b1101), Equality::Values),
        None
    );
}

#[test]
fn differences_of_contracts_are_told() {
    let expected = contracts::named("filter");
    let mut other = expected.clone();
    assert_eq!(contracts::difference(&expected, Some(&other)), None);
    assert_eq!(contracts::difference(&expected, None).as_deref(), Some("is missing"));
    other.parameters.clear();
    assert_eq!(
        contracts::difference(&expected, Some(&other)).as_deref(),
        Some("it has 0 parameters, it should have 1")
    );
    let mut fields: Vec<_> = expected
        .output
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    fields[1] = Field::new("amount", DataType::Float64, false);
    other.output = Arc::new(Schema::new(fields));
    assert_eq!(
        contracts::difference(&expected, Some(&other)).as_deref(),
        Some("output: a column is `amount`: float64, it should be `amount`: float64, nullable")
    );
    other.inputs[0].name = "lines".to_owned();
    assert_eq!(
        contracts::difference(&expected, Some(&other)).as_deref(),
        Some("an input is named `lines`, it should be `rows`")
    );
    other.doc = "More.".to_owned();
    assert!(
        contracts::difference(&expected, Some(&other))
            .unwrap()
            .starts_with("its doc is")
    );
}

/// What the host hands in is what the kit takes for the bytes of these values.
#[test]
fn what_is_expected_is_as_builders_make_it() {
    for range in [0..0, 0..1, 0..100] {
        let batch = rows(range, Nulls::Some);
        let lowered = lower(&batch).unwrap();
        let raw = sandglass_runtime::RawBatch::from(lowered);
        let lifted = sandglass_runtime::lift(&contracts::named("pass").output, raw).unwrap();
        assert_eq!(compare::difference(&batch, &lifted, Equality::Bytes), None);
    }
}
