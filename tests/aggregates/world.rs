//! Projects of aggregated views over one file of events, and what the program says of them.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{Field, Int64Type, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sandglass::key::{KeyValue, encode};
use sandglass::online;
use sandglass::time::{Span, Timestamp};
use sandglass::workspace::Name;

use super::json::Json;
use super::oracle::{Row, View, Window};
use super::value::{Kind, Value};
use crate::harness::{Answer, Project};

pub const SECOND: i64 = 1_000_000;
pub const MINUTE: i64 = 60 * SECOND;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;

/// A time as text.
pub fn time(micros: i64) -> String {
    Timestamp::from_micros(micros).to_string()
}

/// A time of text.
pub fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().micros()
}

/// A length of time as text.
pub fn span(micros: i64) -> String {
    Span::from_micros(micros).to_string()
}

/// A view and how it is materialized.
#[derive(Debug, Clone)]
pub struct Materialized {
    pub name: String,
    pub view: View,
    pub aggregation_interval: i64,
    /// Further lines of its definition.
    pub more: String,
}

/// The definitions of views of `user_id` over `data/events.parquet`, each with a source of its own, as the delay is a source's.
pub fn definitions(views: &[Materialized]) -> String {
    let mut text =
        "[project]\nname = \"shop\"\n\n[[entity]]\nname = \"user\"\njoin_keys = { user_id = \"int64\" }\n".to_owned();
    for view in views {
        define(&mut text, view).unwrap();
    }
    text
}

fn define(text: &mut String, materialized: &Materialized) -> std::fmt::Result {
    let Materialized {
        name,
        view,
        aggregation_interval,
        more,
    } = materialized;
    writeln!(
        text,
        "\n[[source]]\nname = \"events_{name}\"\npath = \"data/events.parquet\""
    )?;
    writeln!(text, "timestamp_column = \"timestamp\"")?;
    writeln!(text, "data_delay = \"{}\"", span(view.data_delay))?;
    writeln!(
        text,
        "\n[[feature_view]]\nname = \"{name}\"\nkind = \"batch\"\nentities = [\"user\"]"
    )?;
    writeln!(text, "sources = [\"events_{name}\"]\ntimestamp_column = \"timestamp\"")?;
    writeln!(text, "batch_schedule = \"{}\"", span(view.schedule))?;
    writeln!(text, "feature_start_time = \"{}\"", time(view.feature_start))?;
    writeln!(
        text,
        "aggregation_interval = \"{}\"\nonline = true",
        span(*aggregation_interval)
    )?;
    if let Some(column) = view.secondary {
        writeln!(text, "aggregation_secondary_key = \"{}\"", view.columns[column].0)?;
    }
    if let Some(column) = view.order_by {
        writeln!(text, "order_by = \"{}\"", view.columns[column].0)?;
    }
    if let Some(start) = view.lifetime_start {
        writeln!(text, "lifetime_start_time = \"{}\"", time(start))?;
    }
    writeln!(text, "{more}")?;
    for feature in &view.features {
        let window = match feature.window {
            Window::Lifetime => "\"lifetime\"".to_owned(),
            Window::Sliding { size, offset: 0 } => format!("\"{}\"", span(size)),
            Window::Sliding { size, offset } => {
                format!("{{ size = \"{}\", offset = \"{}\" }}", span(size), span(offset))
            }
            Window::Series { start, end, step, size } => format!(
                "{{ series_start = \"{}\", series_end = \"{}\", step_size = \"{}\", size = \"{}\" }}",
                span(start),
                span(end),
                span(step),
                span(size)
            ),
        };
        writeln!(
            text,
            "[[feature_view.aggregation]]\ncolumn = \"{}\"\nfunction = \"{}\"\ntime_window = {window}\nname = \"{}\"",
            view.columns[feature.column].0, feature.function, feature.name
        )?;
    }
    Ok(())
}

/// A project with these views and no data.
pub fn project(views: &[Materialized]) -> Project {
    let project = Project::new("");
    std::fs::create_dir_all(project.path("data")).unwrap();
    project.write_definitions(&definitions(views));
    project
}

