//! A view of the purchases with rows and tiles, and what lies below its tables.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Project, table_rows};

/// With nothing else running.
pub const ALONE: [&str; 3] = ["maintain", "--orphans-after", "0s"];

/// A view that passes the purchases on and sums them up; one job a day.
pub const SPEND: &str = r#"
[[feature_view]]
name = "spend"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
incremental_backfills = true
online = true

[[feature_view.aggregation]]
column = "amount"
function = "sum"
time_window = ["7d", "2d"]
"#;

/// What a command says of a view.
pub fn of<'a>(answer: &'a Value, view: &str) -> &'a Value {
    let views = answer["feature_views"].as_array().unwrap();
    views.iter().find(|found| found["name"] == view).unwrap()
}

/// What `maintain` says of a table of a version.
pub fn table<'a>(answer: &'a Value, view: &str, version: u32, table: &str) -> &'a Value {
    let versions = of(answer, view)["versions"].as_array().unwrap();
    let found = versions.iter().find(|found| found["version"] == version).unwrap();
    let tables = found["tables"].as_array().unwrap();
    tables
        .iter()
        .find(|found| found["table"].as_str().unwrap().starts_with(table))
        .unwrap()
}

/// All files below a folder, by their paths below it.
pub fn below(root: &Path) -> BTreeSet<String> {
    let (mut files, mut folders) = (BTreeSet::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => drop(files.insert(path.strip_prefix(root).unwrap().to_str().unwrap().to_owned())),
            }
        }
    }
    files
}

/// The tables of a version.
pub fn tables(project: &Project, view: &str, version: u32) -> Vec<PathBuf> {
    let folder = project.path(&format!("store/offline/shop/{view}/v{version}"));
    let tiles = std::fs::read_dir(folder.join("tiles"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    std::iter::once(folder.join("rows")).chain(tiles).collect()
}

/// Files below a table that its log does not name, as it was never shortened: neither as a file that came or went nor as what a job read.
pub fn unnamed(table: &Path) -> Vec<String> {
    let (mut named, mut jobs) = (BTreeSet::new(), BTreeSet::new());
    for file in below(&table.join("_delta_log")).iter().filter(|file| file.len() == 25) {
        let text = std::fs::read_to_string(table.join("_delta_log").join(file)).unwrap();
        for line in text.lines() {
            let line: Value = serde_json::from_str(line).unwrap();
            for action in ["add", "remove"] {
                named.extend(line[action]["path"].as_str().map(str::to_owned));
            }
            if line["txn"].is_object() {
                jobs.insert(format!(
                    "-{}-{}.json",
                    line["txn"]["version"], line["txn"]["lastUpdated"]
                ));
            }
        }
    }
    let is_known = |file: &String| {
        let log = file.starts_with("_delta_log/") && !file.contains('#');
        let reads = file.starts_with("_sandglass/reads/") && jobs.iter().any(|job| file.ends_with(job.as_str()));
        log || reads || named.contains(file)
    };
    below(table).into_iter().filter(|file| !is_known(file)).collect()
}

/// All rows and tiles of a version in one order, as text.
pub fn everything(project: &Project, view: &str, version: u32) -> Vec<String> {
    let mut rows = Vec::new();
    for table in tables(project, view, version) {
        let folder = table.file_name().unwrap().to_str().unwrap().to_owned();
        for batch in table_rows(&table, "select * from rows") {
            for row in 0..batch.num_rows() {
                let cells = batch.columns().iter();
                let cells = cells.map(|column| format!("{:?}", sandglass::online::Value::of(column, row).unwrap()));
                rows.push(format!("{folder}: {}", cells.collect::<Vec<_>>().join("|")));
            }
        }
    }
    rows.sort();
    rows
}

/// Copies a folder with all that is in it.
pub fn copy(from: &Path, to: &Path) {
    for file in below(from) {
        let target = to.join(&file);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(from.join(&file), target).unwrap();
    }
}
