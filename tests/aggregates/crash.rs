//! The program is killed between the commit of an interval's rows and that of its tiles, and anywhere else; what is resumed is
//! what was never disturbed. And tiles of an interval that is overwritten go with its rows.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use arrow::array::RecordBatch;
use datafusion::prelude::SessionContext;
use sandglass::offline::OfflineTable;
use sandglass::online;

use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{
    DAY, Materialized, Served, at, by_key, compare, project, span, time, training, write_events, write_spine,
};
use crate::harness::{Kills, Project, cases, purchases, runtime, seed};

const NOW: &str = "1997-01-31";
/// Each materialization that is killed has so many jobs.
const JOBS: i64 = 30;

fn columns() -> Vec<(String, Kind)> {
    vec![
        ("quantity".to_owned(), Kind::Int64),
        ("amount".to_owned(), Kind::Float64),
    ]
}

fn rows() -> Vec<Row> {
    let rows = purchases().into_iter().filter(|row| row.timestamp < at(NOW));
    rows.map(|row| Row {
        key: row.customer_id,
        at: row.timestamp,
        cells: vec![Value::Int(row.quantity), Value::Float(row.amount)],
    })
    .collect()
}

fn view() -> Materialized {
    let window = |days: i64| Window::Sliding {
        size: days * DAY,
        offset: 0,
    };
    let features = [
        (1, Function::Sum, window(7)),
        (1, Function::StddevPop, window(30)),
        (1, Function::LastN(3), window(30)),
        (0, Function::Count, window(2)),
        (0, Function::Max, window(7)),
        (0, Function::UniqueCount, window(30)),
    ];
    Materialized {
        name: "v".to_owned(),
        view: View {
            columns: columns(),
            feature_start: at("1997-01-01"),
            schedule: DAY,
            data_delay: 0,
            lifetime_start: None,
            secondary: None,
            order_by: None,
            features: features
                .into_iter()
                .enumerate()
                .map(|(number, (column, function, window))| Feature {
                    name: format!("f{number}"),
                    column,
                    function,
                    window,
                })
                .collect(),
        },
        aggregation_interval: DAY,
        more: "incremental_backfills = true".to_owned(),
    }
}

fn prepared(rows: &[Row]) -> Project {
    kept_as(rows, std::convert::identity)
}

fn kept_as(rows: &[Row], kept: fn(Project) -> Project) -> Project {
    let project = kept(project(&[view()]));
    write_events(&project, &columns(), rows, 1_000);
    project.json(NOW, &["apply"]);
    project
}

/// The folders of the view's tables of tiles.
fn tile_tables(project: &Project) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(project.path("store/offline/shop/v/v1/tiles")) else {
        return Vec::new();
    };
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Every tile, as text in one order: states by their bytes.
fn tiles(project: &Project) -> Vec<String> {
    let project = project.on_disk();
    let tables = tile_tables(&project);
    assert_eq!(tables.len(), 1, "{tables:?}");
    let batches: Vec<RecordBatch> = runtime().block_on(async {
        let table = OfflineTable::open(tables[0].to_str().unwrap()).await.unwrap().unwrap();
        let session = SessionContext::new();
        session.register_table("tiles", table.provider().unwrap()).unwrap();
        session
            .sql("select * from tiles")
            .await
            .unwrap()
            .collect()
            .await
            .unwrap()
    });
    let mut rows = Vec::new();
    for batch in &batches {
        for row in 0..batch.num_rows() {
            let cells = batch.columns().iter();
            let cells: Vec<_> = cells
                .map(|column| online::Value::of(column, row).unwrap().plain())
                .collect();
            rows.push(cells.join("|"));
        }
    }
    rows.sort();
    rows
}

/// Versions in a table's log.
fn commits(table: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(table.join("_delta_log")) else {
        return 0;
    };
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter(|name| name.len() == 25 && name.ends_with(".json")).count()
}

/// Versions in the logs of the view's rows and tiles.
fn behind(project: &Project) -> (usize, usize) {
    let Some(bucket) = project.in_some_bucket() else {
        let tiles = tile_tables(project).iter().map(|table| commits(table)).max();
        return (
            commits(&project.path("store/offline/shop/v/v1/rows")),
            tiles.unwrap_or(0),
        );
    };
    let entries = bucket.objects();
    let of = |table: &str| {
        let entries = entries
            .iter()
            .filter(|name| name.contains(table) && name.ends_with(".json"));
        entries.filter(|name| name.contains("/_delta_log/")).count()
    };
    (of("/v/v1/rows/"), of("/v/v1/tiles/"))
}

/// All values of all keys.
fn served(project: &Project, rows: &[Row]) -> Vec<Vec<Value>> {
    let served = Served::of(project, "v", at(NOW));
    by_key(rows).keys().map(|key| served.get(*key).to_vec()).collect()
}

#[test]
fn killed_between_rows_and_tiles_and_anywhere() {
    let _timed = crate::harness::Timed::new("aggregates::crash::killed_between_rows_and_tiles_and_anywhere");
    between_rows_and_tiles(12, std::convert::identity);
}

