//! `explain`: its values are those of `get` and training data, and its tiles and rows come to them.

use super::json::Json;
use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{
    DAY, HOUR, Materialized, Served, at, by_key, get, project, span, time, training, write_events, write_spine,
};
use crate::harness::{Project, Random};

const KEYS: i64 = 3;

fn view(name: &str, secondary: Option<usize>) -> Materialized {
    let sliding = |size, offset| Window::Sliding { size, offset };
    let mut features = vec![
        (Function::Sum, sliding(3 * DAY, 0)),
        (Function::Count, sliding(12 * HOUR, -12 * HOUR)),
        (Function::LastN(100), Window::Lifetime),
        (Function::Mean, sliding(5 * DAY, 0)),
    ];
    if secondary.is_none() {
        let series = Window::Series {
            start: -3 * DAY,
            end: 0,
            step: DAY,
            size: DAY,
        };
        features.push((Function::Sum, series));
    }
    let features = features.into_iter().enumerate();
    Materialized {
        name: name.to_owned(),
        view: View {
            columns: vec![("x".to_owned(), Kind::Int64), ("shop".to_owned(), Kind::Text)],
            feature_start: at("2024-01-01"),
            schedule: DAY,
            data_delay: HOUR,
            lifetime_start: Some(at("2024-01-02")),
            secondary,
            order_by: None,
            features: features
                .map(|(number, (function, window))| Feature {
                    name: format!("f{number}"),
                    column: 0,
                    function,
                    window,
                })
                .collect(),
        },
        aggregation_interval: 6 * HOUR,
        more: String::new(),
    }
}

fn rows() -> Vec<Row> {
    let mut random = Random(9);
    let row = |number: i64| Row {
        key: number % KEYS,
        at: at("2023-12-31") + random.below((10 * DAY).cast_unsigned()).cast_signed() / HOUR * HOUR,
        cells: vec![
            Value::Int(random.below(1000).cast_signed() - 500),
            Value::Text(["a", "b", ""][random.below(3) as usize].to_owned()),
        ],
    };
    (0..120).map(row).collect()
}

fn explained(project: &Project, now: &str, view: &str, key: i64, more: &[&str]) -> Json {
    let key = format!("user_id={key}");
    let mut arguments = vec!["--format", "json", "explain", view, "--key", &key];
    arguments.extend(more);
    let answer = project.run(now, &arguments);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    Json::read(&answer.stdout).get("explanation").clone()
}

fn number(json: &Json) -> i64 {
    match json {
        Json::Null => 0,
        other => other.text().parse().unwrap(),
    }
}

/// Values of tiles, the oldest first, merged by the function's own rule.
fn merged(function: Function, tiles: &[&Json]) -> Option<Value> {
    let values = tiles.iter().map(|tile| tile.get("value"));
    let values: Vec<&Json> = values.filter(|value| **value != Json::Null).collect();
    if values.is_empty() {
        return Some(Value::Null);
    }
    match function {
        Function::Sum | Function::Count => Some(Value::Int(values.into_iter().map(number).sum())),
        Function::LastN(_) => {
            let items = values.into_iter().flat_map(Json::list).map(number);
            Some(Value::List(items.map(Value::Int).collect()))
        }
        _ => None,
    }
}

#[test]
fn its_values_are_served_and_its_tiles_come_to_them() {
    let _timed = crate::harness::Timed::new("aggregates::explained::its_values_are_served_and_its_tiles_come_to_them");
    let views = [view("plain", None), view("by_shop", Some(1))];
    let (project, rows) = (project(&views), rows());
    write_events(&project, &views[0].view.columns, &rows, 20);
    let now = at("2024-01-09") + 2 * HOUR;
    project.apply_and_materialize(&time(now));
    let times = [
        now,
        at("2024-01-06") + HOUR,
        at("2024-01-06") + HOUR - 1,
        at("2024-01-03"),
        at("2023-06-01"),
    ];
    let spine: Vec<(i64, i64)> = (0..=KEYS).flat_map(|key| times.map(|at| (key, at))).collect();
    write_spine(&project, "spine.parquet", &spine);
    let given = training(
        &project,
        &time(now),
        "spine.parquet",
        spine.len(),
        &["plain", "by_shop"],
        &[],
    );
    let of = by_key(&rows);
    for Materialized { name, view, .. } in &views {
        let served = Served::of(&project, name, now);
        for ((key, at), given) in spine.iter().zip(&given[name].1) {
            let explanation = explained(&project, &time(now), name, *key, &["--at", &time(*at)]);
            let context = format!("{name} of {key} at {}", time(*at));
            assert_eq!(
                explanation.get("leading_edge").text(),
                time(view.edge(*at)),
                "{context}"
            );
            let features = explanation.get("features").list();
            let names: Vec<&str> = features.iter().map(|feature| feature.get("name").text()).collect();
            assert_eq!(names, view.names(), "{context}");
            for (feature, value) in features.iter().zip(given) {
                let said = feature.get("value");
                assert!(value.is_said_by(said), "{context}: {said:?} for {value:?}");
            }
            if *at == now {
                let got: Vec<_> = get(&project, &time(now), name, *key)
                    .into_iter()
                    .map(|(_, value)| value)
                    .collect();
                assert!(
                    features.iter().map(|feature| feature.get("value")).eq(&got),
                    "{context}"
                );
                assert_eq!(served.get(*key), given, "{context}");
            }
            for feature in &view.features {
                let place = names.iter().position(|name| *name == feature.name).unwrap();
                tiles(view, feature, &features[place], &given[place], &context);
            }
            behind(
                view,
                &explanation,
                of.get(key).map_or(&[], Vec::as_slice),
                *at,
                &context,
            );
        }
    }
}

