//! Files of one source whose schemas differ, and columns under other names.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, TimeUnit};

use super::world::{
    batch, columns, csv, day, expected, features, project, project_with, refused, rows, says, with_type, write,
    write_text,
};
use crate::harness::Timed;

const SOURCE: &str = "path = \"data\"\ntimestamp_column = \"timestamp\"";

/// Every file in types of its own; what comes out is what one file of wide types gives.
#[test]
fn compatible_types_are_widened() {
    let _timed = Timed::new("sources::schemas::compatible_types_are_widened");
    let mut all = rows(8, 40);
    for row in &mut all {
        // What int32, float32 and milliseconds hold too.
        row.id %= 50;
        row.at = row.at / 1_000 * 1_000;
        row.amount = row.amount.map(|amount| f64::from(amount as f32));
    }
    let expected = expected(&all, "2024-01-09");
    let project = project(SOURCE);
    let utc = || Some("UTC".into());
    let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
    let changes: Vec<Vec<(&str, DataType)>> = vec![
        vec![],
        vec![("customer_id", DataType::Int32), ("note", DataType::LargeUtf8)],
        vec![("customer_id", DataType::UInt16), ("note", dictionary)],
        vec![("amount", DataType::Float32)],
        vec![("timestamp", DataType::Timestamp(TimeUnit::Millisecond, utc()))],
        vec![("timestamp", DataType::Timestamp(TimeUnit::Nanosecond, None))],
        vec![("timestamp", DataType::Utf8)],
        vec![("customer_id", DataType::Utf8)],
    ];
    let part = all.len() / changes.len();
    for (index, changes) in changes.iter().enumerate() {
        let own = &all[index * part..(index + 1) * part];
        let mut batch = batch(own);
        for (name, data_type) in changes {
            batch = with_type(&batch, name, data_type);
        }
        if index % 2 == 1 {
            batch = columns(&batch, &["note", "timestamp", "customer_id", "amount"]);
        }
        write(&project.path(&format!("data/{index}.parquet")), &batch, 25);
    }
    assert_eq!(features(&project, "2024-01-09"), expected);
}

#[test]
fn columns_that_some_files_lack_are_null() {
    let _timed = Timed::new("sources::schemas::columns_that_some_files_lack_are_null");
    let mut all = rows(3, 30);
    let half = all.len() / 2;
    for row in &mut all[half..] {
        row.note = None;
    }
    let expected = expected(&all, "2024-01-04");
    let less = ["timestamp", "customer_id", "amount"];
    let parquet = project(SOURCE);
    write(&parquet.path("data/a.parquet"), &batch(&all[..half]), 100);
    write(
        &parquet.path("data/b.parquet"),
        &columns(&batch(&all[half..]), &less),
        100,
    );
    assert_eq!(features(&parquet, "2024-01-04"), expected);
    let text = project(SOURCE);
    write_text(
        &text.path("data/a.csv"),
        &csv(&all[..half], &["customer_id", "timestamp", "amount", "note"]),
    );
    write_text(&text.path("data/b.csv"), &csv(&all[half..], &less));
    assert_eq!(features(&text, "2024-01-04"), expected);
}

#[test]
fn a_key_or_time_that_a_file_lacks_is_an_error_with_its_name() {
    let _timed = Timed::new("sources::schemas::a_key_or_time_that_a_file_lacks_is_an_error_with_its_name");
    let all = rows(1, 10);
    for (missing, problem) in [
        (
            "customer_id",
            "file data/b.parquet: no column `customer_id`, which other files have, and nulls are not allowed in its place",
        ),
        (
            "timestamp",
            "file data/b.parquet: no column `timestamp` for the time of its rows",
        ),
    ] {
        let project = project_with(SOURCE, "");
        write(&project.path("data/a.parquet"), &batch(&all), 100);
        let kept: Vec<&str> = ["customer_id", "timestamp", "amount", "note"]
            .into_iter()
            .filter(|name| *name != missing)
            .collect();
        write(&project.path("data/b.parquet"), &columns(&batch(&all), &kept), 100);
        let error = refused(&project, &["plan"]);
        assert!(says(&error, problem), "{error}");
    }
}

