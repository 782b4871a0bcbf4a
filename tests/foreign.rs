//! Others read what we write: the Delta readers of the PyPI packages `deltalake` and `duckdb`.

use std::process::Command;

use crate::harness::{Project, component, python};

const PACKAGES: [&str; 3] = ["deltalake==1.6.1", "pyarrow==26.0.1", "duckdb==2.0.0"];

#[test]
fn python_reads_the_offline_table() {
    let _timed = crate::harness::Timed::new("foreign::python_reads_the_offline_table");
    let component = component("examples/purchases/transformations/purchases");
    let project = Project::with_purchases(&format!(
        r#"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
transformation = "{}#purchase_details"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
max_backfill_interval = "90d"
"#,
        component.display()
    ));
    project.apply_and_materialize("1998-07-01");
    project.json(
        "1998-07-01",
        &[
            "materialize",
            "--start",
            "1997-02-03",
            "--end",
            "1997-02-05",
            "--overwrite",
        ],
    );
    let script = r#"
import sys, json
from deltalake import DeltaTable
table = DeltaTable(sys.argv[1])
rows = table.to_pyarrow_table()
import duckdb
out = duckdb.sql("select count(*), sum(customer_id), sum(case when is_big_basket then 1 else 0 end), "
                 "max(epoch_us(timestamp)), count(distinct __month) from rows").fetchall()[0]
print(json.dumps({"columns": rows.column_names, "answer": [int(value) for value in out]}))
"#;
    let table = project.path("store/offline/shop/v/v1/rows");
    let output = Command::new(python("1", &PACKAGES))
        .args(["-c", script])
        .arg(table)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        answer["columns"],
        serde_json::json!([
            "customer_id",
            "timestamp",
            "price_per_cd",
            "weekday",
            "is_big_basket",
            "__month"
        ])
    );
    let rows = crate::harness::purchases();
    let big = rows.iter().filter(|row| row.quantity >= 5).count() as i64;
    let ids: i64 = rows.iter().map(|row| row.customer_id).sum();
    let latest = rows.iter().map(|row| row.timestamp).max().unwrap();
    assert_eq!(answer["answer"], serde_json::json!([rows.len(), ids, big, latest, 18]));
}
