//! Rows that a guest traps on, or rejects: found, named, kept, and no more of them than are allowed.

use std::collections::BTreeSet;

use arrow::array::{AsArray, RecordBatch};
use datafusion::prelude::SessionContext;
use sandglass::offline::OfflineTable;

use crate::harness::{Project, Random, Row, component, runtime, write_rows};

const NOW: &str = "2024-03-01";
const START: i64 = 1_704_067_200_000_000;
const DAY: i64 = 86_400_000_000;

fn view(transformation: &str, max_rejected: usize, more: &str) -> String {
    let good = component("tests/guests/good");
    format!(
        r#"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "purchases", input = "rows" }}]
transformation = "{}#{transformation}"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
max_rejected = {max_rejected}
{more}
"#,
        good.display()
    )
}

/// Rows of two months, of which those at these places are poison.
fn rows(count: usize, poison: &BTreeSet<usize>) -> Vec<Row> {
    (0..count)
        .map(|index| Row {
            customer_id: index as i64,
            timestamp: START + (index as i64 * 7_919) % 60 * DAY + index as i64,
            quantity: 1,
            amount: if poison.contains(&index) { -1.0 } else { index as f64 },
        })
        .collect()
}

fn project(view: &str, rows: &[Row]) -> Project {
    let project = Project::new(view);
    std::fs::create_dir_all(project.path("data")).unwrap();
    write_rows(&project.path("data/purchases.parquet"), rows, 100_000);
    project
}

/// Customers in the dead-letter table, in order, and what their letters say.
fn letters(project: &Project) -> Vec<(i64, String, String)> {
    let location = project.path("store/offline/shop/v/v1/dead");
    let batches: Vec<RecordBatch> = runtime().block_on(async {
        let Some(table) = OfflineTable::open(location.to_str().unwrap()).await.unwrap() else {
            return Vec::new();
        };
        let session = SessionContext::new();
        session.register_table("dead", table.provider().unwrap()).unwrap();
        let sql = "select arrow_cast(\"row\", 'Utf8'), arrow_cast(cause, 'Utf8'), arrow_cast(reason, 'Utf8') from dead \
            where interval_start >= timestamp '2024-01-01' and interval_end <= timestamp '2024-03-01' and input = 'rows'";
        session.sql(sql).await.unwrap().collect().await.unwrap()
    });
    let mut letters = Vec::new();
    for batch in &batches {
        let text = |column: usize, row: usize| batch.column(column).as_string::<i32>().value(row).to_owned();
        for row in 0..batch.num_rows() {
            let object: serde_json::Value = serde_json::from_str(&text(0, row)).unwrap();
            assert_eq!(object["amount"], -1.0, "{object}");
            assert!(object["timestamp"].as_str().unwrap().starts_with("2024-"), "{object}");
            letters.push((object["customer_id"].as_i64().unwrap(), text(1, row), text(2, row)));
        }
    }
    letters.sort();
    letters
}

fn customers(project: &Project) -> Vec<i64> {
    let batches = project.sql("v", 1, "select customer_id from rows order by 1");
    let columns = batches
        .iter()
        .map(|batch| batch.column(0).as_primitive::<arrow::datatypes::Int64Type>());
    columns.flat_map(|column| column.values().to_vec()).collect()
}

