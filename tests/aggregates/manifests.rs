//! Manifests: training data is made again bit for bit, and where that cannot be, the error says why.

use std::path::{Path, PathBuf};

use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{
    DAY, HOUR, MINUTE, Materialized, at, definitions, project, time, write_events, write_spine, write_training,
};
use crate::harness::{Answer, Project, Random};

const START: &str = "2024-01-01";

fn view() -> Materialized {
    let functions = [(Function::Sum, 3), (Function::LastN(3), 5), (Function::StddevPop, 3)];
    Materialized {
        name: "v".to_owned(),
        view: View {
            columns: vec![("x".to_owned(), Kind::Float64)],
            feature_start: at(START),
            schedule: DAY,
            data_delay: 0,
            lifetime_start: None,
            secondary: None,
            order_by: None,
            features: functions
                .into_iter()
                .enumerate()
                .map(|(number, (function, days))| Feature {
                    name: format!("f{number}"),
                    column: 0,
                    function,
                    window: Window::Sliding {
                        size: days * DAY,
                        offset: 0,
                    },
                })
                .collect(),
        },
        aggregation_interval: DAY,
        more: String::new(),
    }
}

fn rows(seed: u64) -> Vec<Row> {
    let mut random = Random(seed);
    let row = |_| Row {
        key: random.below(20).cast_signed(),
        at: at(START) + random.below((10 * DAY).cast_unsigned()).cast_signed(),
        cells: vec![Value::Float(random.below(1000) as f64 / 7.0)],
    };
    (0..500).map(row).collect()
}

fn day(day: i64) -> String {
    time(at(START) + day * DAY)
}

/// Materialized for eight days, with a spine within them.
fn prepared() -> Project {
    let project = project(&[view()]);
    write_events(&project, &view().view.columns, &rows(1), 100);
    project.apply_and_materialize(&day(8));
    let spine: Vec<(i64, i64)> = (0..300)
        .map(|row| (row % 21, at(START) + 8 * DAY - row * 37 * MINUTE))
        .collect();
    write_spine(&project, "spine.parquet", &spine);
    project
}

fn make(project: &Project, out: &str, more: &[&str]) {
    let answer = write_training(project, &day(8), "spine.parquet", out, "v", more);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
}

/// Makes an output again by its manifest, at another time.
fn again(project: &Project, out: &str, other: &str) -> Answer {
    let manifest = project.path(&format!("{out}.manifest.json"));
    let more = ["--manifest", manifest.to_str().unwrap(), "--overwrite"];
    write_training(project, &day(10), "spine.parquet", other, "", &more)
}

fn is_again(project: &Project, out: &str) {
    let other = format!("again.{}", out.rsplit('.').next().unwrap());
    let answer = again(project, out, &other);
    assert_eq!(answer.status, 0, "{out}: {}", answer.stderr);
    let bytes = |name: &str| std::fs::read(project.path(name)).unwrap();
    assert!(bytes(out) == bytes(&other), "{out} has other bytes");
}

fn is_refused(project: &Project, out: &str, reasons: &[&str]) {
    let answer = again(project, out, "refused.parquet");
    assert_eq!(answer.status, 1, "{}", answer.stderr);
    for reason in reasons {
        assert!(answer.stderr.contains(reason), "no `{reason}` in {}", answer.stderr);
    }
    assert!(!project.path("refused.parquet").exists());
}

fn table(project: &Project, what: &str) -> PathBuf {
    let folder = project.path("store/offline/shop/v/v1").join(what);
    if what == "rows" {
        return folder;
    }
    let mut tables = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let table = tables.next().unwrap();
    assert!(tables.next().is_none());
    table
}

fn overwrite(project: &Project) {
    write_events(project, &view().view.columns, &rows(2), 100);
    let (start, end) = (day(2), day(6));
    project.json(
        &day(10),
        &["materialize", "--start", &start, "--end", &end, "--overwrite"],
    );
}

