//! Three views of one source, and what is found of a text in a folder.

use std::fs::File;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::harness::Project;

pub const NOW: &str = "2024-02-20";
/// Whom it is about, and somebody else.
pub const WHO: &str = "customer=who-7";
pub const OTHER: &str = "customer=other-8";
/// What only that key's rows have.
pub const SECRET: &str = "secret-of-seven";

const DEFINITIONS: &str = r#"
[project]
name = "shop"

[[entity]]
name = "customer"
join_keys = { customer = "utf8" }

[[entity]]
name = "shop"
join_keys = { shop = "utf8" }

[[source]]
name = "events"
path = "data/events.csv"
timestamp_column = "timestamp"

[[feature_view]]
name = "spend"
kind = "batch"
entities = ["customer"]
sources = ["events"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
incremental_backfills = true
online = true

[[feature_view.aggregation]]
column = "amount"
function = "sum"
time_window = "30d"

[[feature_view.aggregation]]
column = "note"
function = "last(2)"
time_window = "30d"

[[feature_view]]
name = "last"
kind = "batch"
entities = ["customer"]
sources = ["events"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
incremental_backfills = true
ttl = "60d"
online = true

[[feature_view]]
name = "pair"
kind = "batch"
entities = ["shop", "customer"]
sources = ["events"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
max_backfill_interval = "10d"
ttl = "60d"
online = true
"#;

/// Fifty days of events, of which some were made twice.
pub fn project() -> Project {
    let project = Project::new("");
    std::fs::write(project.path("sandglass.toml"), DEFINITIONS).unwrap();
    let mut text = "customer,shop,timestamp,amount,note\n".to_owned();
    for day in 0..50_i64 {
        let date = format!("2024-{:02}-{:02}", 1 + day / 31, 1 + day % 31);
        for (who, every, note) in [("who-7", 2, SECRET), ("other-8", 3, "plain"), ("third", 1, "plain")] {
            if day % every == 0 {
                let shop = if day % 4 == 0 { "north" } else { "south" };
                text.push_str(&format!("{who},{shop},{date}T0{}:00:00Z,{day}.5,{note}\n", day % 10));
            }
        }
    }
    std::fs::create_dir_all(project.path("data")).unwrap();
    std::fs::write(project.path("data/events.csv"), text).unwrap();
    project.apply_and_materialize(NOW);
    let again = [
        "materialize",
        "--start",
        "2024-01-11",
        "--end",
        "2024-01-21",
        "--overwrite",
    ];
    project.json(NOW, &again);
    project
}

/// What is online of a key, as text, nulls left out.
pub fn values(project: &Project, key: &str) -> Vec<String> {
    let mut values = Vec::new();
    for (view, more) in [("spend", None), ("last", None), ("pair", Some("shop=north"))] {
        let mut arguments = vec!["get", view, "--key", key];
        arguments.extend(more.iter().flat_map(|more| ["--key", more]));
        let answer = project.run(NOW, &[&["--format", "json"], &arguments[..]].concat());
        // Views that are not there any more have no values.
        let Ok(answer) = serde_json::from_str::<serde_json::Value>(&answer.stdout) else {
            continue;
        };
        for feature in answer["features"].as_array().unwrap() {
            if !feature["value"].is_null() {
                values.push(format!("{}: {}", feature["name"], feature["value"]));
            }
        }
    }
    values
}

/// Files below a folder that have a text, in their bytes, or in their columns if they are Parquet.
pub fn found(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for file in crate::maintain::below(folder) {
        let path = folder.join(&file);
        let bytes = std::fs::read(&path).unwrap();
        let mut has_it = bytes.windows(text.len()).any(|part| part == text.as_bytes());
        if file.ends_with(".parquet") {
            let rows = ParquetRecordBatchReaderBuilder::try_new(File::open(&path).unwrap()).unwrap();
            for batch in rows.build().unwrap() {
                for column in batch.unwrap().columns() {
                    let data = format!("{column:?}");
                    // States are bytes.
                    has_it |=
                        data.contains(text) || bytes_of(column).windows(text.len()).any(|part| part == text.as_bytes());
                }
            }
        }
        if has_it {
            found.push(file);
        }
    }
    found
}

fn bytes_of(column: &arrow::array::ArrayRef) -> Vec<u8> {
    use arrow::array::AsArray;
    match column.as_binary_opt::<i32>() {
        Some(bytes) => bytes.value_data().to_vec(),
        None => column
            .as_string_opt::<i32>()
            .map_or_else(Vec::new, |texts| texts.value_data().to_vec()),
    }
}
