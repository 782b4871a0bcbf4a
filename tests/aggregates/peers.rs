//! Cases of other systems, where they went wrong or say exactly what is right.

use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{
    DAY, HOUR, MINUTE, Materialized, Served, at, get, project, time, training, write_events, write_spine,
};
use crate::harness::Project;

fn materialized(
    columns: &[(&str, Kind)],
    schedule: i64,
    start: &str,
    features: &[(usize, Function, i64)],
) -> Materialized {
    let features = features.iter().enumerate();
    Materialized {
        name: "v".to_owned(),
        view: View {
            columns: columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
            feature_start: at(start),
            schedule,
            data_delay: 0,
            lifetime_start: None,
            secondary: None,
            order_by: None,
            features: features
                .map(|(number, (column, function, size))| Feature {
                    name: format!("f{number}"),
                    column: *column,
                    function: *function,
                    window: Window::Sliding { size: *size, offset: 0 },
                })
                .collect(),
        },
        aggregation_interval: schedule,
        more: String::new(),
    }
}

fn with_rows(view: &Materialized, rows: &[Row]) -> Project {
    let project = project(std::slice::from_ref(view));
    write_events(&project, &view.view.columns, rows, 1_000);
    project
}

/// Online and in training data, at a time.
fn all_ways(project: &Project, key: i64, now: i64, expected: &[Value]) {
    assert_eq!(Served::of(project, "v", now).get(key), expected, "online");
    write_spine(project, "spine.parquet", &[(key, now)]);
    for more in [&[][..], &["--from-source"]] {
        let training = training(project, &time(now), "spine.parquet", 1, &["v"], more);
        assert_eq!(training["v"].1[0], expected, "training data {more:?}");
    }
}

/// Feast 0.66 merged tiles of cumulative values: the greatest of 3, 4 and 5 was 25.
#[test]
fn feast_tiling_bug() {
    let window = 15 * MINUTE;
    let functions = [
        Function::Sum,
        Function::Count,
        Function::Mean,
        Function::Max,
        Function::Min,
        Function::StddevSamp,
    ];
    let features = functions.map(|function| (0, function, window));
    let view = materialized(&[("x", Kind::Float64)], 5 * MINUTE, "2024-01-01", &features);
    let start = at("2024-01-01");
    let events = [(1, 10.0), (6, 1.0), (11, 2.0), (16, 3.0), (21, 4.0), (26, 5.0)];
    let rows: Vec<Row> = events
        .iter()
        .map(|(minute, x)| Row {
            key: 1,
            at: start + minute * MINUTE,
            cells: vec![Value::Float(*x)],
        })
        .collect();
    let project = with_rows(&view, &rows);
    let now = start + 30 * MINUTE;
    project.apply_and_materialize(&time(now));
    let truth = [
        Value::Float(12.0),
        Value::Int(3),
        Value::Float(4.0),
        Value::Float(5.0),
        Value::Float(3.0),
        Value::Float(1.0),
    ];
    all_ways(&project, 1, now, &truth);
}

/// Chronon's reader once merged into a cached state, so that the same question had a larger answer every time.
#[test]
fn chronon_no_mutation() {
    let view = materialized(
        &[("action", Kind::Text)],
        HOUR,
        "2025-05-01",
        &[(0, Function::Histogram(10), 3 * DAY)],
    );
    let rows = [1_746_745_200_000_i64, 1_746_766_800_000].map(|at| Row {
        key: 1,
        at: at * 1_000,
        cells: vec![Value::Text("view".to_owned())],
    });
    let project = with_rows(&view, &rows);
    // A hundred milliseconds after the end of the batch.
    let now = 1_746_921_600_100_000;
    project.apply_and_materialize(&time(now));
    let expected = Value::Map(vec![(Value::Text("view".to_owned()), Value::Int(2))]);
    for _ in 0..10 {
        let answer = get(&project, &time(now), "v", 1);
        assert!(expected.is_said_by(&answer[0].1), "{answer:?}");
    }
    let spine = vec![(1, now); 10];
    write_spine(&project, "spine.parquet", &spine);
    let training = training(&project, &time(now), "spine.parquet", 10, &["v"], &[]);
    assert_eq!(training["v"].1, vec![vec![expected.clone()]; 10]);
    all_ways(&project, 1, now, &[expected]);
}

/// An item lives for the aggregation interval, the longest window and seven days.
#[test]
fn tecton_aggregation_ttl() {
    let features = [(0, Function::Sum, 45 * DAY), (0, Function::Sum, 7 * DAY)];
    let view = materialized(&[("x", Kind::Int64)], DAY, "2024-01-01", &features);
    let row = Row {
        key: 1,
        at: at("2024-01-01") + HOUR,
        cells: vec![Value::Int(3)],
    };
    let project = with_rows(&view, &[row]);
    project.apply_and_materialize("2024-01-02");
    let items = project.items("v");
    let expires = items[0].1.expires.map(|at| at.to_string());
    assert_eq!(expires.as_deref(), Some("2024-02-23T00:00:00Z"));
}

/// Distinct merchants within thirty days, as of one day.
#[test]
fn tecton_distinct_merchants() {
    let view = materialized(
        &[("merchant", Kind::Text)],
        DAY,
        "2022-04-01",
        &[(0, Function::UniqueCount, 30 * DAY)],
    );
    let rows = [
        (1, "merchant_1", "2022-04-10"),
        (1, "merchant_2", "2022-04-25"),
        (2, "merchant_1", "2022-05-01"),
    ]
    .map(|(key, merchant, day)| Row {
        key,
        at: at(day),
        cells: vec![Value::Text(merchant.to_owned())],
    });
    let project = with_rows(&view, &rows);
    let now = at("2022-05-02");
    project.apply_and_materialize(&time(now));
    all_ways(&project, 1, now, &[Value::Int(2)]);
    all_ways(&project, 2, now, &[Value::Int(1)]);
}

/// The price of one job for each day, from 2023-01-01 to 2023-05-01: 120.
#[test]
fn tecton_incremental_backfill() {
    let mut view = materialized(
        &[("x", Kind::Int64)],
        DAY,
        "2023-01-01",
        &[(0, Function::Sum, 30 * DAY)],
    );
    view.more = "incremental_backfills = true".to_owned();
    let row = Row {
        key: 1,
        at: at("2023-04-01"),
        cells: vec![Value::Int(3)],
    };
    let project = with_rows(&view, &[row]);
    let plan = project.json("2023-05-01", &["plan"]);
    assert_eq!(plan["feature_views"][0]["jobs"].as_array().unwrap().len(), 120);
}
