//! Training data as Parquet, Arrow and CSV says the same; results that do not fit are counted wherever they are made.

use std::fs::File;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use arrow::ipc::reader::FileReader;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sandglass::online;

use super::json::Json;
use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{
    DAY, HOUR, Materialized, at, by_key, project, time, told_training, write_events, write_spine, write_training,
};
use crate::harness::{Project, Random};

const START: &str = "2024-01-01";

fn view(columns: &[(&str, Kind)], features: &[(usize, Function, i64)]) -> Materialized {
    let features = features.iter().enumerate();
    Materialized {
        name: "v".to_owned(),
        view: View {
            columns: columns.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect(),
            feature_start: at(START),
            schedule: DAY,
            data_delay: 0,
            lifetime_start: None,
            secondary: None,
            order_by: None,
            features: features
                .map(|(number, (column, function, days))| Feature {
                    name: format!("f{number}"),
                    column: *column,
                    function: *function,
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

fn batches(project: &Project) -> (RecordBatch, RecordBatch) {
    let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(project.path("out.parquet")).unwrap()).unwrap();
    let schema = std::sync::Arc::clone(reader.schema());
    let parquet: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    let reader = FileReader::try_new(File::open(project.path("out.arrow")).unwrap(), None).unwrap();
    let arrow_schema = reader.schema();
    let arrow: Vec<RecordBatch> = reader.map(Result::unwrap).collect();
    (
        concat_batches(&schema, &parquet).unwrap(),
        concat_batches(&arrow_schema, &arrow).unwrap(),
    )
}

/// Lines of cells; one that is quoted is a text even if it is empty, one with nothing in it is null.
fn csv(text: &str) -> Vec<Vec<Option<String>>> {
    let (mut lines, mut line) = (Vec::new(), Vec::new());
    let mut rest = text.chars().peekable();
    while rest.peek().is_some() {
        let mut cell = String::new();
        let quoted = rest.next_if_eq(&'"').is_some();
        loop {
            match rest.next().unwrap() {
                '"' if quoted && rest.next_if_eq(&'"').is_none() => {
                    let end = rest.next().unwrap();
                    line.push(Some(std::mem::take(&mut cell)));
                    if end == '\n' {
                        lines.push(std::mem::take(&mut line));
                    }
                    break;
                }
                end @ (',' | '\n') if !quoted => {
                    line.push((!cell.is_empty()).then(|| std::mem::take(&mut cell)));
                    if end == '\n' {
                        lines.push(std::mem::take(&mut line));
                    }
                    break;
                }
                character => cell.push(character),
            }
        }
    }
    lines
}

/// Whether a cell says a value: as HTTP does, but that numbers in lists stay numbers.
fn says(value: &Value, cell: Option<&str>) -> bool {
    match (value, cell) {
        (Value::Null, None) => true,
        (Value::Null, _) | (_, None) => false,
        (Value::Text(value), Some(cell)) => value == cell,
        (Value::Float(value), Some(cell)) => match cell {
            "NaN" => value.is_nan(),
            "Infinity" => *value == f64::INFINITY,
            "-Infinity" => *value == f64::NEG_INFINITY,
            other => value.is_finite() && other.parse::<f64>().is_ok_and(|said| said.to_bits() == value.to_bits()),
        },
        (Value::Int(value), Some(cell)) => value.to_string() == cell,
        (Value::List(_) | Value::Map(_), Some(cell)) => in_json(value, &Json::read(cell)),
        (other, Some(cell)) => other.is_said_by(&Json::Text(cell.to_owned())),
    }
}

fn in_json(value: &Value, json: &Json) -> bool {
    match (value, json) {
        (Value::Int(value), Json::Number(said)) => *said == value.to_string(),
        (Value::Int(_), _) => false,
        (Value::List(values), Json::List(said)) => {
            values.len() == said.len() && values.iter().zip(said).all(|(value, said)| in_json(value, said))
        }
        (Value::Map(entries), Json::Object(said)) => {
            entries.len() == said.len()
                && entries.iter().zip(said).all(|((key, value), (name, said))| {
                    matches!(key, Value::Text(key) if key == name) && in_json(value, said)
                })
        }
        (other, said) => other.is_said_by(said),
    }
}

#[test]
fn every_format_says_the_same() {
    let _timed = crate::harness::Timed::new("aggregates::outputs::every_format_says_the_same");
    let columns = [
        ("amount", Kind::Float64),
        ("units", Kind::Int64),
        ("name", Kind::Text),
        ("seen", Kind::Time),
        ("day", Kind::Date),
    ];
    let features = [
        (0, Function::Sum, 3),
        (0, Function::LastN(4), 3),
        (0, Function::StddevSamp, 5),
        (1, Function::Sum, 3),
        (1, Function::TopK(3), 3),
        (2, Function::Last, 3),
        (2, Function::FirstDistinct(3), 3),
        (2, Function::Histogram(5), 3),
        (3, Function::Max, 3),
        (4, Function::LastN(2), 3),
    ];
    let view = view(&columns, &features);
    let mut random = Random(77);
    let amounts = [0.1, -0.0, 1e300, 5e-324, f64::NAN, f64::INFINITY, -3.5];
    let names = ["", " ", "a,b", "say \"so\"", "two\nlines", "é", "NaN"];
    let row = |_| Row {
        key: random.below(6).cast_signed(),
        at: at(START) + random.below((8 * DAY).cast_unsigned()).cast_signed(),
        cells: vec![
            Value::Float(amounts[random.below(7) as usize]),
            Value::Int(random.below(1 << 62).cast_signed()),
            Value::Text(names[random.below(7) as usize].to_owned()),
            Value::Time(random.below(1 << 50).cast_signed()),
            Value::Date(random.below(20_000) as i32),
        ],
    };
    let rows: Vec<Row> = (0..150).map(row).collect();
    let project = project(std::slice::from_ref(&view));
    write_events(&project, &view.view.columns, &rows, 40);
    let now = at(START) + 8 * DAY;
    project.apply_and_materialize(&time(now));
    let spine: Vec<(i64, i64)> = (0..200).map(|row| (row % 8, now - row * 3 * HOUR)).collect();
    write_spine(&project, "spine.parquet", &spine);
    for format in ["parquet", "arrow", "csv"] {
        let answer = write_training(
            &project,
            &time(now),
            "spine.parquet",
            &format!("out.{format}"),
            "v",
            &[],
        );
        assert_eq!(answer.status, 0, "{}", answer.stderr);
    }
    let (parquet, arrow) = batches(&project);
    assert_eq!(parquet.num_rows(), spine.len());
    let of = by_key(&rows);
    let lines = csv(&std::fs::read_to_string(project.path("out.csv")).unwrap());
    let header: Vec<&str> = lines[0].iter().map(|name| name.as_deref().unwrap()).collect();
    let names = parquet
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect::<Vec<_>>();
    assert_eq!(names, header);
    assert_eq!(lines.len(), spine.len() + 1);
    for (row, (key, at)) in spine.iter().enumerate() {
        let rows = of.get(key).map_or(&[][..], Vec::as_slice);
        let expected = view.view.values(rows, *at);
        // The spine's three columns come first, and the rows stay in its order.
        assert_eq!(lines[row + 1][2].as_deref(), Some(row.to_string().as_str()));
        for (place, expected) in expected.iter().enumerate() {
            for batch in [&parquet, &arrow] {
                let given: Value = online::Value::of(batch.column(place + 3), row).unwrap().into();
                assert_eq!(given, *expected, "{} of row {row}", names[place + 3]);
            }
            let cell = lines[row + 1][place + 3].as_deref();
            assert!(
                says(expected, cell),
                "{} of row {row}: {cell:?} for {expected:?}",
                names[place + 3]
            );
        }
    }
}

#[test]
fn results_that_do_not_fit_are_counted() {
    let _timed = crate::harness::Timed::new("aggregates::outputs::results_that_do_not_fit_are_counted");
    let features = [(0, Function::Sum, 1), (0, Function::Sum, 3), (0, Function::Mean, 3)];
    let view = view(&[("x", Kind::Int64)], &features);
    // Keys 1 and 2 go beyond int64 on the first day, key 3 over three days, key 4 not at all.
    let row = |key: i64, day: i64, x: i64| Row {
        key,
        at: at(START) + day * DAY + HOUR,
        cells: vec![Value::Int(x)],
    };
    let rows = [
        row(1, 0, i64::MAX),
        row(1, 0, 1),
        row(2, 0, i64::MIN),
        row(2, 0, -1),
        row(3, 0, i64::MAX),
        row(3, 1, i64::MAX),
        row(4, 0, 5),
    ];
    let project = project(std::slice::from_ref(&view));
    write_events(&project, &view.view.columns, &rows, 10);
    let now = |day: i64| at(START) + day * DAY;
    project.json(&time(now(1)), &["apply"]);
    let of = by_key(&rows);
    // Nulls of keys that have rows are results that did not fit: no column here is null.
    let nulls = |at: i64, keys: &[i64]| {
        let overflows = keys.iter().map(|key| {
            let values = view.view.values(&of[key], at);
            let any = |days: i64| {
                of[key]
                    .iter()
                    .any(|row| row.at < view.view.edge(at) && row.at >= view.view.edge(at) - days * DAY)
            };
            let windows = [1, 3].map(any);
            (0..2)
                .filter(|place| windows[*place] && values[*place].is_null())
                .count()
        });
        overflows.sum::<usize>() as u64
    };
    for (day, count) in [(1, 4), (2, 3)] {
        let at = now(day);
        assert_eq!(nulls(at, &[1, 2, 3, 4]), count, "by brute force");
        let answer = project.run(&time(at), &["--format", "json", "materialize"]);
        assert_eq!(answer.status, 0, "{}", answer.stderr);
        let report: serde_json::Value = serde_json::from_str(&answer.stdout).unwrap();
        assert_eq!(report["feature_views"][0]["overflows"], count, "{report}");
        assert!(
            answer.stderr.contains(&format!("{count} results did not fit")),
            "{}",
            answer.stderr
        );
        let spine: Vec<(i64, i64)> = [1, 2, 3, 4, 9].map(|key| (key, at)).to_vec();
        write_spine(&project, "spine.parquet", &spine);
        for more in [&[][..], &["--from-source"]] {
            let (training, told) = told_training(&project, &time(at), "spine.parquet", spine.len(), &["v"], more);
            assert_eq!(told["overflows"], count, "{told}");
            for ((key, at), given) in spine.iter().zip(&training["v"].1) {
                let rows = of.get(key).map_or(&[][..], Vec::as_slice);
                assert_eq!(*given, view.view.values(rows, *at));
            }
        }
    }
}
