//! Delta tables: versions, partition columns, what is refused, and the tables that this program writes itself.

use std::path::Path;

use serde_json::{Value, json};

use super::world::{
    batch, columns, day, definition, expected, features, number, project, project_with, refused, rows, says, write,
};
use crate::harness::{Project, Timed};

const SOURCE: &str = "path = \"table\"\ntimestamp_column = \"timestamp\"";

/// An entry of the log.
fn commit(table: &Path, version: u64, actions: &[Value]) {
    let folder = table.join("_delta_log");
    std::fs::create_dir_all(&folder).unwrap();
    let text: String = actions.iter().map(|action| format!("{action}\n")).collect();
    std::fs::write(folder.join(format!("{version:020}.json")), text).unwrap();
}

fn head(partition_columns: &[&str], features: &[&str], configuration: &Value) -> Vec<Value> {
    let field = |name: &str, kind: &str| json!({ "name": name, "type": kind, "nullable": true, "metadata": {} });
    let mut fields = vec![
        field("customer_id", "long"),
        field("timestamp", "timestamp"),
        field("amount", "double"),
    ];
    if !partition_columns.contains(&"note") || partition_columns == ["note"] {
        fields.push(field("note", "string"));
    }
    let schema = json!({ "type": "struct", "fields": fields });
    let protocol = if features.is_empty() {
        json!({ "minReaderVersion": 1, "minWriterVersion": 2 })
    } else {
        json!({ "minReaderVersion": 3, "minWriterVersion": 7, "readerFeatures": features, "writerFeatures": features })
    };
    vec![
        json!({ "protocol": protocol }),
        json!({ "metaData": {
            "id": "6f7d0b0a-0000-4000-8000-000000000000",
            "format": { "provider": "parquet", "options": {} },
            "schemaString": schema.to_string(),
            "partitionColumns": partition_columns,
            "configuration": configuration,
            "createdTime": 0,
        } }),
    ]
}

fn add(table: &Path, path: &str, partition_values: &Value) -> Value {
    let size = std::fs::metadata(table.join(path)).unwrap().len();
    // As the log has it: encoded once more.
    let encoded = path.replace('%', "%25").replace(' ', "%20");
    json!({ "add": {
        "path": encoded, "partitionValues": partition_values, "size": size, "modificationTime": 0, "dataChange": true,
    } })
}

/// A table of three versions: two days, another day, and the first file gone.
pub fn table(project: &Project) -> Vec<super::world::Row> {
    let rows = rows(3, 40);
    let table = project.path("table");
    write(&table.join("a.parquet"), &batch(&rows[..40]), 10);
    write(&table.join("b.parquet"), &batch(&rows[40..80]), 10);
    write(&table.join("c.parquet"), &batch(&rows[80..]), 10);
    // No part of the table.
    write(&table.join("stray.parquet"), &batch(&rows), 10);
    let mut first = head(&[], &[], &json!({}));
    first.push(add(&table, "a.parquet", &json!({})));
    first.push(add(&table, "b.parquet", &json!({})));
    commit(&table, 0, &first);
    commit(&table, 1, &[add(&table, "c.parquet", &json!({}))]);
    let remove = json!({ "remove": { "path": "a.parquet", "deletionTimestamp": 1, "dataChange": true } });
    commit(&table, 2, &[remove]);
    rows
}

#[test]
fn every_version_is_its_files() {
    let _timed = Timed::new("sources::delta::every_version_is_its_files");
    for (said, rows_from, rows_to) in [
        ("version = 0", 0, 80),
        ("version = 1", 0, 120),
        ("format = \"delta\"\nversion = 2", 40, 120),
        ("format = \"delta\"", 40, 120),
        ("", 40, 120),
    ] {
        let project = project(&format!("{SOURCE}\n{said}"));
        let rows = table(&project);
        let expected = expected(&rows[rows_from..rows_to], "2024-01-04");
        assert_eq!(features(&project, "2024-01-04"), expected, "{said}");
        let scan = &day(&project, "2024-01-02")["report"]["scan"];
        assert_eq!(number(&scan["files_matched"]), 1, "{scan}");
    }
}

#[test]
fn what_jobs_read_is_a_version() {
    let _timed = Timed::new("sources::delta::what_jobs_read_is_a_version");
    let project = project(SOURCE);
    table(&project);
    project.apply_and_materialize("2024-01-03");
    let reads = project.path("store/offline/shop/v/v1/rows/_sandglass/reads");
    let mut count = 0;
    for entry in std::fs::read_dir(reads).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let read: Value = serde_json::from_str(&text).unwrap();
        // And the files of it that may hold the job's rows: a later version that only adds files of later days changes nothing.
        let source = &read["sources"][0];
        assert_eq!(
            (&source["source"], &source["version"]),
            (&json!("rows"), &json!(2)),
            "{read}"
        );
        let files = source["files"].as_array().cloned().unwrap_or_default();
        let day = read["interval"]["start"].as_str().unwrap();
        let expected = if day.starts_with("2024-01-02") {
            vec!["b.parquet"]
        } else {
            vec![]
        };
        let names = files
            .iter()
            .map(|file| file["path"].as_str().unwrap().rsplit('/').next().unwrap());
        assert_eq!(names.collect::<Vec<_>>(), expected, "{read}");
        count += 1;
    }
    assert_eq!(count, 2);
}

