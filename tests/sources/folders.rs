//! Folders that have a time: what lies outside is not opened, and rows in the wrong folder are found.

use std::collections::BTreeMap;

use sandglass::time::Timestamp;

use super::world::{
    DAY, Row, at, batch, csv, day, definition, expected, features, json, number, project, refused, rows, says, write,
    write_text,
};
use crate::harness::{Project, Timed};

const NAMES: [&str; 4] = ["customer_id", "timestamp", "amount", "note"];

/// Rows by the folder of their day.
pub fn by_day(rows: &[Row], template: &str) -> BTreeMap<String, Vec<Row>> {
    let mut folders: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for row in rows {
        let day = Timestamp::from_micros(row.at).datetime().unwrap();
        folders
            .entry(day.format(template).to_string())
            .or_default()
            .push(row.clone());
    }
    folders
}

fn put(project: &Project, folder: &str, format: &str, rows: &[Row]) {
    let path = project.path(&format!("data/{folder}/part-0.{format}"));
    match format {
        "parquet" => write(&path, &batch(rows), 1_000),
        "csv" | "csv.gz" => write_text(&path, &csv(rows, &NAMES)),
        _ => write_text(&path, &json(rows)),
    }
}

fn source(template: &str, more: &str) -> String {
    format!("path = \"data\"\ntimestamp_column = \"timestamp\"\npartitions = \"{template}\"\n{more}")
}

#[test]
fn folders_of_every_layout_and_format_are_pruned_and_lose_nothing() {
    let _timed = Timed::new("sources::folders::folders_of_every_layout_and_format_are_pruned_and_lose_nothing");
    let rows = rows(20, 30);
    let expected = expected(&rows, "2024-01-21");
    let one = rows
        .iter()
        .filter(|row| (at("2024-01-10")..at("2024-01-11")).contains(&row.at))
        .count();
    for (template, written, format) in [
        ("date=%Y-%m-%d", "date=%Y-%m-%d", "parquet"),
        ("year=%Y/month=%m/day=%d", "year=%Y/month=%m/day=%d", "csv"),
        ("%Y/%m/%d", "%Y/%m/%d", "jsonl"),
        (
            "year=%Y/month=%m/day=%d",
            "year=%Y/month=%-m/day=%-d/and/deeper",
            "csv.gz",
        ),
    ] {
        let project = project(&source(template, ""));
        for (folder, part) in by_day(&rows, written) {
            put(&project, &folder, format, &part);
        }
        let answer = day(&project, "2024-01-10");
        assert_eq!(answer["count"], one, "{template}");
        let scan = &answer["report"]["scan"];
        assert_eq!(number(&scan["partitions_pruned"]), 19, "{scan}");
        assert_eq!(number(&scan["files_pruned"]), 19, "{scan}");
        assert_eq!(number(&scan["files_matched"]), 1, "{scan}");
        let read = number(&answer["report"]["source"]["rows_read"]);
        assert_eq!(read, one as u64, "only the rows of one folder");
        assert_eq!(features(&project, "2024-01-21"), expected, "{template}");
        // What is noted of a job is the files of its folders.
        let reads = project.path("store/offline/shop/v/v1/rows/_sandglass/reads");
        for entry in std::fs::read_dir(reads).unwrap() {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
            let read: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read["sources"][0]["files"].as_array().unwrap().len(), 1, "{read}");
        }
    }
}

#[test]
fn months_and_hours() {
    let _timed = Timed::new("sources::folders::months_and_hours");
    let rows = rows(40, 10);
    let expected = expected(&rows, "2024-02-10");
    for (template, pruned) in [("%Y-%m", 1), ("%Y/%j/h=%H", 40 * 24)] {
        let project = project(&source(template, ""));
        for (folder, part) in by_day(&rows, template) {
            put(&project, &folder, "jsonl", &part);
        }
        let scan = &day(&project, "2024-01-10")["report"]["scan"];
        assert!(number(&scan["partitions_pruned"]) <= pruned, "{scan}");
        assert!(number(&scan["files_pruned"]) >= 1, "{scan}");
        assert_eq!(features(&project, "2024-02-10"), expected, "{template}");
    }
}

/// A row of the second in the folder of the third: by the footer before anything runs, and otherwise when it is read.
#[test]
fn rows_in_the_wrong_folder_are_found() {
    let _timed = Timed::new("sources::folders::rows_in_the_wrong_folder_are_found");
    let mut rows = rows(4, 20);
    rows.sort_by_key(|row| row.at);
    let astray = Row {
        id: 7,
        at: at("2024-01-02T12:00:00Z"),
        amount: None,
        note: None,
    };
    for format in ["parquet", "jsonl", "csv"] {
        let project = project(&source("date=%Y-%m-%d", ""));
        for (folder, mut part) in by_day(&rows, "date=%Y-%m-%d") {
            if folder == "date=2024-01-03" {
                part.push(astray.clone());
            }
            put(&project, &folder, format, &part);
        }
        let error = refused(&project, &["run", "v", "--start", "2024-01-03"]);
        assert!(
            says(
                &error,
                "a row at 2024-01-02T12:00:00Z lies in folder date=2024-01-03, 12h outside of its time \
                 [2024-01-03T00:00:00Z, 2024-01-04T00:00:00Z): move it, or set `partition_slack`"
            ),
            "{format}: {error}"
        );
        // With slack the row is looked for in the folders of the days around, and the next day's folder is read too.
        let text = definition(
            &source("date=%Y-%m-%d", "partition_slack = \"12h\""),
            "incremental_backfills = true",
        );
        std::fs::write(project.path("sandglass.toml"), text).unwrap();
        let answer = day(&project, "2024-01-02");
        assert_eq!(answer["count"], 21, "{format}");
        assert_eq!(number(&answer["report"]["scan"]["partitions_pruned"]), 1, "{format}");
        let mut all = rows.clone();
        all.push(astray.clone());
        assert_eq!(
            features(&project, "2024-01-05"),
            expected(&all, "2024-01-05"),
            "{format}"
        );
    }
}

