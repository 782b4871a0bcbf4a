//! Dead letters and the messages of failed jobs.

use crate::harness::{Project, Row, component, table_rows, write_rows};

const NOW: &str = "2024-02-01";
const START: i64 = 1_704_067_200_000_000;
const DAY: i64 = 86_400_000_000;

#[test]
fn letters_and_messages() {
    let _timed = crate::harness::Timed::new("forget::letters::letters_and_messages");
    let define = |max_rejected: usize| {
        format!(
            r#"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "purchases", input = "rows" }}]
transformation = "{}#reject_negative"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
incremental_backfills = true
max_rejected = {max_rejected}
"#,
            component("tests/guests/good").display()
        )
    };
    let project = Project::new(&define(2));
    std::fs::create_dir_all(project.path("data")).unwrap();
    let rows: Vec<Row> = (0..90)
        .map(|index| Row {
            customer_id: index % 10,
            timestamp: START + index / 3 * DAY + index,
            quantity: 1,
            amount: if index % 10 == 7 || index % 10 == 4 { -1.0 } else { 1.0 },
        })
        .collect();
    write_rows(&project.path("data/purchases.parquet"), &rows, 1_000);
    project.apply_and_materialize(NOW);
    // A failure whose message has a row.
    project.define(&define(0));
    project.json(NOW, &["apply"]);
    let failed = project.run(
        NOW,
        &[
            "materialize",
            "--start",
            "2024-01-03",
            "--end",
            "2024-01-04",
            "--overwrite",
        ],
    );
    assert_eq!(failed.status, 1, "{}", failed.stderr);
    let status = || project.json(NOW, &["status"])["feature_views"][0].clone();
    let message = status()["failed"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("\"customer_id\":7"), "{message}");
    let dead = project.path("store/offline/shop/v/v1/dead");
    let letters = |key: i64| {
        let sql = format!("select 1 from rows where \"row\" like '{{\"customer_id\":{key},%'");
        table_rows(&dead, &sql)
            .iter()
            .map(|batch| batch.num_rows())
            .sum::<usize>()
    };
    let before = (letters(7), letters(4));
    assert!(before.0 >= 9 && before.1 >= 9, "{before:?}");
    let done = project.json(
        NOW,
        &[
            "forget",
            "customer",
            "--key",
            "customer_id=7",
            "--orphans-after=0s",
            "--yes",
        ],
    );
    let tables = done["tables"].as_array().unwrap();
    let table = |name: &str| tables.iter().find(|table| table["table"] == name).unwrap();
    assert_eq!(table("dead")["rows"], before.0, "{done}");
    assert_eq!(
        (&table("rows")["rows"], &done["untold_letters"], &done["failed_jobs"]),
        (&0.into(), &false.into(), &1.into())
    );
    assert_eq!((letters(7), letters(4)), (0, before.1));
    let message = status()["failed"][0]["message"].as_str().unwrap().to_owned();
    assert!(message.ends_with("a row that was forgotten"), "{message}");
    assert_eq!(
        super::found(&project.path("store/offline"), "\"customer_id\":7,"),
        Vec::<String>::new()
    );
}
