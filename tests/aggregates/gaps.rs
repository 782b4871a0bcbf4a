//! Intervals that have not been materialized: training data refuses to answer over one, unless it is told to.

use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{
    DAY, HOUR, Materialized, at, compare, get, project, time, training, write_events, write_spine, write_training,
};
use crate::harness::Project;

const START: &str = "2024-01-01";

fn view() -> Materialized {
    let windows = [2 * DAY, DAY].map(|size| Window::Sliding { size, offset: 0 });
    let features = windows.into_iter().enumerate();
    Materialized {
        name: "v".to_owned(),
        view: View {
            columns: vec![("x".to_owned(), Kind::Int64)],
            feature_start: at(START),
            schedule: DAY,
            data_delay: HOUR,
            lifetime_start: None,
            secondary: None,
            order_by: None,
            features: features
                .map(|(number, window)| Feature {
                    name: format!("f{number}"),
                    column: 0,
                    function: Function::Sum,
                    window,
                })
                .collect(),
        },
        aggregation_interval: DAY,
        more: String::new(),
    }
}

/// One row at noon of each of ten days, whose number is its value.
fn rows() -> Vec<Row> {
    let row = |day: i64| Row {
        key: 1,
        at: at(START) + day * DAY + 12 * HOUR,
        cells: vec![Value::Int(1 << day)],
    };
    (0..10).map(row).collect()
}

/// The days `[4, 6)` are missing.
fn prepared() -> Project {
    let project = project(&[view()]);
    write_events(&project, &view().view.columns, &rows(), 100);
    project.json(&now(), &["apply"]);
    for (start, end) in [(0, 4), (6, 10)] {
        let [start, end] = [start, end].map(|day| time(at(START) + day * DAY));
        project.json(&now(), &["materialize", "--start", &start, "--end", &end]);
    }
    project
}

fn now() -> String {
    time(at(START) + 10 * DAY + HOUR)
}

/// When the days before this one have just become visible.
fn edge(day: i64) -> i64 {
    at(START) + day * DAY + HOUR
}

#[test]
fn a_window_over_a_gap_is_refused_unless_it_is_told() {
    let _timed = crate::harness::Timed::new("aggregates::gaps::a_window_over_a_gap_is_refused_unless_it_is_told");
    let project = prepared();
    let view = view().view;
    // The last moment before a window reaches into the gap, and the first one after it.
    for (moment, is_refused) in [
        (edge(4), false),
        (edge(5) - 1, false),
        (edge(5), true),
        (edge(6), true),
        (edge(7), true),
        (edge(8) - 1, true),
        (edge(8), false),
        (edge(10), false),
    ] {
        write_spine(&project, "spine.parquet", &[(1, moment)]);
        let told = write_training(&project, &now(), "spine.parquet", "refused.parquet", "v", &[]);
        let shown = time(moment);
        if is_refused {
            assert_eq!(told.status, 1, "{shown}");
            // Where the gap begins within the longer window.
            let gap = (at(START) + 4 * DAY).max(view.edge(moment) - 2 * DAY);
            assert!(
                told.stderr.contains(&format!("[{}", time(gap))),
                "{shown}: {}",
                told.stderr
            );
            assert!(told.stderr.contains("has not been materialized"), "{}", told.stderr);
            assert!(told.stderr.contains("--allow-gaps"), "{}", told.stderr);
            assert!(!project.path("refused.parquet").exists());
        } else {
            assert_eq!(told.status, 0, "{shown}: {}", told.stderr);
            std::fs::remove_file(project.path("refused.parquet")).unwrap();
        }
        // What is there, as if nothing had happened in the gap; or all of it, from the source.
        let there: Vec<Row> = rows().into_iter().filter(|row| !gap(row)).collect();
        let all = rows();
        for (more, rows) in [("--allow-gaps", &there), ("--from-source", &all)] {
            let given = training(&project, &now(), "spine.parquet", 1, &["v"], &[more]);
            let (names, values) = &given["v"];
            compare(more, &values[0], names, &view.values(rows, moment), || shown.clone());
        }
    }
}

fn gap(row: &Row) -> bool {
    (at(START) + 4 * DAY..at(START) + 6 * DAY).contains(&row.at)
}

