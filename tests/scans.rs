//! What the time filter rules out is not read.

use crate::harness::{Project, component, purchases, write_pages, write_rows};

fn view() -> String {
    let component = component("examples/purchases/transformations/purchases");
    format!(
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
"#,
        component.display()
    )
}

#[test]
fn row_groups_out_of_range_are_not_read() {
    let _timed = crate::harness::Timed::new("scans::row_groups_out_of_range_are_not_read");
    let project = Project::new(&view());
    std::fs::create_dir_all(project.path("data")).unwrap();
    let mut rows = purchases();
    rows.sort_by_key(|row| row.timestamp);
    write_rows(&project.path("data/purchases.parquet"), &rows, 1_000);
    let size = std::fs::metadata(project.path("data/purchases.parquet")).unwrap().len();
    let out = project.json(
        "1998-07-01",
        &["run", "v", "--start", "1998-03-01", "--end", "1998-03-03"],
    );
    let (start, end) = (888_710_400_000_000, 888_883_200_000_000);
    let expected = rows.iter().filter(|row| (start..end).contains(&row.timestamp)).count();
    assert_eq!(out["count"], expected);
    let report = &out["report"];
    let (pruned, matched) = (
        report["scan"]["row_groups_pruned"].as_u64().unwrap(),
        report["scan"]["row_groups_matched"].as_u64().unwrap(),
    );
    assert_eq!(pruned + matched, 70, "{report}");
    assert!((1..=2).contains(&matched), "{report}");
    assert!(
        report["scan"]["bytes_scanned"].as_u64().unwrap() < size / 10,
        "{report}"
    );
    assert!(report["source"]["rows_read"].as_u64().unwrap() <= 2_000, "{report}");
}

#[test]
fn pages_out_of_range_are_not_read() {
    let _timed = crate::harness::Timed::new("scans::pages_out_of_range_are_not_read");
    let project = Project::new(&view());
    std::fs::create_dir_all(project.path("data")).unwrap();
    let mut rows = purchases();
    rows.sort_by_key(|row| row.timestamp);
    // One row group, so that only its pages can be left out.
    write_pages(&project.path("data/purchases.parquet"), &rows, rows.len(), 500);
    let out = project.json(
        "1998-07-01",
        &["run", "v", "--start", "1998-03-01", "--end", "1998-03-03"],
    );
    let (start, end) = (888_710_400_000_000, 888_883_200_000_000);
    let expected = rows.iter().filter(|row| (start..end).contains(&row.timestamp)).count();
    assert_eq!(out["count"], expected);
    let report = &out["report"];
    let pruned = report["scan"]["page_rows_pruned"].as_u64().unwrap();
    assert!(pruned as usize >= rows.len() - 2_000, "{report}");
    assert!(report["source"]["rows_read"].as_u64().unwrap() <= 2_000, "{report}");
}

#[test]
fn the_interval_is_half_open_to_the_microsecond() {
    let _timed = crate::harness::Timed::new("scans::the_interval_is_half_open_to_the_microsecond");
    let project = Project::new(&view());
    std::fs::create_dir_all(project.path("data")).unwrap();
    let day = 852_163_200_000_000;
    let rows: Vec<_> = [day - 1, day, day + 86_400_000_000 - 1, day + 86_400_000_000]
        .iter()
        .map(|&timestamp| crate::harness::Row {
            customer_id: 1,
            timestamp,
            quantity: 1,
            amount: 1.0,
        })
        .collect();
    write_rows(&project.path("data/purchases.parquet"), &rows, 1);
    let out = project.json("1998-07-01", &["run", "v", "--start", "1997-01-02"]);
    let times: Vec<_> = out["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["timestamp"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(times, ["1997-01-02T00:00:00Z", "1997-01-02T23:59:59.999999Z"]);
}
