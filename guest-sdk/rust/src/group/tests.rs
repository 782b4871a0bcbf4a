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

/// Wherever the batches are cut, the rows of a key are the same, by column and as a batch.
#[test]
fn cuts_do_not_matter() {
    let left = [1, 1, 1, 2, 4, 4, 5];
    let right = [1, 2, 2, 3, 5, 5, 5];
    let cut = |keys: &[i64], cuts: usize| -> Vec<RecordBatch> {
        let places = (1..keys.len()).filter(|place| cuts >> (place - 1) & 1 == 1);
        let mut ends: Vec<usize> = places.chain([keys.len()]).collect();
        ends.insert(0, 0);
        let part = |ends: &[usize]| {
            let values: Vec<i64> = (ends[0] as i64..ends[1] as i64).collect();
            numbers(&keys[ends[0]..ends[1]], &values)
        };
        ends.windows(2).map(part).collect()
    };
    let inputs = [input(&["key"]), input(&["key"])];
    for cuts in 0..1 << (left.len() - 1) {
        // Every cut of one input meets another one of the other.
        let batches = [
            cut(&left, cuts),
            cut(&right, cuts.reverse_bits() >> 58 ^ 0b10101),
        ];
        let mut seen = Vec::new();
        each_key(&inputs, &batches, |group| {
            for (side, keys) in [left, right].iter().enumerate() {
                let rows = group.rows(side);
                let of_key = (0..)
                    .zip(keys)
                    .filter(|(_, key)| group.key(0) == Key::Int64(**key));
                let expected: Vec<i64> = of_key.map(|(row, _)| row).collect();
                assert_eq!(rows.int64("value")?.values(), &expected, "{cuts:b}");
                assert_eq!(
                    (rows.num_rows(), rows.rows()),
                    (expected.len(), expected.len() as u32)
                );
                let batch: &RecordBatch = rows;
                assert_eq!(batch.int64("value")?.values(), &expected, "{cuts:b}");
                if let Some(last) = rows.rows().checked_sub(1) {
                    let last_row = rows.take_rows(&[last])?;
                    assert_eq!(
                        last_row.int64("value")?.values(),
                        &expected[last as usize..]
                    );
                }
                assert!(rows.take_rows(&[rows.rows()]).is_err());
            }
            let Key::Int64(key) = group.key(0) else {
                panic!("another kind of key")
            };
            seen.push(key);
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, [1, 2, 3, 4, 5], "{cuts:b}");
    }
}

#[test]
fn what_a_group_does_not_have_is_named() {
    each_key(&[input(&["key"])], &[vec![numbers(&[1], &[2])]], |group| {
        let error = group.rows(0).int64("amount").unwrap_err();
        assert_eq!(
            error.message,
            "no column `amount`; there are `key`, `value`"
        );
        let error = group.rows(0).utf8("value").unwrap_err();
        assert_eq!(error.message, "column `value` is int64, not utf8");
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