/// Writes events to `data/events.parquet`, in row groups of so many rows.
pub fn write_events(project: &Project, columns: &[(String, Kind)], rows: &[Row], row_group: usize) {
    let keys: ArrayRef = Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.key)));
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at)).with_timezone("UTC");
    let mut arrays = vec![("user_id".to_owned(), keys), ("timestamp".to_owned(), Arc::new(times))];
    for (index, (name, kind)) in columns.iter().enumerate() {
        arrays.push((name.clone(), kind.array(rows.iter().map(|row| &row.cells[index]))));
    }
    write(&project.path("data/events.parquet"), arrays, row_group);
}

/// A spine of keys and times; its column `row` counts them.
pub fn write_spine(project: &Project, name: &str, spine: &[(i64, i64)]) {
    let keys = Int64Array::from_iter_values(spine.iter().map(|(key, _)| *key));
    let times = TimestampMicrosecondArray::from_iter_values(spine.iter().map(|(_, at)| *at)).with_timezone("UTC");
    let numbers = Int64Array::from_iter_values(0..spine.len() as i64);
    let columns: [(&str, ArrayRef); 3] = [
        ("user_id", Arc::new(keys)),
        ("timestamp", Arc::new(times)),
        ("row", Arc::new(numbers)),
    ];
    let columns = columns
        .into_iter()
        .map(|(name, array)| (name.to_owned(), array))
        .collect();
    write(&project.path(name), columns, 100_000);
}