/// Every row that is not poison comes through once, every other is a letter once; whatever the scope, the cut of the backfill,
/// and the places: the first and last of a batch, neighbours, a batch that is nothing else.
#[test]
fn poisonous_rows_are_found_and_the_others_go_their_way() {
    let _timed = crate::harness::Timed::new("poison::poisonous_rows_are_found_and_the_others_go_their_way");
    let mut random = Random(crate::harness::seed());
    let mut places: BTreeSet<usize> = [0, 1, 8_191, 8_192, 8_193, 19_999].into();
    places.extend((0..14).map(|_| random.below(20_000) as usize));
    let rows = rows(20_000, &places);
    let expected: Vec<i64> = (0..20_000)
        .filter(|index| !places.contains(&(*index as usize)))
        .collect();
    let poison: Vec<i64> = places.iter().map(|&place| place as i64).collect();
    for (transformation, more) in [
        ("traps_on_negative", ""),
        ("traps_on_negative_aligned", ""),
        ("traps_on_negative", "incremental_backfills = true"),
        ("reject_negative", "max_backfill_interval = \"7d\""),
    ] {
        let project = project(&view(transformation, places.len(), more), &rows);
        project.json(NOW, &["apply"]);
        let report = project.json(NOW, &["materialize"]);
        let report = &report["feature_views"][0]["report"];
        assert_eq!(report["rejected"], places.len(), "{transformation}, {more}: {report}");
        assert_eq!(customers(&project), expected, "{transformation}, {more}");
        let letters = letters(&project);
        let found: Vec<i64> = letters.iter().map(|(customer, ..)| *customer).collect();
        assert_eq!(found, poison, "{transformation}, {more}");
        for (_, cause, reason) in &letters {
            if transformation == "reject_negative" {
                assert_eq!((cause.as_str(), reason.as_str()), ("rejected", "amount is negative"));
            } else {
                assert_eq!(cause, "trapped");
                assert!(reason.contains("negative"), "the guest's own words: {reason}");
            }
        }
        let status = project.json(NOW, &["status"]);
        assert_eq!(status["feature_views"][0]["dead_letters"], places.len());
        // Again: the letters of a job are those of its last attempt.
        let again = [
            "materialize",
            "--start",
            "2024-01-01",
            "--end",
            "2024-03-01",
            "--overwrite",
        ];
        project.json(NOW, &again);
        assert_eq!(letters.len(), self::letters(&project).len(), "{transformation}, {more}");
    }
}

#[test]
fn one_more_than_is_allowed_fails_the_job_and_is_named_and_kept() {
    let _timed = crate::harness::Timed::new("poison::one_more_than_is_allowed_fails_the_job_and_is_named_and_kept");
    let places: BTreeSet<usize> = [5, 900, 901].into();
    for (transformation, allowed, said) in [
        ("traps_on_negative", 0, "the guest trapped in `push`"),
        ("traps_on_negative", 2, "the guest trapped in `push`"),
        ("reject_negative", 2, "amount is negative"),
    ] {
        let project = project(&view(transformation, allowed, ""), &rows(1_000, &places));
        project.json(NOW, &["apply"]);
        let answer = project.run(NOW, &["materialize"]);
        assert_eq!(answer.status, 1, "{}", answer.stderr);
        for part in [
            "feature view `v`, interval [2024-01-01T00:00:00Z, 2024-03-01T00:00:00Z)",
            "\"amount\":-1.0",
            "of input `rows`",
            said,
            "raise `max_rejected` of the view",
        ] {
            assert!(answer.stderr.contains(part), "no {part} in {}", answer.stderr);
        }
        let letters = letters(&project);
        assert!(letters.len() > allowed, "{letters:?}");
        assert!(
            letters
                .iter()
                .all(|(customer, ..)| places.contains(&(*customer as usize)))
        );
        // Mended data: nothing is left of the failure.
        write_rows(
            &project.path("data/purchases.parquet"),
            &rows(1_000, &BTreeSet::new()),
            100_000,
        );
        project.json(NOW, &["materialize"]);
        assert_eq!(customers(&project).len(), 1_000);
        assert_eq!(self::letters(&project), []);
    }
}

/// A batch in which every row is poison ends the job at once where none is allowed, and costs a run a row where all are.
#[test]
fn nothing_but_poison() {
    let _timed = crate::harness::Timed::new("poison::nothing_but_poison");
    let rows = rows(3_000, &(0..3_000).collect());
    let all = project(&view("traps_on_negative", 3_000, ""), &rows);
    all.apply_and_materialize(NOW);
    assert_eq!((customers(&all).len(), letters(&all).len()), (0, 3_000));
    let none = project(&view("traps_on_negative", 0, ""), &rows);
    none.json(NOW, &["apply"]);
    assert_eq!(none.run(NOW, &["materialize"]).status, 1);
    assert_eq!(letters(&none).len(), 1);
}
