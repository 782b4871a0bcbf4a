//! Columns of every kind: handed through, read and written value by value, taken by their rows.

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::take_record_batch;
use sandglass_runtime::ParameterValue;

use super::super::case::{Case, Equality, Given, Step};
use super::super::kinds::{Nulls, rows};

pub(super) fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for transformation in ["pass", "rebuild"] {
        all.extend(same(transformation));
    }
    all.extend(taken());
    all
}

/// Cases whose output has the values of its input.
fn same(transformation: &'static str) -> Vec<Case> {
    let case = |name: &str| Case::new(transformation, name);
    let through = |case: Case, batch: RecordBatch| case.push(batch.clone(), Given::rows(batch));
    // What lies under nulls and before the first row is not among the values; `rebuild` makes it what builders do.
    let equality = match transformation {
        "pass" => Equality::Values,
        _ => Equality::Bytes,
    };
    let finish = |case: Case| {
        case.with(|case| {
            case.steps.push(Step::Finish(Given::nothing(transformation)));
        })
    };
    let mut all = vec![
        through(case("no nulls"), rows(0..100, Nulls::None)),
        through(case("nulls"), rows(0..100, Nulls::Some)),
        through(case("one row"), rows(0..1, Nulls::None)),
        through(case("no rows"), rows(0..0, Nulls::Some)),
        through(case("8,192 rows"), rows(0..8_192, Nulls::Some)),
        case("values under nulls")
            .push(rows(0..100, Nulls::OverValues), Given::rows(rows(0..100, Nulls::Some)))
            .with(|case| case.equality = equality),
        // 37 begins in the middle of a byte of the bitmaps.
        case("a part of a batch")
            .push(
                rows(0..200, Nulls::Some).slice(37, 99),
                Given::rows(rows(37..136, Nulls::Some)),
            )
            .with(|case| case.equality = equality),
    ];
    let mut several = case("batches of many lengths, twice in one instance").with(|case| case.runs = 2);
    for (from, to) in [(0, 8), (8, 9), (9, 9), (9, 72), (72, 73), (73, 1_000)] {
        several = through(several, rows(from..to, Nulls::Some));
    }
    all.push(several);
    all.into_iter().map(finish).collect()
}

fn taken() -> Vec<Case> {
    let take = |name: &str, batch: RecordBatch, times: u32| {
        let sources: Vec<u32> = (0..batch.num_rows() as u32)
            .flat_map(|row| std::iter::repeat_n(row, times as usize))
            .collect();
        let indices = UInt32Array::from(sources.clone());
        let expected = take_record_batch(&batch, &indices).expect("rows of the batch");
        Case::new("take", name)
            .push(batch, Given::from(expected, sources))
            .with(|case| {
                case.lineage = true;
                case.equality = Equality::Values;
                case.parameters = vec![("times", ParameterValue::Int64(i64::from(times)))];
            })
    };
    let without = take("source rows that nobody asked for", rows(0..10, Nulls::Some), 1);
    vec![
        take("each row once", rows(0..100, Nulls::Some), 1),
        take("each row twice", rows(0..100, Nulls::None), 2),
        take("nulls five times", rows(0..50, Nulls::Some), 5),
        take("values under nulls", rows(0..100, Nulls::OverValues), 3),
        take("a part of a batch", rows(0..200, Nulls::Some).slice(37, 99), 2),
        take("no row of some", rows(0..100, Nulls::Some), 0),
        take("no rows", rows(0..0, Nulls::Some), 2),
        without.with(|case| case.lineage = false),
    ]
}