/// Writes columns as Parquet.
pub fn write(path: &Path, columns: Vec<(String, ArrayRef)>, row_group: usize) {
    let fields: Vec<Field> = columns
        .iter()
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    let arrays = columns.into_iter().map(|(_, array)| array).collect();
    let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap();
    let properties = parquet::file::properties::WriterProperties::builder()
        .set_max_row_group_row_count(Some(row_group))
        .build();
    let mut writer = ArrowWriter::try_new(File::create(path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
}

/// Features by view: their names, and for each row of the spine their values, in the order of the definition.
pub type Training = BTreeMap<String, (Vec<String>, Vec<Vec<Value>>)>;

/// Training data of a spine for views, by the program.
pub fn training(project: &Project, now: &str, spine: &str, rows: usize, views: &[&str], more: &[&str]) -> Training {
    told_training(project, now, spine, rows, views, more).0
}

/// Training data, and what the program says of it.
pub fn told_training(
    project: &Project,
    now: &str,
    spine: &str,
    rows: usize,
    views: &[&str],
    more: &[&str],
) -> (Training, serde_json::Value) {
    let out = project.path("training.parquet");
    let answer = write_training(project, now, spine, "training.parquet", &views.join(","), more);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let training = read_training(&out, rows, views);
    std::fs::remove_file(&out).unwrap();
    (training, serde_json::from_str(&answer.stdout).unwrap())
}

/// Runs `training-data` into a file of the project.
pub fn write_training(project: &Project, now: &str, spine: &str, out: &str, features: &str, more: &[&str]) -> Answer {
    let (spine, out) = (project.path(spine), project.path(out));
    let (spine, out) = (spine.to_str().unwrap(), out.to_str().unwrap());
    let mut arguments = vec!["--format", "json", "training-data", "--spine", spine, "--out", out];
    // A manifest says what is asked for.
    if !features.is_empty() {
        arguments.extend(["--features", features]);
    }
    arguments.extend(more);
    project.run(now, &arguments)
}

/// Reads training data that has the spine's column `row`.
pub fn read_training(path: &Path, rows: usize, views: &[&str]) -> Training {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap();
    let schema = Arc::clone(reader.schema());
    let mut training = Training::new();
    for view in views {
        let prefix = format!("{view}__");
        let names = schema
            .fields()
            .iter()
            .filter_map(|field| field.name().strip_prefix(&prefix));
        training.insert(
            (*view).to_owned(),
            (names.map(str::to_owned).collect(), vec![Vec::new(); rows]),
        );
    }
    let mut seen = vec![false; rows];
    for batch in reader.build().unwrap() {
        let batch = batch.unwrap();
        let numbers = batch.column_by_name("row").unwrap().as_primitive::<Int64Type>();
        for (at, number) in numbers.values().iter().enumerate() {
            let number = usize::try_from(*number).unwrap();
            assert!(
                !std::mem::replace(&mut seen[number], true),
                "row {number} of the spine is there twice"
            );
            for (view, (names, values)) in &mut training {
                let value = |name: &String| {
                    let column = batch.column_by_name(&format!("{view}__{name}")).unwrap();
                    online::Value::of(column.as_ref(), at).unwrap().into()
                };
                values[number] = names.iter().map(value).collect();
            }
        }
    }
    assert_eq!(
        seen.iter().position(|seen| !seen),
        None,
        "a row of the spine has disappeared"
    );
    training
}

/// What is served of a view, by feature and key, as it lies in the store.
pub struct Served {
    pub names: Vec<String>,
    items: BTreeMap<Vec<u8>, Vec<Value>>,
    empty: Vec<Value>,
}

impl Served {
    /// What is served at a time.
    pub fn of(project: &Project, view: &str, now: i64) -> Self {
        let store = project.store();
        let name = Name::new(&"shop".parse().unwrap(), view, 1);
        let (_, state) = store.live(&name).unwrap().unwrap();
        let items = store.scan(&name).unwrap().into_iter();
        let items = items.filter(|(_, item)| item.is_visible(Timestamp::from_micros(now)));
        let empty = (0..state.columns.len()).map(|column| match state.empty.get(column) {
            Some(Some(nulls)) => Value::List(vec![Value::Null; *nulls as usize]),
            _ => Value::Null,
        });
        Self {
            names: state.columns.iter().map(|(name, _)| name.clone()).collect(),
            empty: empty.collect(),
            items: items
                .map(|(key, item)| (key, item.values.into_iter().map(Value::from).collect()))
                .collect(),
        }
    }

    /// The values of a key.
    pub fn get(&self, key: i64) -> &[Value] {
        self.items.get(&encode(&[KeyValue::Int64(key)])).unwrap_or(&self.empty)
    }

    /// Keys with an item.
    pub fn keys(&self) -> usize {
        self.items.len()
    }
}

/// Names and values of `get --format json`.
pub fn get(project: &Project, now: &str, view: &str, key: i64) -> Vec<(String, Json)> {
    let key = format!("user_id={key}");
    let answer = project.run(now, &["--format", "json", "get", view, "--key", &key]);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    let json = Json::read(&answer.stdout);
    let features = json.get("features").list().iter();
    features
        .map(|feature| {
            let name = feature.get("name").text();
            let name = name
                .strip_prefix(&format!("{view}."))
                .unwrap_or_else(|| panic!("{name}"));
            (name.to_owned(), feature.get("value").clone())
        })
        .collect()
}

/// Rows by key.
pub fn by_key(rows: &[Row]) -> BTreeMap<i64, Vec<Row>> {
    let mut by_key: BTreeMap<i64, Vec<Row>> = BTreeMap::new();
    for row in rows {
        by_key.entry(row.key).or_default().push(row.clone());
    }
    by_key
}

/// Rows as a failure shows them.
pub fn shown(columns: &[(String, Kind)], rows: &[Row]) -> String {
    let mut text = String::new();
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(|row| row.at);
    for row in sorted {
        let cells = columns.iter().zip(&row.cells);
        let cells: Vec<String> = cells.map(|((name, _), value)| format!("{name}={value:?}")).collect();
        let _ = writeln!(text, "  {} {} {}", row.key, time(row.at), cells.join(" "));
    }
    text
}

/// Compares a view's values with the oracle's, feature by feature.
pub fn compare(what: &str, given: &[Value], names: &[String], expected: &[Value], context: impl FnOnce() -> String) {
    let different = (given.len() != expected.len())
        .then_some(given.len().min(expected.len()))
        .or_else(|| {
            given
                .iter()
                .zip(expected)
                .position(|(given, expected)| given != expected)
        });
    if let Some(at) = different {
        panic!(
            "{what}: feature {} is {:?}; by brute force it is {:?}\n{}",
            names.get(at).map_or("that is missing or one too many", String::as_str),
            given.get(at),
            expected.get(at),
            context()
        );
    }
}
