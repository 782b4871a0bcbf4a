//! What a change of a live view's aggregations costs: tiles and online items; no job runs, and rows stay as they are.

use std::path::Path;

use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{
    DAY, HOUR, Materialized, Served, at, by_key, compare, definitions, get, project, time, training, write_events,
    write_spine, write_training,
};
use crate::harness::{Project, Random};

const START: &str = "2024-01-01";

fn feature(name: &str, column: usize, function: Function, hours: i64) -> Feature {
    Feature {
        name: name.to_owned(),
        column,
        function,
        window: Window::Sliding {
            size: hours * HOUR,
            offset: 0,
        },
    }
}

fn view() -> Materialized {
    Materialized {
        name: "v".to_owned(),
        view: View {
            columns: vec![("x".to_owned(), Kind::Float64), ("n".to_owned(), Kind::Int64)],
            feature_start: at(START),
            schedule: DAY,
            data_delay: HOUR,
            lifetime_start: None,
            secondary: None,
            order_by: None,
            features: vec![feature("sum", 0, Function::Sum, 72)],
        },
        aggregation_interval: DAY,
        more: "incremental_backfills = true".to_owned(),
    }
}

fn rows() -> Vec<Row> {
    let mut random = Random(4);
    let row = |_| Row {
        key: random.below(12).cast_signed(),
        at: at(START) + random.below((9 * DAY).cast_unsigned()).cast_signed() / HOUR * HOUR,
        cells: vec![
            Value::Float(random.below(1000) as f64 / 7.0),
            Value::Int(random.below(5).cast_signed()),
        ],
    };
    (0..400).map(row).collect()
}

/// The bytes of the log of the view's rows: as they were, if nothing was committed.
fn log(project: &Project) -> Vec<(String, Vec<u8>)> {
    let folder = project.path("store/offline/shop/v/v1/rows/_delta_log");
    let mut entries: Vec<_> = std::fs::read_dir(Path::new(&folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| {
            (
                entry.file_name().into_string().unwrap(),
                std::fs::read(entry.path()).unwrap(),
            )
        })
        .collect();
    entries.sort();
    entries
}

/// Online and in training data, at many times.
fn all_ways(project: &Project, view: &View, now: i64, what: &str) {
    let (rows, spine) = (rows(), spine(now));
    let of = by_key(&rows);
    let none = Vec::new();
    let served = Served::of(project, "v", now);
    assert_eq!(served.names, view.names(), "{what}");
    for key in 0..13 {
        let rows = of.get(&key).unwrap_or(&none);
        compare(what, served.get(key), &served.names, &view.values(rows, now), || {
            format!("of {key}")
        });
    }
    let given = training(project, &time(now), "spine.parquet", spine.len(), &["v"], &[]);
    let (names, values) = &given["v"];
    assert_eq!(*names, view.names(), "{what}");
    for ((key, at), given) in spine.iter().zip(values) {
        let rows = of.get(key).unwrap_or(&none);
        compare(what, given, names, &view.values(rows, *at), || {
            format!("of {key} at {}", time(*at))
        });
    }
}

fn spine(now: i64) -> Vec<(i64, i64)> {
    (0..200).map(|row| (row % 13, now - row * HOUR)).collect()
}

#[test]
fn tiles_and_items_are_made_again_and_no_job_runs() {
    let _timed = crate::harness::Timed::new("aggregates::changes::tiles_and_items_are_made_again_and_no_job_runs");
    let project = project(&[view()]);
    write_events(&project, &view().view.columns, &rows(), 100);
    let now = at(START) + 9 * DAY + HOUR;
    write_spine(&project, "spine.parquet", &spine(now));
    project.apply_and_materialize(&time(now));
    all_ways(&project, &view().view, now, "at first");
    let before = log(&project);

    let mut added = view();
    added.view.features.extend([
        feature("a column more", 1, Function::LastDistinct(3), 48),
        feature("mean", 0, Function::Mean, 48),
        feature("window", 0, Function::Sum, 120),
    ]);
    added.view.features[1].name = "distinct".to_owned();
    let mut finer = added.clone();
    finer.aggregation_interval = 6 * HOUR;
    finer.view.features.push(feature("hours", 1, Function::Count, 30));
    let mut ordered = finer.clone();
    ordered.view.order_by = Some(1);
    let mut keyed = ordered.clone();
    keyed.view.secondary = Some(1);
    let mut fewer = added.clone();
    fewer.view.features.remove(0);

    for (what, view, change) in [
        ("aggregations added", &added, "tiles"),
        ("aggregation_interval", &finer, "plan"),
        ("order_by", &ordered, "plan"),
        ("aggregation_secondary_key", &keyed, "tiles"),
        ("back again", &fewer, "plan"),
    ] {
        let got = get(&project, &time(now), "v", 3);
        std::fs::write(project.path("sandglass.toml"), definitions(std::slice::from_ref(view))).unwrap();
        let plan = project.json(&time(now), &["plan"]);
        let planned = &plan["feature_views"][0];
        assert_eq!(planned["change"], change, "{what}: {planned}");
        assert_eq!(planned["jobs"].as_array().unwrap().len(), 0, "{what}: {planned}");
        project.json(&time(now), &["apply"]);
        // Until it is materialized, what is live is served, and training data has no tiles.
        assert_eq!(get(&project, &time(now), "v", 3), got, "{what}");
        if what != "back again" {
            let refused = write_training(&project, &time(now), "spine.parquet", "refused.parquet", "v", &[]);
            assert_eq!(refused.status, 1, "{what}: {}", refused.stderr);
            assert!(refused.stderr.contains("materialize"), "{what}: {}", refused.stderr);
        }
        let report = project.json(&time(now), &["materialize"]);
        assert_eq!(report["feature_views"][0]["jobs"], 0, "{what}: {report}");
        assert_eq!(report["feature_views"][0]["version"], 1, "{what}: {report}");
        assert!(log(&project) == before, "{what}: the rows were written");
        all_ways(&project, &view.view, now, what);
        // And nothing is left to do.
        let again = project.json(&time(now), &["materialize"]);
        assert_eq!(again["feature_views"][0]["online"], "unchanged", "{what}: {again}");
    }
}