/// So many kills, where projects keep what they have as they are told to.
pub fn between_rows_and_tiles(count: usize, kept: fn(Project) -> Project) {
    let (seed, mut kills) = (seed(), Kills::new());
    let rows = rows();
    let undisturbed = prepared(&rows);
    undisturbed.json(NOW, &["materialize"]);
    let (right_rows, right_tiles, right) = (
        undisturbed.rows("v", 1),
        tiles(&undisturbed),
        served(&undisturbed, &rows),
    );
    assert!(right_tiles.len() > 1_000);
    let mut between = 0;
    while kills.killed < cases(count) || between < cases(count / 3) {
        let killed = kills.killed;
        assert!(
            killed < cases(count * 4),
            "only {between} of {killed} kills came between the two commits"
        );
        let project = kept_as(&rows, kept);
        for round in ["first", "second"] {
            let in_between = kills.killed.is_multiple_of(2);
            let before = behind(&project).0;
            let command = ["--memory-bytes", "1073741824", "materialize", "--parallel", "2"];
            let command = project.command(NOW, &command);
            // Either the moment at which rows are there and tiles are not, or any.
            if in_between {
                kills.kill_when(command, || {
                    let (rows, tiles) = behind(&project);
                    rows > before && rows > tiles
                });
            } else {
                kills.kill(round, command);
            }
            let (rows, tiles) = behind(&project);
            between += usize::from(in_between && rows > tiles);
        }
        project.json(NOW, &["materialize"]);
        assert_eq!(project.rows("v", 1), right_rows, "seed {seed}");
        assert_eq!(tiles(&project), right_tiles, "seed {seed}");
        assert!(served(&project, &rows) == right, "seed {seed}");
        let plan = project.json(NOW, &["plan"]);
        assert_eq!(plan["feature_views"][0]["jobs"].as_array().unwrap().len(), 0);
    }
    kills.tell(&format!("{between} between the two commits; {JOBS} jobs each"));
}

#[test]
fn overwriting_an_interval_replaces_its_tiles() {
    let _timed = crate::harness::Timed::new("aggregates::crash::overwriting_an_interval_replaces_its_tiles");
    let rows = rows();
    let (start, end) = (at("1997-01-10"), at("1997-01-13"));
    // Some keys lose all their rows of the interval, some get others.
    let changed: Vec<Row> = rows
        .iter()
        .filter(|row| row.at < start || row.at >= end || row.key % 3 != 0)
        .map(|row| {
            let mut row = row.clone();
            if (start..end).contains(&row.at) && row.key % 3 == 1 {
                row.cells[1] = Value::Float(0.1);
            }
            row
        })
        .collect();
    let fresh = prepared(&changed);
    fresh.json(NOW, &["materialize"]);
    let project = prepared(&rows);
    project.json(NOW, &["materialize"]);
    assert_ne!(tiles(&project), tiles(&fresh));
    write_events(&project, &columns(), &changed, 1_000);
    let range = [
        "materialize",
        "--start",
        &time(start),
        "--end",
        &time(end),
        "--overwrite",
    ];
    project.json(NOW, &range);
    assert_eq!(project.rows("v", 1), fresh.rows("v", 1));
    assert_eq!(tiles(&project), tiles(&fresh));
    assert!(served(&project, &rows) == served(&fresh, &rows));
    // Once more, without a change.
    let before = tiles(&project);
    project.json(NOW, &range);
    assert_eq!(tiles(&project), before);
}

/// Between the two commits nothing is answered that is not right: training data refuses or has the tiles.
#[test]
fn what_is_half_there_is_not_read() {
    let _timed = crate::harness::Timed::new("aggregates::crash::what_is_half_there_is_not_read");
    let rows = rows();
    let of = by_key(&rows);
    let view = view();
    let mut found = false;
    for _ in 0..10 {
        let project = prepared(&rows);
        let mut child = project
            .command(NOW, &["materialize", "--parallel", "1"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let rows_table = project.path("store/offline/shop/v/v1/rows");
        let behind = || {
            let tiles = tile_tables(&project)
                .iter()
                .map(|table| commits(table))
                .max()
                .unwrap_or(0);
            commits(&rows_table) > tiles.max(1)
        };
        while child.try_wait().unwrap().is_none() && !behind() {}
        child.kill().unwrap();
        child.wait().unwrap();
        if !behind() {
            continue;
        }
        found = true;
        let spine: Vec<(i64, i64)> = of.keys().take(200).map(|key| (*key, at(NOW))).collect();
        write_spine(&project, "spine.parquet", &spine);
        let (path, out) = (project.path("spine.parquet"), project.path("out.parquet"));
        let answer = project.run(
            NOW,
            &[
                "training-data",
                "--spine",
                path.to_str().unwrap(),
                "--features",
                "v",
                "--out",
                out.to_str().unwrap(),
            ],
        );
        assert_eq!(answer.status, 1, "{}", answer.stderr);
        assert!(answer.stderr.contains("materialize"), "{}", answer.stderr);
        project.json(NOW, &["materialize"]);
        let training = training(&project, NOW, "spine.parquet", spine.len(), &["v"], &[]);
        let (names, values) = &training["v"];
        for ((key, at), given) in spine.iter().zip(values) {
            compare("training data", given, names, &view.view.values(&of[key], *at), || {
                format!("{key} at {}, {}", time(*at), span(DAY))
            });
        }
        break;
    }
    assert!(found, "no kill came between the two commits");
}