#[test]
fn the_same_bytes_whatever_came_after() {
    let _timed = crate::harness::Timed::new("aggregates::manifests::the_same_bytes_whatever_came_after");
    let project = prepared();
    let outs = ["out.parquet", "out.csv", "out.arrow"];
    for out in outs {
        make(&project, out, &[]);
        is_again(&project, out);
    }
    // More jobs, and a past that was made anew.
    project.json(&day(10), &["materialize"]);
    overwrite(&project);
    for out in outs {
        is_again(&project, out);
    }
    // Made now it is another one.
    make(&project, "now.parquet", &[]);
    assert!(std::fs::read(project.path("out.parquet")).unwrap() != std::fs::read(project.path("now.parquet")).unwrap());
    // Another feature, and tiles of another table.
    let mut view = view();
    view.view.features.push(Feature {
        name: "more".to_owned(),
        function: Function::Max,
        ..view.view.features[0].clone()
    });
    std::fs::write(project.path("sandglass.toml"), definitions(&[view])).unwrap();
    project.apply_and_materialize(&day(10));
    for out in outs {
        is_again(&project, out);
    }
}

#[test]
fn refused_when_a_version_of_a_table_is_gone() {
    let _timed = crate::harness::Timed::new("aggregates::manifests::refused_when_a_version_of_a_table_is_gone");
    for what in ["rows", "tiles"] {
        let project = prepared();
        make(&project, "out.parquet", &[]);
        overwrite(&project);
        let manifest = std::fs::read(project.path("out.parquet.manifest.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let version = manifest["views"][0][what].as_u64().unwrap();
        let log = table(&project, what).join("_delta_log");
        std::fs::remove_file(log.join(format!("{version:020}.json"))).unwrap();
        is_refused(
            &project,
            "out.parquet",
            &[&format!("version {version} is not kept any more")],
        );
    }
}

/// The log still names what was replaced, and retention has taken the files.
#[test]
fn refused_when_the_files_of_a_version_are_gone() {
    let _timed = crate::harness::Timed::new("aggregates::manifests::refused_when_the_files_of_a_version_are_gone");
    let project = prepared();
    make(&project, "out.parquet", &[]);
    let tiles = table(&project, "tiles");
    let files = |folder: &Path| {
        let mut found = Vec::new();
        let mut left = vec![folder.to_owned()];
        while let Some(folder) = left.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                match path.is_dir() {
                    true => left.push(path),
                    false if path.extension().is_some_and(|end| end == "parquet") => found.push(path),
                    false => {}
                }
            }
        }
        found
    };
    let before = files(&tiles);
    overwrite(&project);
    before.into_iter().for_each(|file| std::fs::remove_file(file).unwrap());
    is_refused(&project, "out.parquet", &["not kept"]);
}

#[test]
fn from_the_sources_the_same_bytes_until_they_change() {
    let _timed = crate::harness::Timed::new("aggregates::manifests::from_the_sources_the_same_bytes_until_they_change");
    let project = prepared();
    for out in ["out.parquet", "out.csv"] {
        make(&project, out, &["--from-source"]);
        is_again(&project, out);
    }
    // What was materialized meanwhile does not matter.
    project.json(&day(10), &["materialize"]);
    is_again(&project, "out.parquet");
    let mut other = view();
    other.view.features[0].function = Function::Mean;
    std::fs::write(project.path("sandglass.toml"), definitions(&[other])).unwrap();
    is_refused(&project, "out.parquet", &["`v`", "its definition is another one"]);
    std::fs::write(project.path("sandglass.toml"), definitions(&[view()])).unwrap();
    is_again(&project, "out.parquet");
    write_events(&project, &view().view.columns, &rows(2), 100);
    is_refused(&project, "out.parquet", &["`v`", "its sources have changed"]);
}

#[test]
fn refused_with_another_spine() {
    let _timed = crate::harness::Timed::new("aggregates::manifests::refused_with_another_spine");
    let project = prepared();
    make(&project, "out.parquet", &[]);
    write_spine(&project, "spine.parquet", &[(1, at(START) + 5 * DAY + HOUR)]);
    is_refused(
        &project,
        "out.parquet",
        &["its SHA-256 is", "take the spine that the output was made for"],
    );
}
