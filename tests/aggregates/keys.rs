//! Keys of several parts, secondary keys and the names that features are given: through services that call the keys otherwise,
//! online and in training data.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::json::Json;
use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{DAY, HOUR, at, compare, project, read_training, time, write, write_training};
use crate::harness::{Project, Random};

const START: &str = "2024-01-01";
/// Parts that are easily taken for others: of two texts side by side, with a comma, a zero byte or nothing in them.
const NAMES: [&str; 7] = ["", "a", "ab", "b", "a,b", "é", "a\0b"];

type Key = (String, String, i64);

fn columns() -> Vec<(String, Kind)> {
    vec![
        ("amount".to_owned(), Kind::Float64),
        ("shop".to_owned(), Kind::Text),
        ("units".to_owned(), Kind::Int64),
    ]
}

fn sliding(days: i64, offset: i64) -> Window {
    Window::Sliding {
        size: days * DAY,
        offset: offset * DAY,
    }
}

/// Features with the names that the program gives them.
fn view(secondary: Option<usize>, features: &[(&str, usize, Function, Window)]) -> View {
    let features = features.iter().map(|(name, column, function, window)| Feature {
        name: (*name).to_owned(),
        column: *column,
        function: *function,
        window: *window,
    });
    View {
        columns: columns(),
        feature_start: at(START),
        schedule: DAY,
        data_delay: HOUR,
        lifetime_start: Some(at("2024-01-02")),
        secondary,
        order_by: None,
        features: features.collect(),
    }
}

fn by_shop() -> View {
    let features = [
        ("amount_sum_7d_6h", 0, Function::Sum, sliding(7, 0)),
        ("amount_mean_3d_6h_offset_1d", 0, Function::Mean, sliding(3, -1)),
        ("units_last_2_lifetime_6h", 2, Function::LastN(2), Window::Lifetime),
    ];
    view(Some(1), &features)
}

fn plain() -> View {
    let series = Window::Series {
        start: -3 * DAY,
        end: -DAY,
        step: DAY,
        size: DAY,
    };
    let features = [
        (
            "shop_last_distinct_3_7d_6h",
            1,
            Function::LastDistinct(3),
            sliding(7, 0),
        ),
        ("units_sum_1d_series_3d_1d_step_1d_6h", 2, Function::Sum, series),
        (
            "amount_stddev_samp_lifetime_6h",
            0,
            Function::StddevSamp,
            Window::Lifetime,
        ),
        ("shop_histogram_7d_6h", 1, Function::Histogram(10), sliding(7, 0)),
        (
            "units_approx_percentile_p90_7d_6h",
            2,
            Function::ApproxPercentile(0.9, 100),
            sliding(7, 0),
        ),
        ("biggest", 2, Function::Max, sliding(7, 0)),
    ];
    view(None, &features)
}

fn definitions() -> String {
    let mut text = "[project]\nname = \"shop\"\n\n[[entity]]\nname = \"account\"\n\
         join_keys = { region = \"utf8\", name = \"utf8\", number = \"int64\" }\n\n[[source]]\nname = \"events\"\n\
         path = \"data/events.parquet\"\ntimestamp_column = \"timestamp\"\ndata_delay = \"1h\"\n"
        .to_owned();
    let mut define = |name: &str, more: &str, aggregations: &[[&str; 4]]| {
        write!(
            text,
            "\n[[feature_view]]\nname = \"{name}\"\nkind = \"batch\"\nentities = [\"account\"]\nsources = [\"events\"]\n\
             timestamp_column = \"timestamp\"\nbatch_schedule = \"1d\"\nfeature_start_time = \"{START}\"\nonline = true\n\
             aggregation_interval = \"6h\"\nlifetime_start_time = \"2024-01-02\"\n{more}\n"
        )
        .unwrap();
        for [column, function, window, more] in aggregations {
            write!(
                text,
                "[[feature_view.aggregation]]\ncolumn = \"{column}\"\nfunction = \"{function}\"\ntime_window = {window}\n{more}\n"
            )
            .unwrap();
        }
    };
    define(
        "by_shop",
        "aggregation_secondary_key = \"shop\"",
        &[
            ["amount", "sum", "\"7d\"", ""],
            ["amount", "mean", "{ size = \"3d\", offset = \"-1d\" }", ""],
            ["units", "last(2)", "\"lifetime\"", ""],
        ],
    );
    let series = "{ series_start = \"-3d\", series_end = \"-1d\", step_size = \"1d\", size = \"1d\" }";
    define(
        "plain",
        "",
        &[
            ["shop", "last_distinct(3)", "\"7d\"", ""],
            ["units", "sum", series, ""],
            ["amount", "stddev_samp", "\"lifetime\"", ""],
            ["shop", "histogram", "\"7d\"", ""],
            ["units", "approx_percentile(0.9)", "\"7d\"", ""],
            ["units", "max", "\"7d\"", "name = \"biggest\""],
        ],
    );
    let side =
        |side: &str| format!("{{ region = \"{side}_region\", name = \"{side}_name\", number = \"{side}_number\" }}");
    write!(
        text,
        "\n[[feature_service]]\nname = \"pair\"\nfeatures = [\n  {{ view = \"plain\", columns = [\"biggest\", \
         \"shop_histogram_7d_6h\"], join_keys = {to} }},\n  {{ view = \"by_shop\", join_keys = {to}, prefix = \"to\" }},\n  \
         {{ view = \"by_shop\", join_keys = {from}, prefix = \"from\" }},\n  {{ view = \"plain\", join_keys = {from}, prefix = \"a_from\" }},\n]\n",
        to = side("to"),
        from = side("from"),
    )
    .unwrap();
    text
}

