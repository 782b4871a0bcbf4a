//! Neighbouring jobs read their source once, in bounded memory. `SANDGLASS_TEST_FACTOR=10` makes it the example's data a hundred
//! times over.

use serde_json::Value;

use crate::harness::{Project, Row, cases, component, purchases, write_rows};

const END: &str = "1998-07-01";

fn definitions(more: &str) -> String {
    let code = component("examples/purchases/transformations/purchases");
    format!(
        r#"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "purchases", start_time_offset = "-89d" }}]
transformation = "{}#purchase_details"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
limits = {{ output_rows = 1_000_000_000, output_bytes = 1_000_000_000_000, guest_time = "1h" }}
{more}
"#,
        code.display()
    )
}

fn report(answer: &Value) -> &Value {
    &answer["feature_views"][0]["report"]
}

fn number(report: &Value, name: &str) -> f64 {
    report[name].as_f64().unwrap_or_else(|| panic!("no {name} in {report}"))
}

/// Nanoseconds in the guest and at its boundary, for a row handed over.
fn per_row(report: &Value) -> f64 {
    (number(report, "guest_ns") + number(report, "boundary_ns")) / number(report, "guest_rows")
}

#[test]
fn a_lookback_of_ninety_days_reads_the_source_once() {
    let _timed = crate::harness::Timed::new("shared::a_lookback_of_ninety_days_reads_the_source_once");
    let times = cases(10) as i64;
    let mut rows: Vec<Row> = Vec::new();
    for copy in 0..times {
        rows.extend(purchases().iter().map(|row| Row {
            customer_id: row.customer_id + copy * 1_000_000,
            ..*row
        }));
    }
    rows.sort_by_key(|row| (row.timestamp, row.customer_id));
    let project = |more: &str| {
        let project = Project::new(&definitions(more));
        std::fs::create_dir_all(project.path("data")).unwrap();
        write_rows(&project.path("data/purchases.parquet"), &rows, 20_000);
        project.json(END, &["apply"]);
        project
    };
    // One job over all days; each row is handed over once.
    let one = project("");
    let once = one.json(END, &["materialize"]);
    let once = report(&once);
    assert_eq!(number(once, "guest_rows"), rows.len() as f64);
    // Rows as they are in memory: keys, times and two numbers; less than half of it is allowed for plans and guests.
    let bytes = rows.len() * 32;
    let memory = (bytes * 2 / 5).max(64 << 20).to_string();
    let many = project("incremental_backfills = true");
    let answer = many.json(END, &["--memory-bytes", &memory, "materialize"]);
    assert_eq!(answer["feature_views"][0]["jobs"], 546);
    let shared = report(&answer);
    let read = |report: &Value| number(&report["scan"], "bytes_scanned");
    let (ratio, handed) = (read(shared) / read(once), number(shared, "guest_rows"));
    let slower = per_row(shared) / per_row(once);
    eprintln!(
        "{} rows ({} MiB, memory {} MiB): {} bytes read in one pass, {} by 546 jobs ({ratio:.3} times); {handed} rows handed over, \
         {:.1} ns each, {:.1} in one job ({slower:.2} times); {} MiB spilled; peak {} MiB",
        rows.len(),
        bytes >> 20,
        memory.parse::<usize>().unwrap() >> 20,
        read(once),
        read(shared),
        per_row(shared),
        per_row(once),
        number(shared, "spilled_bytes") as u64 >> 20,
        number(&answer, "peak_memory_bytes") as u64 >> 20,
    );
    assert!(ratio <= 1.1, "{ratio}");
    assert!(handed > rows.len() as f64 * 20.0);
    // A machine that does other things shows in a ratio of two runs.
    assert!(slower <= 2.0, "{slower}");
    assert_eq!(number(shared, "rows"), rows.len() as f64);
    let count = |project: &Project| {
        let sum = "select count(*), sum(customer_id), sum(cast(\"timestamp\" as bigint) % 1000003), sum(price_per_cd) from rows";
        format!("{:?}", project.sql("v", 1, sum)[0].columns()[..3].to_vec())
    };
    assert_eq!(count(&many), count(&one));
}