/// Values of partition columns are in the log only; null, spaces and signs among them.
#[test]
fn partition_columns_are_columns() {
    let _timed = Timed::new("sources::delta::partition_columns_are_columns");
    let project = project(SOURCE);
    let table = project.path("table");
    let mut all = rows(3, 30);
    let mut actions = head(&["note"], &[], &json!({}));
    for (index, (folder, value)) in [
        ("note=a", json!("a")),
        ("note=b%20c%2Fd", json!("b c/d")),
        ("note=__HIVE_DEFAULT_PARTITION__", Value::Null),
    ]
    .into_iter()
    .enumerate()
    {
        let own = &mut all[index * 30..(index + 1) * 30];
        own.iter_mut()
            .for_each(|row| row.note = value.as_str().map(str::to_owned));
        let path = format!("{folder}/{index}.parquet");
        let batch = columns(&batch(own), &["customer_id", "timestamp", "amount"]);
        write(&table.join(&path), &batch, 100);
        actions.push(add(&table, &path, &json!({ "note": value })));
    }
    commit(&table, 0, &actions);
    let found = features(&project, "2024-01-04");
    assert_eq!(found, expected(&all, "2024-01-04"));
}

/// What is said of the source, who writes its log, and what is wrong.
type Case<'a> = (&'a str, &'a dyn Fn(&Path), &'a str);

#[test]
fn what_cannot_be_read_is_refused() {
    let _timed = Timed::new("sources::delta::what_cannot_be_read_is_refused");
    let vector = json!({ "storageType": "i", "pathOrInlineDv": "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L", "sizeInBytes": 40, "cardinality": 6 });
    let cases: [Case<'_>; 6] = [
        (
            "",
            &|table| {
                let mut actions = head(&[], &["deletionVectors"], &json!({}));
                let mut file = add(table, "a.parquet", &json!({}));
                file["add"]["deletionVector"] = vector.clone();
                actions.push(file);
                commit(table, 0, &actions);
            },
            "file a.parquet of the Delta table has a deletion vector, which is not supported",
        ),
        (
            "",
            &|table| {
                let configuration =
                    json!({ "delta.columnMapping.mode": "name", "delta.columnMapping.maxColumnId": "4" });
                commit(table, 0, &head(&[], &["columnMapping"], &configuration));
            },
            "delta.columnMapping",
        ),
        (
            "version = 7",
            &|table| commit(table, 0, &head(&[], &[], &json!({}))),
            "the Delta table has no version 7; the newest is 0",
        ),
        (
            "",
            &|table| {
                let mut actions = head(&[], &[], &json!({}));
                let mut file = add(table, "a.parquet", &json!({}));
                file["add"]["path"] = json!("../a.parquet");
                actions.push(file);
                commit(table, 0, &actions);
            },
            "file ../a.parquet of the Delta table lies outside of its folder",
        ),
        (
            "",
            &|table| {
                let mut actions = head(&[], &[], &json!({}));
                let mut file = add(table, "a.parquet", &json!({}));
                file["add"]["path"] = json!("gone.parquet");
                actions.push(file);
                commit(table, 0, &actions);
            },
            "table/gone.parquet: No such file or directory",
        ),
        (
            "",
            &|table| commit(table, 0, &[json!({ "metaData": 7 })]),
            "the Delta log ",
        ),
    ];
    for (said, write_log, problem) in cases {
        let project = project_with(&format!("{SOURCE}\n{said}"), "");
        write(&project.path("table/a.parquet"), &batch(&rows(1, 5)), 10);
        write_log(&project.path("table"));
        let error = refused(&project, &["plan"]);
        assert!(says(&error, problem), "{problem}: {error}");
    }
    let project = project_with(&format!("{SOURCE}\nformat = \"delta\""), "");
    write(&project.path("table/a.parquet"), &batch(&rows(1, 5)), 10);
    let error = refused(&project, &["plan"]);
    assert!(
        says(&error, "no Delta table: there is no folder `_delta_log` in it"),
        "{error}"
    );
    let project = project_with(&format!("{SOURCE}\nformat = \"parquet\""), "");
    table(&project);
    let error = refused(&project, &["plan"]);
    assert!(
        says(
            &error,
            "a Delta table, and its folder may hold files that are no part of it"
        ),
        "{error}"
    );
}

/// The offline table of one view, written by the library, is the source of another.
#[test]
fn an_offline_table_is_a_source() {
    let _timed = Timed::new("sources::delta::an_offline_table_is_a_source");
    let rows = rows(40, 10);
    let project = project("path = \"rows.parquet\"\ntimestamp_column = \"timestamp\"");
    write(&project.path("rows.parquet"), &batch(&rows), 1_000);
    let first = features(&project, "2024-02-10");
    let other = project_with(
        "path = \"table\"\ntimestamp_column = \"timestamp\"",
        "incremental_backfills = true",
    );
    let table = project.path("store/offline/shop/v/v1/rows").display().to_string();
    let source = format!("path = \"{table}\"\ntimestamp_column = \"timestamp\"");
    std::fs::write(
        other.path("sandglass.toml"),
        definition(&source, "incremental_backfills = true"),
    )
    .unwrap();
    assert_eq!(features(&other, "2024-02-10"), first);
    let scan = &day(&other, "2024-01-10")["report"]["scan"];
    assert!(number(&scan["files_pruned"]) >= 1, "{scan}");
}