/// The tiles of a feature lie in its windows, on the grid, and merged are its value.
fn tiles(view: &View, feature: &Feature, explained: &Json, value: &Value, context: &str) {
    let tiles: Vec<&Json> = explained.get("tiles").list().iter().collect();
    let interval = |of: &Json| [of.get("start"), of.get("end")].map(|end| super::world::at(end.text()));
    let windows: Vec<[i64; 2]> = explained.get("windows").list().iter().map(interval).collect();
    let of_tile = |tile: &Json| interval(tile.get("interval"));
    for tile in &tiles {
        let [start, end] = of_tile(tile);
        assert_eq!((start.rem_euclid(6 * HOUR), end - start), (0, 6 * HOUR), "{context}");
        assert!(
            windows.iter().any(|[from, to]| *from <= start && end <= *to),
            "{context}"
        );
    }
    let within = |[from, to]: [i64; 2]| {
        let tiles = tiles.iter().copied();
        let of_window = tiles.filter(move |tile| of_tile(tile)[0] >= from && of_tile(tile)[1] <= to);
        of_window.collect::<Vec<_>>()
    };
    match (&feature.window, view.secondary, value) {
        (Window::Series { .. }, _, Value::List(values)) => {
            assert_eq!(windows.len(), values.len());
            for (window, value) in windows.iter().zip(values) {
                assert_eq!(
                    merged(feature.function, &within(*window)).as_ref(),
                    Some(value),
                    "{context}"
                );
            }
        }
        (_, Some(_), Value::List(values)) => {
            let mut shops: Vec<&str> = tiles.iter().filter_map(|tile| shop(tile)).collect();
            shops.sort_unstable();
            shops.dedup();
            assert_eq!(shops.len(), values.len(), "{context}");
            for (name, value) in shops.into_iter().zip(values) {
                let of_shop: Vec<&Json> = tiles.iter().copied().filter(|tile| shop(tile) == Some(name)).collect();
                if let Some(merged) = merged(feature.function, &of_shop) {
                    assert_eq!(merged, *value, "{context} in {name}");
                }
            }
        }
        _ => {
            if let Some(merged) = merged(feature.function, &within(windows[0])) {
                assert_eq!(merged, *value, "{context}, {} of {}", feature.name, span(DAY));
            }
        }
    }
}

fn shop(tile: &Json) -> Option<&str> {
    match tile.get("secondary_key") {
        Json::Null => None,
        other => Some(other.text()),
    }
}

/// The rows behind: those between the first window's start and the last one's end, by time.
fn behind(view: &View, explanation: &Json, rows: &[Row], at: i64, context: &str) {
    let windows = explanation.get("features").list().iter();
    let windows: Vec<&Json> = windows.flat_map(|feature| feature.get("windows").list()).collect();
    let ends = |name: &str| {
        windows
            .iter()
            .map(|window| super::world::at(window.get(name).text()))
            .collect::<Vec<_>>()
    };
    let start = (ends("start").into_iter().min().unwrap()).max(view.feature_start);
    let end = ends("end").into_iter().max().unwrap();
    assert!(end <= view.edge(at), "{context}");
    let mut expected: Vec<i64> = rows
        .iter()
        .map(|row| row.at)
        .filter(|at| *at >= start && *at < end)
        .collect();
    expected.sort_unstable();
    let shown = explanation.get("rows").list().iter();
    let shown: Vec<i64> = shown.map(|row| super::world::at(row.get("timestamp").text())).collect();
    assert_eq!(shown, expected, "{context}");
    assert_eq!(
        *explanation.get("row_count"),
        Json::Number(expected.len().to_string()),
        "{context}"
    );
}

/// How many rows are shown changes no value, with aggregations and without.
#[test]
fn few_rows_shown_are_the_last_ones_and_change_no_value() {
    let _timed =
        crate::harness::Timed::new("aggregates::explained::few_rows_shown_are_the_last_ones_and_change_no_value");
    let view = view("plain", None);
    let (project, rows) = (project(std::slice::from_ref(&view)), rows());
    write_events(&project, &view.view.columns, &rows, 20);
    let mut text = std::fs::read_to_string(project.path("sandglass.toml")).unwrap();
    text.push_str(
        "\n[[feature_view]]\nname = \"latest\"\nkind = \"batch\"\nentities = [\"user\"]\nsources = [\"events_plain\"]\n\
         timestamp_column = \"timestamp\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"2024-01-01\"\nonline = true\n",
    );
    std::fs::write(project.path("sandglass.toml"), text).unwrap();
    let now = time(at("2024-01-09") + 2 * HOUR);
    project.apply_and_materialize(&now);
    for name in ["plain", "latest"] {
        let all = explained(&project, &now, name, 1, &[]);
        let got: Vec<_> = get(&project, &now, name, 1);
        for shown in ["0", "1", "2"] {
            let few = explained(&project, &now, name, 1, &["--rows", shown]);
            let count: usize = shown.parse().unwrap();
            let last = all.get("rows").list();
            assert_eq!(few.get("rows").list(), &last[last.len() - count..], "{name}");
            assert_eq!(few.get("row_count"), all.get("row_count"));
            assert_eq!(few.get("features"), all.get("features"), "{name} with {shown} rows");
            for (feature, (name, value)) in few.get("features").list().iter().zip(&got) {
                assert_eq!(
                    (feature.get("name").text(), feature.get("value")),
                    (name.as_str(), value)
                );
            }
        }
    }
}