#[test]
fn incompatible_types_name_both_files() {
    let _timed = Timed::new("sources::schemas::incompatible_types_name_both_files");
    let all = rows(1, 10);
    let project = project_with(SOURCE, "");
    write(&project.path("data/a.parquet"), &batch(&all), 100);
    let other = with_type(&batch(&all), "customer_id", &DataType::Float64);
    write(&project.path("data/b.parquet"), &other, 100);
    let error = refused(&project, &["plan"]);
    assert!(
        says(
            &error,
            "file data/b.parquet: column `customer_id` is float64, which is not int64 without loss; in data/a.parquet it is int64"
        ),
        "{error}"
    );
    // Rows that are passed on have the type that holds both, if there is one.
    let text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
    let text: String = text
        .lines()
        .filter(|line| !line.starts_with("transformation"))
        .map(|line| format!("{line}\n"))
        .collect();
    std::fs::write(project.path("sandglass.toml"), &text).unwrap();
    let other = with_type(&batch(&all), "amount", &DataType::Utf8);
    write(&project.path("data/b.parquet"), &other, 100);
    let error = refused(&project, &["plan"]);
    assert!(
        says(
            &error,
            "column `amount` is float64 in data/a.parquet and utf8 in data/b.parquet, and no type holds both"
        ),
        "{error}"
    );
    let other = with_type(&batch(&all), "amount", &DataType::Float32);
    write(&project.path("data/b.parquet"), &other, 100);
    assert_eq!(day(&project, "2024-01-01")["count"], 20);
}

#[test]
fn columns_have_the_names_that_the_definition_gives_them() {
    let _timed = Timed::new("sources::schemas::columns_have_the_names_that_the_definition_gives_them");
    let all = rows(3, 30);
    let expected = expected(&all, "2024-01-04");
    let plain = batch(&all);
    // `note` is the amount's name and the other way round; `customer_id` is there, and another column takes its name.
    let renamed: Vec<(&str, ArrayRef)> = vec![
        ("customer_id", Arc::new(Int64Array::from(vec![0; all.len()]))),
        ("cust", Arc::clone(plain.column(0))),
        ("event time", Arc::clone(plain.column(1))),
        ("note", Arc::clone(plain.column(2))),
        ("amount", Arc::clone(plain.column(3))),
        ("unused", Arc::new(StringArray::from(vec![""; all.len()]))),
    ];
    let renamed = RecordBatch::try_from_iter(renamed).unwrap();
    let mapping =
        "columns = { customer_id = \"cust\", timestamp = \"event time\", amount = \"note\", note = \"amount\" }";
    let source = format!("path = \"rows.parquet\"\ntimestamp_column = \"timestamp\"\n{mapping}");
    let parquet = project(&source);
    write(&parquet.path("rows.parquet"), &renamed, 30);
    assert_eq!(features(&parquet, "2024-01-04"), expected);
    let scan = &day(&parquet, "2024-01-02")["report"]["scan"];
    assert!(scan["row_groups_pruned"].as_u64().unwrap() > 0, "{scan}");
    let lines = project(&source.replace("rows.parquet", "rows.jsonl"));
    let text = super::world::json(&all)
        .replace("\"customer_id\":", "\"cust\":")
        .replace("\"timestamp\":", "\"event time\":")
        .replace("\"amount\":", "\"x\":")
        .replace("\"note\":", "\"amount\":")
        .replace("\"x\":", "\"note\":");
    write_text(&lines.path("rows.jsonl"), &text);
    assert_eq!(features(&lines, "2024-01-04"), expected);
    let wrong = project_with(&source.replace("\"cust\"", "\"customer\""), "");
    write(&wrong.path("rows.parquet"), &renamed, 30);
    let error = refused(&wrong, &["plan"]);
    assert!(
        error
            .contains("`columns` calls `customer` of the files `customer_id`, and they have no such column; there are"),
        "{error}"
    );
}