/// Online the leading edge stands before the gap, and the answer says that it is stale.
#[test]
fn online_the_edge_stays_before_a_gap() {
    let _timed = crate::harness::Timed::new("aggregates::gaps::online_the_edge_stays_before_a_gap");
    let project = project(&[view()]);
    write_events(&project, &view().view.columns, &rows(), 100);
    let early = time(edge(3));
    project.apply_and_materialize(&early);
    let [start, end] = [5, 8].map(|day| time(at(START) + day * DAY));
    project.json(&now(), &["materialize", "--start", &start, "--end", &end]);
    let answer = project.json(&now(), &["get", "v", "--key", "user_id=1"]);
    assert_eq!(answer["stale"], true, "{answer}");
    let said = get(&project, &now(), "v", 1);
    for ((_, said), expected) in said.iter().zip(view().view.values(&rows(), edge(3))) {
        assert!(expected.is_said_by(said), "{said:?} for {expected:?}");
    }
    // With the gap filled it moves to the end at once.
    project.json(&now(), &["materialize"]);
    let said = get(&project, &now(), "v", 1);
    for ((_, said), expected) in said.iter().zip(view().view.values(&rows(), edge(10))) {
        assert!(expected.is_said_by(said), "{said:?} for {expected:?}");
    }
}

/// The rows of two days were committed and their tiles were not, as a kill between the two leaves them: days that are new, or days
/// whose tiles are still those of the rows before.
#[test]
fn rows_whose_tiles_are_not_theirs_are_a_gap() {
    let _timed = crate::harness::Timed::new("aggregates::gaps::rows_whose_tiles_are_not_theirs_are_a_gap");
    for is_new in [true, false] {
        let project = project(&[view()]);
        let materialize = |start: i64, end: i64, more: &[&str]| {
            let [start, end] = [start, end].map(|day| time(at(START) + day * DAY));
            let range = [&["materialize", "--start", &start, "--end", &end], more].concat();
            project.json(&now(), &range);
        };
        let before: Vec<Row> = match is_new {
            true => rows(),
            // Other values in the last two days.
            false => rows().into_iter().map(other).collect(),
        };
        write_events(&project, &view().view.columns, &before, 100);
        project.json(&now(), &["apply"]);
        materialize(0, 8, &[]);
        if !is_new {
            materialize(8, 10, &[]);
            write_events(&project, &view().view.columns, &rows(), 100);
        }
        let tables = std::fs::read_dir(project.path("store/offline/shop/v/v1/tiles")).unwrap();
        let tables: Vec<_> = tables.map(|table| table.unwrap().path().join("_delta_log")).collect();
        let log = || {
            let entries = tables.iter().flat_map(|log| std::fs::read_dir(log).unwrap());
            entries.map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
        };
        let known = log();
        materialize(8, 10, if is_new { &[] } else { &["--overwrite"] });
        let commits: Vec<_> = log().into_iter().filter(|entry| !known.contains(entry)).collect();
        assert!(!commits.is_empty());
        for entry in commits {
            std::fs::remove_file(entry).unwrap();
        }
        write_spine(&project, "spine.parquet", &[(1, edge(10))]);
        let refused = write_training(&project, &now(), "spine.parquet", "refused.parquet", "v", &[]);
        assert_eq!(refused.status, 1, "new: {is_new}; {}", refused.stderr);
        assert!(refused.stderr.contains("[2024-01-09"), "{}", refused.stderr);
        let view = view().view;
        if is_new {
            let there: Vec<Row> = rows().into_iter().take(8).collect();
            let given = training(&project, &now(), "spine.parquet", 1, &["v"], &["--allow-gaps"]);
            assert_eq!(given["v"].1[0], view.values(&there, edge(10)));
        }
        // No job runs, and the tiles are there.
        let report = project.json(&now(), &["materialize"]);
        assert_eq!(report["feature_views"][0]["jobs"], 0, "{report}");
        let expected = view.values(&rows(), edge(10));
        let given = training(&project, &now(), "spine.parquet", 1, &["v"], &[]);
        assert_eq!(given["v"].1[0], expected, "new: {is_new}");
    }
}

fn other(row: Row) -> Row {
    match row.at >= at(START) + 8 * DAY {
        true => Row {
            cells: vec![Value::Int(-1)],
            ..row
        },
        false => row,
    }
}
