//! The keyed and the interval scope: several inputs, keys over the edges of batches, ranges of keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};

use super::super::case::{Case, Given, Step};
use super::super::contracts;

pub(super) fn cases() -> Vec<Case> {
    let mut all = totals();
    all.extend(joins());
    all.extend(empties());
    all
}

type Sale<'a> = (&'a str, i64, i64, Option<f64>);
type Visit<'a> = (&'a str, i64, i64, i32);

fn input(transformation: &str, place: usize, columns: Vec<ArrayRef>) -> RecordBatch {
    let schema = Arc::clone(&contracts::named(transformation).inputs[place].columns);
    RecordBatch::try_new(schema, columns).expect("columns of the kit's schema")
}

fn sales(rows: &[Sale<'_>]) -> RecordBatch {
    let times = rows.iter().map(|(_, _, time, _)| *time);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|(region, ..)| Some(*region)).collect::<StringArray>()),
        Arc::new(rows.iter().map(|(_, store, ..)| Some(*store)).collect::<Int64Array>()),
        Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
        Arc::new(rows.iter().map(|(.., amount)| *amount).collect::<Float64Array>()),
    ];
    input("totals", 0, columns)
}

fn visits(rows: &[Visit<'_>]) -> RecordBatch {
    let times = rows.iter().map(|(_, _, time, _)| *time);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(rows.iter().map(|(area, ..)| Some(*area)).collect::<StringArray>()),
        Arc::new(rows.iter().map(|(_, shop, ..)| Some(*shop)).collect::<Int64Array>()),
        Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
        Arc::new(
            rows.iter()
                .map(|(.., visitors)| Some(*visitors))
                .collect::<Int32Array>(),
        ),
    ];
    input("totals", 1, columns)
}

/// One row a key, keys rising: by the bytes of the text, then by the number.
fn total(sales: &[Sale<'_>], visits: &[Visit<'_>]) -> Given {
    #[derive(Default)]
    struct Total {
        sales: Option<f64>,
        visitors: i64,
        first: Option<i64>,
    }
    let mut totals: BTreeMap<(&str, i64), Total> = BTreeMap::new();
    for (region, store, time, amount) in sales {
        let total = totals.entry((region, *store)).or_default();
        let sum = total.sales.get_or_insert(0.0);
        *sum += amount.unwrap_or(0.0);
        total.first.get_or_insert(*time);
    }
    for (area, shop, _, visitors) in visits {
        totals.entry((area, *shop)).or_default().visitors += i64::from(*visitors);
    }
    let columns: Vec<ArrayRef> = vec![
        Arc::new(totals.keys().map(|(region, _)| Some(*region)).collect::<StringArray>()),
        Arc::new(totals.keys().map(|(_, store)| Some(*store)).collect::<Int64Array>()),
        Arc::new(totals.values().map(|total| total.sales).collect::<Float64Array>()),
        Arc::new(
            totals
                .values()
                .map(|total| Some(total.visitors))
                .collect::<Int64Array>(),
        ),
        Arc::new(
            totals
                .values()
                .map(|total| total.first)
                .collect::<TimestampMicrosecondArray>()
                .with_timezone("UTC"),
        ),
    ];
    let output = contracts::named("totals").output;
    Given::rows(RecordBatch::try_new(output, columns).expect("columns of the kit's schema"))
}

/// A run over ranges of keys, whose rows are pushed by so many.
fn ranges(name: &str, ranges: &[(&[Sale<'_>], &[Visit<'_>])], rows: usize) -> Case {
    Case::new("totals", name).with(|case| {
        let nothing = || Given::nothing("totals");
        for (sold, visited) in ranges {
            for part in sold.chunks(rows) {
                case.steps.push(Step::Push(0, sales(part), nothing()));
            }
            for part in visited.chunks(rows) {
                case.steps.push(Step::Push(1, visits(part), nothing()));
            }
            case.steps.push(Step::EndKeys(total(sold, visited)));
        }
        case.steps.push(Step::Finish(nothing()));
    })
}

