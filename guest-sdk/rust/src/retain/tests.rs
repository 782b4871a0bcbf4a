use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::Schema;

use super::*;
use crate::encode::tests::every_kind;
use crate::gather::take_rows;
use crate::prelude::*;
use crate::testing::crossed;

/// SplitMix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) as usize % end
    }
}

/// Rows of every kind, with nulls in some and with none in others.
fn rows(random: &mut Random, count: usize) -> RecordBatch {
    let (fields, columns): (Vec<_>, Vec<_>) = every_kind()
        .into_iter()
        .flat_map(|(name, column)| {
            // The third row is null, if it has one.
            let mut pick = |of: &[u32]| -> Vec<u32> {
                (0..count).map(|_| of[random.below(of.len())]).collect()
            };
            let with = take(&column, &pick(&[0, 1, 2, 3, 4])).unwrap();
            let without = take(&column, &pick(&[0, 1, 3, 4])).unwrap();
            [(format!("{name}, nulls"), with), (name.to_owned(), without)]
        })
        .map(|(name, column)| {
            (
                column::of(&name, column.data_type().clone()).nullable().0,
                column,
            )
        })
        .unzip();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
}

/// The same rows in buffers of their own, as a host hands them in.
fn handed_in(batch: &RecordBatch) -> RecordBatch {
    let schema = batch.schema();
    crossed(&schema, batch.columns(), batch.num_rows()).unwrap()
}

fn retain(batch: RecordBatch, kept: &Kept) -> Vec<ArrayRef> {
    let (_, columns, _) = batch.into_parts();
    let columns = columns
        .into_iter()
        .map(|column| kept.column(column).unwrap());
    columns.collect()
}

#[test]
fn what_stays_is_what_take_rows_takes() {
    let mut random = Random(1);
    for count in 0..70 {
        for chance in [0, 1, 4, 7, 8] {
            let batch = rows(&mut random, count + 3);
            let sliced = batch.slice(random.below(4), count);
            let mask: Vec<bool> = (0..count).map(|_| random.below(8) < chance).collect();
            let expected: Vec<u32> = (0..count as u32)
                .filter(|row| mask[*row as usize])
                .collect();
            let kept = Kept::of(count as u32, |row| mask[row]);
            assert_eq!(kept.rows, expected);
            let taken = take_rows(&sliced, &expected).unwrap();
            for (way, batch) in [("in place", handed_in(&sliced)), ("shared", sliced)] {
                for (column, taken) in retain(batch, &kept).iter().zip(taken.columns()) {
                    assert_eq!(column, taken, "{way}, {count} rows, {chance}/8");
                    column.to_data().validate_full().unwrap();
                }
            }
        }
    }
}

#[test]
fn one_column_decides() {
    let mut random = Random(2);
    for count in 0..70 {
        let values: Vec<Option<i32>> = (0..count + 2)
            .map(|_| (random.below(4) > 0).then(|| random.below(10) as i32))
            .collect();
        // What lies under the nulls would stay.
        let under = values
            .iter()
            .map(|value| value.unwrap_or(7))
            .collect::<Vec<_>>();
        let nulls = values.iter().map(Option::is_some).collect();
        for column in [
            Int32Array::new(under.into(), Some(nulls)),
            values.iter().map(|_| Some(7)).collect(),
        ] {
            let column = column.slice(2, count);
            let expected: Vec<u32> = (0..count as u32)
                .filter(|row| column.is_valid(*row as usize) && column.value(*row as usize) > 4)
                .collect();
            let kept = Kept::of_values(&column, |value| value > 4);
            assert_eq!((kept.of, kept.rows), (count, expected));
        }
    }
}

#[test]
fn nothing_is_copied_that_nobody_else_holds() {
    let address = |column: &ArrayRef| column.to_data().buffers()[0].as_ptr();
    for kind in [
        array(Int64Array::from(vec![7; 64])),
        array(Int32Array::from(vec![7; 64])),
    ] {
        let batch = handed_in(&testing::batch([("a", kind)]));
        let before = address(batch.column(0));
        let kept = Kept::of(64, |row| row % 3 == 0);
        let shared = retain(batch.clone(), &kept);
        assert_ne!(address(&shared[0]), before);
        let columns = retain(batch, &kept);
        assert_eq!((columns[0].len(), address(&columns[0])), (22, before));
    }
}

#[test]
fn a_transformation_that_retains() {
    let columns = || [column::int64("a"), column::utf8("b").nullable()];
    let kept = || {
        Transformation::row("odd")
            .input(Input::new("rows", columns()))
            .output(columns().into_iter().rev())
            .run(|_, batch| {
                let numbers = batch.int64("a")?.values();
                Ok(Output::retain(batch, |row| numbers[row] % 2 != 0).reject(0, "no"))
            })
    };
    let batch = testing::batch([
        ("a", array(Int64Array::from_iter_values(0..20))),
        (
            "b",
            array(StringArray::from_iter(
                (0..20).map(|row| (row % 3 > 0).then(|| row.to_string())),
            )),
        ),
    ]);
    let out = testing::Test::new(kept())
        .batch_rows(7)
        .run([batch.clone()])
        .unwrap();
    let odd: Vec<u32> = (0..20).filter(|row| row % 2 != 0).collect();
    assert_eq!(
        out.batch.int64("a").unwrap(),
        take_rows(&batch, &odd).unwrap().int64("a").unwrap()
    );
    assert_eq!(
        out.batch.utf8("b").unwrap(),
        take_rows(&batch, &odd).unwrap().utf8("b").unwrap()
    );
    assert_eq!(out.source_rows, Some(odd));
    let missing = Output::retain(&batch.project(&[0]).unwrap(), |_| true);
    let error = missing.check(&batch.schema()).unwrap_err();
    assert_eq!(
        error.message,
        "output: column `b` is missing; there are `a`"
    );
}