/// The entries of the service: their namespace, view, whose key they take, and their features, all of them if none is named.
fn entries() -> [(&'static str, View, bool, &'static [&'static str]); 4] {
    [
        ("a_from", plain(), true, &[]),
        ("from", by_shop(), true, &[]),
        ("plain", plain(), false, &["biggest", "shop_histogram_7d_6h"]),
        ("to", by_shop(), false, &[]),
    ]
}

/// Names and values of an entry's features.
fn expected(view: &View, only: &[&str], rows: &[Row], at: i64) -> (Vec<String>, Vec<Value>) {
    let features = view.names().into_iter().zip(view.values(rows, at));
    features
        .filter(|(name, _)| only.is_empty() || only.contains(&name.as_str()))
        .unzip()
}

fn world() -> (BTreeMap<Key, Vec<Row>>, Project) {
    let mut random = Random(21);
    let mut of: BTreeMap<Key, Vec<Row>> = BTreeMap::new();
    let pick = |random: &mut Random| NAMES[random.below(NAMES.len() as u64) as usize].to_owned();
    for _ in 0..40 {
        let key = (pick(&mut random), pick(&mut random), random.below(3).cast_signed() - 1);
        for _ in 0..random.below(25) {
            let cells = vec![
                Value::Float(random.below(1000) as f64 / 10.0),
                match random.below(4) {
                    0 => Value::Null,
                    shop => Value::Text(["é", "", "b"][shop as usize - 1].to_owned()),
                },
                Value::Int(random.below(9).cast_signed()),
            ];
            let at = at(START) + random.below((12 * DAY).cast_unsigned()).cast_signed() / HOUR * HOUR;
            of.entry(key.clone()).or_default().push(Row { key: 0, at, cells });
        }
    }
    let project = project(&[]);
    std::fs::write(project.path("sandglass.toml"), definitions()).unwrap();
    let rows: Vec<(&Key, &Row)> = of
        .iter()
        .flat_map(|(key, rows)| rows.iter().map(move |row| (key, row)))
        .collect();
    let keys = rows.iter().map(|(key, _)| Some((*key).clone()));
    let mut arrays: Vec<(String, ArrayRef)> = key_arrays("", keys);
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|(_, row)| row.at)).with_timezone("UTC");
    arrays.push(("timestamp".to_owned(), Arc::new(times)));
    for (index, (name, kind)) in columns().into_iter().enumerate() {
        arrays.push((name, kind.array(rows.iter().map(|(_, row)| &row.cells[index]))));
    }
    write(&project.path("data/events.parquet"), arrays, 50);
    (of, project)
}

fn key_arrays(prefix: &str, keys: impl Iterator<Item = Option<Key>> + Clone) -> Vec<(String, ArrayRef)> {
    let text = |of: fn(Key) -> String| Arc::new(StringArray::from_iter(keys.clone().map(|key| key.map(of))));
    vec![
        (format!("{prefix}region"), text(|key| key.0) as ArrayRef),
        (format!("{prefix}name"), text(|key| key.1)),
        (
            format!("{prefix}number"),
            Arc::new(Int64Array::from_iter(keys.clone().map(|key| key.map(|key| key.2)))),
        ),
    ]
}