#[test]
fn the_last_microsecond_belongs_to_its_day() {
    let _timed = Timed::new("sources::folders::the_last_microsecond_belongs_to_its_day");
    let project = project(&source("date=%F", ""));
    let row = |at: i64| Row {
        id: 1,
        at,
        amount: None,
        note: None,
    };
    let start = at("2024-01-01");
    put(
        &project,
        "date=2024-01-01",
        "jsonl",
        &[row(start), row(start + DAY - 1)],
    );
    put(&project, "date=2024-01-02", "jsonl", &[row(start + DAY)]);
    assert_eq!(day(&project, "2024-01-01")["count"], 2);
    assert_eq!(day(&project, "2024-01-02")["count"], 1);
}

#[test]
fn folders_that_do_not_fit_are_errors() {
    let _timed = Timed::new("sources::folders::folders_that_do_not_fit_are_errors");
    let rows = rows(1, 3);
    for (folder, problem) in [
        ("date=2024-01-32", "`date=2024-01-32` is no time"),
        ("day=2024-01-01", "folder `day=2024-01-01` is not `date=%Y-%m-%d`"),
        ("date=__HIVE_DEFAULT_PARTITION__", "is not `date=%Y-%m-%d`"),
        (".", "it lies in 0 folders, not 1"),
    ] {
        let project = project(&source("date=%Y-%m-%d", ""));
        put(&project, "date=2024-01-01", "csv", &rows);
        put(&project, folder, "csv", &rows);
        let error = refused(&project, &["plan"]);
        assert!(says(&error, problem), "{folder}: {error}");
        assert!(says(&error, "does not fit `partitions = \"date=%Y-%m-%d\"`"), "{error}");
    }
}

/// A key that only the folders have, the null of Hive, and what has to be escaped.
#[test]
fn what_folders_are_named_is_a_column() {
    let _timed = Timed::new("sources::folders::what_folders_are_named_is_a_column");
    let project = Project::new("");
    let text = r#"
[project]
name = "shop"
[[entity]]
name = "country"
join_keys = { land = "utf8" }
[[source]]
name = "rows"
path = "data"
partitions = "country={country}/date=%Y-%m-%d"
columns = { land = "country" }
timestamp_column = "timestamp"
[[feature_view]]
name = "v"
kind = "batch"
entities = ["country"]
sources = ["rows"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
"#;
    std::fs::write(project.path("sandglass.toml"), text).unwrap();
    let rows = rows(2, 10);
    let mut count = 0;
    for country in ["nl", "a%2Fb c", "__HIVE_DEFAULT_PARTITION__"] {
        for (folder, part) in by_day(&rows, "date=%Y-%m-%d") {
            count += part.len();
            put(&project, &format!("country={country}/{folder}"), "parquet", &part);
        }
    }
    project.json("2024-01-03", &["apply"]);
    let report = project.json("2024-01-03", &["materialize"]);
    let found = project.sql("v", 1, "select land, count(*) from rows group by land order by land");
    let shown = arrow::util::pretty::pretty_format_batches(&found).unwrap().to_string();
    assert!(
        shown.contains("| a/b c | 20") && shown.contains("| nl    | 20"),
        "{shown}"
    );
    assert_eq!(found.iter().map(|batch| batch.num_rows()).sum::<usize>(), 2, "{shown}");
    // Rows of the null country have no key: they are dropped and counted.
    assert_eq!(count, 60);
    assert!(report.to_string().contains("\"null_keys\":20"), "{report}");
}

/// The time is the folder's: files without a time column.
#[test]
fn a_folders_date_can_be_the_time() {
    let _timed = Timed::new("sources::folders::a_folders_date_can_be_the_time");
    let source = "path = \"data\"\npartitions = \"date=%Y-%m-%d\"\ncolumns = { timestamp = \"date\", amount = \"price\" }\ntimestamp_column = \"timestamp\"";
    let project = project(source);
    for (day, price) in [("2024-01-01", 1), ("2024-01-02", 2)] {
        let text = format!("customer_id,price,note\n1,{price},a\n2,{price},b\n");
        write_text(&project.path(&format!("data/date={day}/a.csv")), &text);
    }
    let answer = day(&project, "2024-01-02");
    assert_eq!(answer["count"], 2);
    assert_eq!(answer["rows"][0]["timestamp"], "2024-01-02T00:00:00Z");
    assert_eq!(answer["rows"][0]["amount"], 2.0);
    assert_eq!(number(&answer["report"]["scan"]["partitions_pruned"]), 1);
}