fn totals() -> Vec<Case> {
    let sold: &[Sale<'_>] = &[
        ("", -5, 1, Some(1.0)),
        ("a", 1, 1, Some(0.1)),
        ("a", 1, 2, Some(0.2)),
        ("a", 1, 3, None),
        ("a", 1, 4, Some(0.3)),
        ("a", 2, 1, None),
        ("a", i64::MAX, 9, Some(f64::INFINITY)),
        ("b", i64::MIN, 1, Some(-0.0)),
        ("é", 0, 5, Some(1e300)),
        ("é", 0, 6, Some(1.0)),
        ("é", 0, 7, Some(-1e300)),
    ];
    let visited: &[Visit<'_>] = &[
        ("", -6, 1, 1),
        ("a", 1, 3, i32::MAX),
        ("a", 1, 4, i32::MAX),
        ("a", 3, 1, -7),
        ("z", 1, 1, 2),
        // Of these two the first has the lower bytes, and in UTF-16 the second has the lower units.
        ("\u{ffff}", 1, 1, 3),
        ("😀", 1, 1, 4),
    ];
    let later: &[Sale<'_>] = &[("😀", 2, 1, Some(3.5)), ("😀", 2, 1, Some(0.25))];
    let many: Vec<(String, i64)> = (0..3_000)
        .map(|key| (format!("key {:04}", key / 3), i64::from(key % 3)))
        .collect();
    let many: Vec<Sale<'_>> = many
        .iter()
        .enumerate()
        .flat_map(|(index, (region, store))| {
            (0..=index % 4).map(move |time| (region.as_str(), *store, time as i64, Some(index as f64 / 7.0)))
        })
        .collect();
    let mut all = vec![
        ranges("one batch of each input", &[(sold, visited)], 100),
        ranges("a row a batch", &[(sold, visited)], 1),
        ranges("two rows a batch", &[(sold, visited)], 2),
        ranges("keys of one input only", &[(&[], visited), (later, &[])], 3),
        ranges(
            "ranges of keys",
            &[(&sold[..5], &visited[..3]), (&sold[5..], &visited[3..]), (later, &[])],
            2,
        ),
        ranges("a range without keys", &[(&[], &[]), (later, &[])], 2),
        ranges("no range", &[], 2),
        ranges("3,000 keys", &[(&many, &[])], 1_000),
    ];
    let twice = ranges("twice in one instance", &[(sold, visited), (later, &[])], 3);
    all.push(twice.with(|case| case.runs = 2));
    let mut empty = ranges("batches of no rows", &[(sold, visited)], 4);
    empty
        .steps
        .insert(1, Step::Push(0, sales(&[]), Given::nothing("totals")));
    empty
        .steps
        .insert(0, Step::Push(0, sales(&[]), Given::nothing("totals")));
    all.push(empty);
    all
}

fn joins() -> Vec<Case> {
    let facts = |rows: &[(i64, &str)]| {
        let ids: Int64Array = rows.iter().map(|(id, _)| Some(*id)).collect();
        let names: StringArray = rows.iter().map(|(_, name)| Some(*name)).collect();
        input("joined", 0, vec![Arc::new(ids), Arc::new(names)])
    };
    let factors = |rows: &[(&str, f64)]| {
        let names: StringArray = rows.iter().map(|(name, _)| Some(*name)).collect();
        let factors: Float64Array = rows.iter().map(|(_, factor)| Some(*factor)).collect();
        input("joined", 1, vec![Arc::new(names), Arc::new(factors)])
    };
    let expected = |rows: &[(i64, Option<f64>)]| {
        let ids: Int64Array = rows.iter().map(|(id, _)| Some(*id)).collect();
        let factors: Float64Array = rows.iter().map(|(_, factor)| *factor).collect();
        let columns: Vec<ArrayRef> = vec![Arc::new(ids), Arc::new(factors)];
        let output = contracts::named("joined").output;
        Given::rows(RecordBatch::try_new(output, columns).expect("columns of the kit's schema"))
    };
    let nothing = || Given::nothing("joined");
    let run = |name: &str, steps: Vec<Step>| Case::new("joined", name).with(|case| case.steps = steps);
    vec![
        run(
            "inputs one after another",
            vec![
                Step::Push(0, facts(&[(3, "é"), (1, "a")]), nothing()),
                Step::Push(0, facts(&[(2, "nobody"), (i64::MIN, "")]), nothing()),
                Step::Push(1, factors(&[("a", 1.0), ("é", 2.5), ("", -0.0)]), nothing()),
                Step::Push(1, factors(&[("a", 1e-300)]), nothing()),
                Step::Finish(expected(&[
                    (3, Some(2.5)),
                    (1, Some(1e-300)),
                    (2, None),
                    (i64::MIN, Some(-0.0)),
                ])),
            ],
        ),
        run(
            "an input without rows",
            vec![
                Step::Push(0, facts(&[(3, "é")]), nothing()),
                Step::Push(0, facts(&[]), nothing()),
                Step::Finish(expected(&[(3, None)])),
            ],
        ),
        run(
            "no facts",
            vec![
                Step::Push(1, factors(&[("a", 1.0)]), nothing()),
                Step::Finish(nothing()),
            ],
        ),
        run("nothing", vec![Step::Finish(nothing())]).with(|case| case.runs = 2),
    ]
}

fn empties() -> Vec<Case> {
    let ids = |rows: i64| input("empty", 0, vec![Arc::new((0..rows).map(Some).collect::<Int64Array>())]);
    let nothing = || Given::nothing("empty");
    let run = |name: &str, steps: Vec<Step>| Case::new("empty", name).with(|case| case.steps = steps);
    vec![
        run("nothing of nothing", vec![Step::Finish(nothing())]),
        run(
            "nothing of some",
            vec![
                Step::Push(0, ids(5), nothing()),
                Step::Push(0, ids(0), nothing()),
                Step::Finish(nothing()),
            ],
        ),
    ]
}