#[test]
fn services_with_keys_of_several_parts_online_and_in_training() {
    let _timed =
        crate::harness::Timed::new("aggregates::keys::services_with_keys_of_several_parts_online_and_in_training");
    let (of, project) = world();
    let now = at(START) + 12 * DAY + HOUR;
    project.apply_and_materialize(&time(now));
    let mut random = Random(5);
    let mut keys: Vec<Option<Key>> = of.keys().cloned().map(Some).collect();
    // Such as are not there: one of them by a part only, one with no part.
    keys.extend([
        Some(("ab".to_owned(), "zz".to_owned(), 0)),
        Some((String::new(), String::new(), 77)),
        None,
    ]);
    let pick = |random: &mut Random| keys[random.below(keys.len() as u64) as usize].clone();
    let spine: Vec<(Option<Key>, Option<Key>, i64)> = (0..400)
        .map(|_| {
            let day = random.below(14).cast_signed();
            let at = (at(START) + day * DAY + HOUR + random.below(3).cast_signed() - 1).min(now);
            (pick(&mut random), pick(&mut random), at)
        })
        .collect();
    let times = TimestampMicrosecondArray::from_iter_values(spine.iter().map(|(_, _, at)| *at)).with_timezone("UTC");
    let mut arrays = key_arrays("to_", spine.iter().map(|(_, to, _)| to.clone()));
    arrays.push(("timestamp".to_owned(), Arc::new(times)));
    arrays.extend(key_arrays("from_", spine.iter().map(|(from, _, _)| from.clone())));
    arrays.push((
        "row".to_owned(),
        Arc::new(Int64Array::from_iter_values(0..spine.len() as i64)),
    ));
    let own: Vec<String> = arrays.iter().map(|(name, _)| name.clone()).collect();
    write(&project.path("spine.parquet"), arrays, 100);
    for more in [&[][..], &["--from-source"]] {
        let answer = write_training(&project, &time(now), "spine.parquet", "out.parquet", "pair", more);
        assert_eq!(answer.status, 0, "{}", answer.stderr);
        let out = project.path("out.parquet");
        // The spine's columns as they were, then the features by namespace and name.
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(&out).unwrap()).unwrap();
        let columns: Vec<String> = reader
            .schema()
            .fields()
            .iter()
            .map(|field| field.name().clone())
            .collect();
        let features = entries().into_iter().flat_map(|(namespace, view, _, only)| {
            let names = expected(&view, only, &[], now).0.into_iter();
            names.map(move |name| format!("{namespace}__{name}"))
        });
        assert!(
            columns
                .iter()
                .eq(own.iter().cloned().chain(features).collect::<Vec<_>>().iter()),
            "{columns:?}"
        );
        let given = read_training(&out, spine.len(), &["a_from", "from", "plain", "to"]);
        for (namespace, view, is_from, only) in entries() {
            let (names, values) = &given[namespace];
            for ((from, to, at), given) in spine.iter().zip(values) {
                let key = if is_from { from } else { to };
                let rows = key.as_ref().and_then(|key| of.get(key)).map_or(&[][..], Vec::as_slice);
                let (expected_names, expected) = expected(&view, only, rows, *at);
                assert_eq!(*names, expected_names);
                compare("training data", given, names, &expected, || {
                    format!("{namespace} of {key:?} at {}", time(*at))
                });
            }
        }
        std::fs::remove_file(out).unwrap();
    }
    online(&project, &of, &keys, now);
}

fn online(project: &Project, of: &BTreeMap<Key, Vec<Row>>, keys: &[Option<Key>], now: i64) {
    // An argument has no zero byte.
    let keys: Vec<&Key> = keys
        .iter()
        .flatten()
        .filter(|key| !format!("{key:?}").contains("\\0"))
        .collect();
    for (number, from) in keys.iter().enumerate() {
        let to = keys[(number * 7 + 3) % keys.len()];
        let parts = [("from", *from), ("to", to)]
            .into_iter()
            .flat_map(|(side, (region, name, number))| {
                [
                    format!("{side}_region={region}"),
                    format!("{side}_name={name}"),
                    format!("{side}_number={number}"),
                ]
            });
        let parts: Vec<String> = parts.collect();
        let mut arguments = vec!["--format", "json", "get", "pair"];
        for part in &parts {
            arguments.extend(["--key", part]);
        }
        let answer = project.run(&time(now), &arguments);
        assert_eq!(answer.status, 0, "{parts:?}: {}", answer.stderr);
        let json = Json::read(&answer.stdout);
        let mut said = json.get("features").list().iter();
        for (namespace, view, is_from, only) in entries() {
            let key = if is_from { from } else { to };
            let rows = of.get(key).map_or(&[][..], Vec::as_slice);
            let (names, values) = expected(&view, only, rows, now);
            for (name, value) in names.iter().zip(values) {
                let said = said.next().unwrap();
                assert_eq!(said.get("name").text(), format!("{namespace}.{name}"));
                assert!(value.is_said_by(said.get("value")), "{said:?} of {key:?} for {value:?}");
            }
        }
        assert!(said.next().is_none());
    }
}
