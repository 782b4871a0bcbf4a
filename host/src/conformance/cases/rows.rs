//! The row scope: rows that stay, rows that become many, rows that are rejected.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::compute::filter_record_batch;
use sandglass_runtime::{FailureKind, ParameterValue};

use super::super::case::{Case, End, Given, Step};
use super::super::contracts;

pub(super) fn cases() -> Vec<Case> {
    let mut all = filters();
    all.extend(fans());
    all
}

fn batch(transformation: &str, columns: Vec<ArrayRef>) -> RecordBatch {
    let schema = Arc::clone(&contracts::named(transformation).inputs[0].columns);
    RecordBatch::try_new(schema, columns).expect("columns of the kit's schema")
}

/// Rows whose amounts go up and down around the limit, with nulls and what is no number among them.
fn amounts(rows: usize) -> RecordBatch {
    let ids: Int64Array = (0..rows as i64)
        .map(|id| id.wrapping_mul(0x1234_5678_9abc_def1))
        .map(Some)
        .collect();
    let amount = |row: usize| match row % 11 {
        3 => None,
        5 => Some(f64::NAN),
        7 => Some(0.5),
        8 => Some(-0.0),
        _ => Some((row * 7919 % 1_000) as f64 / 1_000.0),
    };
    let amounts: Float64Array = (0..rows).map(amount).collect();
    let names: StringArray = (0..rows)
        .map(|row| (row % 5 != 0).then(|| format!("name {} é", row % 13)))
        .collect();
    batch("filter", vec![Arc::new(ids), Arc::new(amounts), Arc::new(names)])
}

fn filters() -> Vec<Case> {
    let filter = |name: &str, rows: RecordBatch, limit: f64| {
        let amounts = rows.column(1);
        let amounts: &Float64Array = amounts.as_any().downcast_ref().expect("amounts");
        let keep: BooleanArray = amounts
            .iter()
            .map(|amount| Some(amount.is_some_and(|amount| amount > limit)))
            .collect();
        let expected = filter_record_batch(&rows, &keep).expect("a mask of the batch");
        // Arrow keeps a bitmap without nulls in it; the contract has none there.
        let expected = plain(&expected);
        let sources = (0..rows.num_rows() as u32).filter(|row| keep.value(*row as usize));
        let sources = sources.collect();
        Case::new("filter", name)
            .push(rows, Given::from(expected, sources))
            .with(|case| {
                case.lineage = true;
                case.parameters = vec![("limit", ParameterValue::Float64(limit))];
            })
    };
    let by_default = filter("the default of its parameter", amounts(30), 0.5).with(|case| case.parameters.clear());
    let mut several = filter("a row of a batch is told by its place in that batch", amounts(10), 0.2);
    let again = several.steps.clone();
    several.steps.extend(again);
    vec![
        by_default,
        filter("about half", amounts(8_192), 0.5),
        filter("all but nulls and what is no number", amounts(100), f64::NEG_INFINITY),
        filter("none", amounts(100), f64::INFINITY),
        filter("a limit that is no number", amounts(100), f64::NAN),
        filter("no rows", amounts(0), 0.5),
        filter("a part of a batch", amounts(300).slice(131, 150), 0.3),
        filter("100,000 rows", amounts(100_000), 0.5),
        several,
    ]
}

/// The same rows made by builders.
fn plain(rows: &RecordBatch) -> RecordBatch {
    let column = |index: usize| rows.column(index).as_any();
    let ids: &Int64Array = column(0).downcast_ref().expect("ids");
    let amounts: &Float64Array = column(1).downcast_ref().expect("amounts");
    let names: &StringArray = column(2).downcast_ref().expect("names");
    batch(
        "filter",
        vec![
            Arc::new(ids.clone()),
            Arc::new(amounts.iter().collect::<Float64Array>()),
            Arc::new(names.iter().collect::<StringArray>()),
        ],
    )
}

fn counts(rows: &[(i64, &str)]) -> RecordBatch {
    let counts: Int64Array = rows.iter().map(|(count, _)| Some(*count)).collect();
    let words: StringArray = rows.iter().map(|(_, word)| Some(*word)).collect();
    batch("fan_out", vec![Arc::new(counts), Arc::new(words)])
}

fn fans() -> Vec<Case> {
    let fan = |name: &str, rows: &[(i64, &str)]| {
        let (mut places, mut words, mut sources, mut rejected) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (row, (count, word)) in rows.iter().enumerate() {
            if *count < 0 {
                rejected.push((row as u32, format!("{count} copies")));
            }
            for place in 0..*count {
                places.push(place);
                words.push(*word);
                sources.push(row as u32);
            }
        }
        let output = contracts::named("fan_out").output;
        let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(places)), Arc::new(StringArray::from(words))];
        let expected = RecordBatch::try_new(output, columns).expect("columns of the kit's schema");
        let given = Given {
            rejected,
            ..Given::from(expected, sources)
        };
        Case::new("fan_out", name)
            .push(counts(rows), given)
            .with(|case| case.lineage = true)
    };
    let too_many = |name: &str, rows: &[(i64, &str)], row: u32, message: &str| {
        Case::new("fan_out", name)
            .push(counts(&[(1, "well")]), Given::from(one_well(), vec![0]))
            .push(counts(rows), Given::nothing("fan_out"))
            .with(|case| {
                case.lineage = true;
                case.end = End::Failure(FailureKind::Input, message.to_owned(), Some(row));
            })
    };
    let mut after = fan(
        "the rows after a batch that had rejected ones",
        &[(-1, "no"), (1, "yes")],
    );
    after.steps.push(Step::Push(
        0,
        counts(&[(2, "né"), (0, "none")]),
        fan_rows(&[(0, "né"), (1, "né")], &[0, 0]),
    ));
    vec![
        fan("some of each", &[(2, "a"), (0, "b"), (-3, "c"), (1, "日本"), (3, "")]),
        fan("no rows out", &[(0, "a"), (0, "b")]),
        fan("all rejected", &[(-1, "a"), (i64::MIN, "b")]),
        fan("no rows", &[]),
        fan("20,000 rows of one", &[(1, "a"), (20_000, "many"), (-1, "c"), (1, "b")]),
        fan("as many as are allowed", &[(100_000, "x")]),
        after,
        too_many(
            "one too many",
            &[(1, "a"), (100_001, "x")],
            1,
            "100001 copies are too many",
        ),
        too_many(
            "the most",
            &[(i64::MAX, "x")],
            0,
            "9223372036854775807 copies are too many",
        ),
    ]
}

fn fan_rows(rows: &[(i64, &str)], sources: &[u32]) -> Given {
    let places: Int64Array = rows.iter().map(|(place, _)| Some(*place)).collect();
    let words: StringArray = rows.iter().map(|(_, word)| Some(*word)).collect();
    let columns: Vec<ArrayRef> = vec![Arc::new(places), Arc::new(words)];
    let output = contracts::named("fan_out").output;
    let rows = RecordBatch::try_new(output, columns).expect("columns of the kit's schema");
    Given::from(rows, sources.to_vec())
}

fn one_well() -> RecordBatch {
    fan_rows(&[(0, "well")], &[0]).rows
}
