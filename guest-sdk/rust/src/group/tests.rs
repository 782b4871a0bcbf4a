use arrow_array::Array;

use super::*;
use crate::prelude::*;

fn numbers(key: &[i64], value: &[i64]) -> RecordBatch {
    testing::batch([
        ("key", array(Int64Array::from(key.to_vec()))),
        ("value", array(Int64Array::from(value.to_vec()))),
    ])
}

fn input(keys: &[&str]) -> Input {
    Input::new("rows", [column::int64("key"), column::int64("value")]).keys(keys.iter().copied())
}

/// Key and values of each input, as text.
fn groups(inputs: &[Input], batches: &[Vec<RecordBatch>]) -> Vec<String> {
    let mut out = Vec::new();
    each_key(inputs, batches, |group| {
        let mut text = format!("{:?}", group.key(0));
        for input in 0..inputs.len() {
            text += &format!(" {:?}", group.rows(input).int64("value")?.values().to_vec());
        }
        out.push(text);
        Ok(())
    })
    .unwrap();
    out
}

#[test]
fn keys_of_one_input() {
    let batches = vec![
        numbers(&[1, 1, 2], &[10, 11, 20]),
        numbers(&[2, 3], &[21, 30]),
        numbers(&[3], &[31]),
    ];
    assert_eq!(
        groups(&[input(&["key"])], &[batches]),
        [
            "Int64(1) [10, 11]",
            "Int64(2) [20, 21]",
            "Int64(3) [30, 31]"
        ]
    );
}

#[test]
fn a_key_over_three_batches() {
    let batches = vec![
        numbers(&[5, 5], &[1, 2]),
        numbers(&[5, 5], &[3, 4]),
        numbers(&[5, 6], &[5, 6]),
    ];
    assert_eq!(
        groups(&[input(&["key"])], &[batches]),
        ["Int64(5) [1, 2, 3, 4, 5]", "Int64(6) [6]"]
    );
}

#[test]
fn keys_of_several_inputs_are_merged() {
    let left = vec![numbers(&[-3, 1], &[1, 2]), numbers(&[4], &[3])];
    let right = vec![numbers(&[1, 2, 4], &[4, 5, 6]), numbers(&[4, 9], &[7, 8])];
    let inputs = [input(&["key"]), input(&["key"])];
    assert_eq!(
        groups(&inputs, &[left, right]),
        [
            "Int64(-3) [1] []",
            "Int64(1) [2] [4]",
            "Int64(2) [] [5]",
            "Int64(4) [3] [6, 7]",
            "Int64(9) [] [8]"
        ]
    );
    assert_eq!(groups(&inputs, &[vec![], vec![]]), Vec::<String>::new());
}

#[test]
fn a_key_within_a_batch_is_a_slice() {
    let batch = numbers(&[1, 2, 2], &[10, 20, 21]);
    let place = batch.int64("value").unwrap().values().as_ptr();
    each_key(&[input(&["key"])], &[vec![batch.clone()]], |group| {
        if group.key(0) == Key::Int64(2) {
            let values = group.rows(0).int64("value")?.values().as_ptr();
            assert_eq!(values, place.wrapping_add(1));
        }
        Ok(())
    })
    .unwrap();
}

/// All parts of the key, in order, of two inputs that hold the same column kinds.
fn merged(kind: fn(&str) -> Column, left: ArrayRef, right: ArrayRef) -> Vec<String> {
    let input = |name: &str| Input::new(name, [kind("key")]).keys(["key"]);
    let mut out = Vec::new();
    let batches = [left, right].map(|column| vec![testing::batch([("key", column)])]);
    each_key(&[input("left"), input("right")], &batches, |group| {
        let rows = [0, 1].map(|input| group.rows(input).num_rows());
        out.push(format!("{:?} {rows:?}", group.key(0)));
        Ok(())
    })
    .unwrap();
    out
}

#[test]
fn keys_of_every_kind_are_ordered() {
    let text = |values: &[&str]| array(StringArray::from(values.to_vec()));
    assert_eq!(
        merged(
            column::utf8,
            text(&["", "Z", "a", "é"]),
            text(&["a", "aa", "é"])
        ),
        [
            "Utf8(\"\") [1, 0]",
            "Utf8(\"Z\") [1, 0]",
            "Utf8(\"a\") [1, 1]",
            "Utf8(\"aa\") [0, 1]",
            "Utf8(\"é\") [1, 1]"
        ]
    );
    let bits = |values: &[bool]| array(BooleanArray::from(values.to_vec()));
    assert_eq!(
        merged(column::boolean, bits(&[true]), bits(&[false, false, true])),
        ["Boolean(false) [0, 2]", "Boolean(true) [1, 1]"]
    );
    let days = |values: &[i32]| array(Date32Array::from(values.to_vec()));
    assert_eq!(
        merged(column::date32, days(&[-1, 3]), days(&[0])),
        ["Date32(-1) [1, 0]", "Date32(0) [0, 1]", "Date32(3) [1, 0]"]
    );
    let times = |values: &[i64]| array(timestamps(values.iter().copied()));
    assert_eq!(
        merged(column::timestamp, times(&[5]), times(&[-5, 5])),
        ["Timestamp(-5) [0, 1]", "Timestamp(5) [1, 1]"]
    );
}

#[test]
fn keys_of_several_columns() {
    let input = Input::new("rows", [column::int64("b"), column::utf8("a")]).keys(["a", "b"]);
    let batch = testing::batch([
        ("b", array(Int64Array::from(vec![1, 1, 2, 1]))),
        ("a", array(StringArray::from(vec!["x", "x", "x", "y"]))),
    ]);
    let mut out = Vec::new();
    each_key(&[input], &[vec![batch]], |group| {
        let rows = group.rows(0).num_rows();
        out.push(format!("{:?} {:?} {rows}", group.key(0), group.key(1)));
        Ok(())
    })
    .unwrap();
    assert_eq!(
        out,
        [
            "Utf8(\"x\") Int64(1) 2",
            "Utf8(\"x\") Int64(2) 1",
            "Utf8(\"y\") Int64(1) 1"
        ]
    );
}

#[test]
fn a_null_key_is_refused() {
    let batch = testing::batch([
        ("key", array(Int64Array::from(vec![None]))),
        ("value", array(Int64Array::from(vec![1]))),
    ]);
    assert_eq!(batch.column(0).null_count(), 1);
    let error = each_key(&[input(&["key"])], &[vec![batch]], |_| Ok(())).unwrap_err();
    assert_eq!(error.message, "key `key` is null");
}
