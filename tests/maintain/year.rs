//! Days of recurring jobs, with and without maintenance. `SANDGLASS_TEST_FACTOR=9` makes it a year and the data nine times over.

use sandglass::time::{Span, Timestamp};

use super::world::{SPEND, everything};
use crate::harness::{Project, Row, cases, purchases, write_rows};

const DAYS: i64 = 40;

struct Days {
    files: u64,
    bytes: u64,
    live: u64,
}

/// Runs a day's jobs on each day, and maintenance on every seventh if it is asked for.
fn days(rows: &[Row], count: i64, maintained: bool) -> (Project, Days) {
    let project = Project::new(SPEND);
    std::fs::create_dir_all(project.path("data")).unwrap();
    write_rows(&project.path("data/purchases.parquet"), rows, 20_000);
    let start: Timestamp = "1997-01-01".parse().unwrap();
    let now = |day: i64| start.saturating_add(Span::from_days(day)).to_string();
    project.json(&now(1), &["apply"]);
    for day in 1..=count {
        project.json(&now(day), &["materialize"]);
        if maintained && day % 7 == 0 {
            project.json(&now(day), &["maintain"]);
        }
    }
    if maintained {
        // As if the last days were as long ago as the first: what retention holds is not counted.
        project.json("2200-01-01", &["maintain", "--orphans-after", "0s"]);
    }
    let answer = project.json(&now(count), &["maintain", "--dry-run"]);
    let tables = answer["feature_views"][0]["versions"][0]["tables"].as_array().unwrap();
    let sum = |of: &str, what: &str| tables.iter().filter_map(|table| table[of][what].as_u64()).sum::<u64>();
    let days = Days {
        files: sum("before", "files"),
        bytes: sum("before", "bytes"),
        live: sum("live", "files"),
    };
    (project, days)
}

#[test]
fn of_recurring_jobs() {
    let _timed = crate::harness::Timed::new("maintain::year::of_recurring_jobs");
    let times = cases(1) as i64;
    let mut rows: Vec<Row> = Vec::new();
    for copy in 0..times {
        rows.extend(purchases().iter().map(|row| Row {
            customer_id: row.customer_id + copy * 1_000_000,
            ..*row
        }));
    }
    rows.sort_by_key(|row| (row.timestamp, row.customer_id));
    let count = DAYS * times;
    let (project, without) = days(&rows, count, false);
    let (kept, with) = days(&rows, count, true);
    eprintln!(
        "{count} days, {} rows; without maintenance {} files ({} of them read), {} bytes; with it {} files ({} of them read), {} bytes",
        rows.len(),
        without.files,
        without.live,
        without.bytes,
        with.files,
        with.live,
        with.bytes
    );
    assert_eq!(everything(&project, "spend", 1), everything(&kept, "spend", 1));
    assert_eq!(project.items("spend"), kept.items("spend"));
    assert!(with.live * 2 < without.live && with.files < without.files && with.bytes < without.bytes);
}
