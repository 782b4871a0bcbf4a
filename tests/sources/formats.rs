//! Each format against the same rows in Parquet.

use super::world::{csv, expected, features, json, project, project_with, rows, says, write, write_text};
use crate::harness::Timed;

const NOW: &str = "2024-01-07";
const NAMES: [&str; 4] = ["customer_id", "timestamp", "amount", "note"];

#[test]
fn text_of_every_compression_is_parquet() {
    let _timed = Timed::new("sources::formats::text_of_every_compression_is_parquet");
    let rows = rows(6, 120);
    let expected = expected(&rows, NOW);
    assert_eq!(expected.len(), rows.len());
    // Some files of each kind in one folder, columns of CSV files in any order.
    let orders = [NAMES, ["note", "amount", "timestamp", "customer_id"]];
    for format in ["csv", "jsonl"] {
        let project = project("path = \"data\"\ntimestamp_column = \"timestamp\"");
        let parts = rows.chunks(rows.len() / 5 + 1).zip(["", ".gz", ".zst", ".bz2", ".xz"]);
        for (index, (part, compression)) in parts.enumerate() {
            let text = if format == "csv" {
                csv(part, &orders[index % 2])
            } else {
                json(part)
            };
            write_text(&project.path(&format!("data/{index}.{format}{compression}")), &text);
        }
        assert_eq!(features(&project, NOW), expected, "{format}");
    }
}

#[test]
fn one_file_whose_ending_says_what_it_is() {
    let _timed = Timed::new("sources::formats::one_file_whose_ending_says_what_it_is");
    let rows = rows(2, 40);
    let expected = expected(&rows, "2024-01-03");
    for name in ["r.ndjson", "r.json", "r.jsonl.gz", "r.csv", "r.csv.zst"] {
        let project = project(&format!("path = \"{name}\"\ntimestamp_column = \"timestamp\""));
        let text = if name.contains("csv") {
            csv(&rows, &NAMES)
        } else {
            json(&rows)
        };
        write_text(&project.path(name), &text);
        assert_eq!(features(&project, "2024-01-03"), expected, "{name}");
    }
}

/// Two inputs of two formats, one of them in folders, are two Parquet files.
#[test]
fn a_view_of_sources_of_two_formats() {
    let _timed = Timed::new("sources::formats::a_view_of_sources_of_two_formats");
    let rows = rows(5, 60);
    let good = crate::harness::component("tests/guests/good");
    let view = |left: &str, right: &str| {
        format!(
            r#"
[project]
name = "shop"
[[entity]]
name = "customer"
join_keys = {{ customer_id = "int64" }}
[[source]]
name = "some"
timestamp_column = "timestamp"
{left}
[[source]]
name = "others"
timestamp_column = "timestamp"
{right}
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = [{{ name = "some", input = "left" }}, {{ name = "others", input = "right", start_time_offset = "-1d" }}]
transformation = "{}#two_inputs"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
incremental_backfills = true
"#,
            good.display()
        )
    };
    let reference = crate::harness::Project::new("");
    let text = view("path = \"a.parquet\"", "path = \"b.parquet\"");
    std::fs::write(reference.path("sandglass.toml"), text).unwrap();
    let (a, b) = rows.split_at(rows.len() / 2);
    // Each source has some of every day.
    let of = |remainder: usize| {
        let some = rows.iter().enumerate().filter(|(index, _)| index % 2 == remainder);
        some.map(|(_, row)| row.clone()).collect::<Vec<_>>()
    };
    assert!(!a.is_empty() && !b.is_empty());
    write(&reference.path("a.parquet"), &super::world::batch(&of(0)), 1_000);
    write(&reference.path("b.parquet"), &super::world::batch(&of(1)), 1_000);
    let other = crate::harness::Project::new("");
    let text = view("path = \"a.csv.gz\"", "path = \"b\"\npartitions = \"date=%Y-%m-%d\"");
    std::fs::write(other.path("sandglass.toml"), text).unwrap();
    write_text(&other.path("a.csv.gz"), &csv(&of(0), &NAMES));
    for (folder, part) in super::folders::by_day(&of(1), "date=%Y-%m-%d") {
        write_text(&other.path(&format!("b/{folder}/x.jsonl")), &json(&part));
    }
    let expected = features(&reference, "2024-01-06");
    assert!(expected.len() > 20);
    assert_eq!(features(&other, "2024-01-06"), expected);
}

/// What is not said is found out, and what cannot be is an error.
#[test]
fn folders_of_several_formats_are_refused() {
    let _timed = Timed::new("sources::formats::folders_of_several_formats_are_refused");
    let rows = rows(1, 5);
    let project = project_with("path = \"data\"\ntimestamp_column = \"timestamp\"", "");
    write_text(&project.path("data/a.csv"), &csv(&rows, &NAMES));
    write_text(&project.path("data/b.jsonl"), &json(&rows));
    let error = super::world::refused(&project, &["plan"]);
    assert!(
        says(
            &error,
            "files of several formats (1 of csv, 1 of jsonl): say which are meant with `format`"
        ),
        "{error}"
    );
    let text = super::world::definition(
        "path = \"data\"\nformat = \"csv\"\ntimestamp_column = \"timestamp\"",
        "",
    );
    std::fs::write(project.path("sandglass.toml"), text).unwrap();
    assert_eq!(super::world::day(&project, "2024-01-01")["count"], 5);
}
