//! One key with a million events in its window among a hundred thousand small ones, in little memory.

use super::oracle::{Feature, Function, Row, View, Window};
use super::value::{Kind, Value};
use super::world::{DAY, Materialized, Served, at, project, time, told_training, write_events, write_spine};
use crate::harness::Random;

const HOT: i64 = 1_000_000;
const SMALL: i64 = 100_000;
/// For plans; sorts and group-bys spill beyond it.
const MEMORY: u64 = 128 << 20;
/// What the process may have besides: the program itself, Parquet's buffers, the allocator's slack.
const BESIDE: u64 = 256 << 20;

#[test]
fn a_hot_key_in_bounded_memory() {
    let _timed = crate::harness::Timed::new("aggregates::hot_key");
    let start = at("2024-01-01");
    let window = Window::Sliding {
        size: 30 * DAY,
        offset: 0,
    };
    let functions = [
        (0, Function::Sum),
        (0, Function::Count),
        (0, Function::Mean),
        (0, Function::Max),
        (0, Function::Min),
        (1, Function::LastN(5)),
        (1, Function::UniqueCount),
        (1, Function::TopK(3)),
        (1, Function::Sum),
    ];
    let view = Materialized {
        name: "v".to_owned(),
        view: View {
            columns: vec![("amount".to_owned(), Kind::Float64), ("number".to_owned(), Kind::Int64)],
            feature_start: start,
            schedule: DAY,
            data_delay: 0,
            lifetime_start: None,
            secondary: None,
            order_by: None,
            features: functions
                .into_iter()
                .enumerate()
                .map(|(at, (column, function))| Feature {
                    name: format!("f{at}"),
                    column,
                    function,
                    window,
                })
                .collect(),
        },
        aggregation_interval: DAY,
        more: String::new(),
    };
    let mut random = Random(5);
    let mut rows = Vec::with_capacity((HOT + SMALL) as usize);
    // Quarters, so that sums of them are exact in whole numbers, too.
    let mut quarters = 0_i64;
    let (mut least, mut greatest) = (i64::MAX, i64::MIN);
    for number in 0..HOT {
        let amount = random.below(1 << 40).cast_signed() - (1 << 39);
        quarters += amount;
        (least, greatest) = (least.min(amount), greatest.max(amount));
        rows.push(Row {
            key: 0,
            // In the order of their numbers.
            at: start + number * (30 * DAY / HOT),
            cells: vec![Value::Float(amount as f64 / 4.0), Value::Int(number)],
        });
    }
    for key in 1..=SMALL {
        rows.push(Row {
            key,
            at: start + random.below((30 * DAY).cast_unsigned()).cast_signed(),
            cells: vec![Value::Float(key as f64), Value::Int(key)],
        });
    }
    rows.sort_by_key(|row| row.at);
    let project = project(std::slice::from_ref(&view));
    write_events(&project, &view.view.columns, &rows, 50_000);
    let now = time(start + 30 * DAY);
    project.json(&now, &["apply"]);
    let memory = MEMORY.to_string();
    let report = project.json(&now, &["--memory-bytes", &memory, "materialize"]);
    let peak = report["peak_memory_bytes"].as_u64().unwrap();
    let number = Value::Int;
    let list = |numbers: &[i64]| Value::List(numbers.iter().copied().map(number).collect());
    let hot = [
        Value::Float(quarters as f64 / 4.0),
        Value::Int(HOT),
        Value::Float((quarters as f64 / 4.0) / HOT as f64),
        Value::Float(greatest as f64 / 4.0),
        Value::Float(least as f64 / 4.0),
        list(&[HOT - 5, HOT - 4, HOT - 3, HOT - 2, HOT - 1]),
        // More distinct values than a state holds.
        Value::Null,
        list(&[HOT - 1, HOT - 2, HOT - 3]),
        Value::Int(HOT * (HOT - 1) / 2),
    ];
    assert!(quarters.unsigned_abs() < 1 << 53, "the sum above is a float");
    let small = |key: i64| {
        let amount = Value::Float(key as f64);
        let only = list(&[key]);
        [
            amount.clone(),
            Value::Int(1),
            amount.clone(),
            amount.clone(),
            amount,
            only.clone(),
            Value::Int(1),
            only,
            Value::Int(key),
        ]
    };
    let served = Served::of(&project, "v", start + 30 * DAY);
    assert_eq!(served.keys() as i64, SMALL + 1);
    assert_eq!(served.get(0), hot);
    for key in 1..=SMALL {
        assert_eq!(served.get(key), small(key), "{key}");
    }
    // Training data of the hot key at a hundred times, among others.
    let spine: Vec<(i64, i64)> = (0..2_000)
        .map(|row| (if row % 20 == 0 { 0 } else { row * 37 % SMALL + 1 }, start + 30 * DAY))
        .collect();
    write_spine(&project, "spine.parquet", &spine);
    let more = ["--memory-bytes", &memory];
    let (training, told) = told_training(&project, &now, "spine.parquet", spine.len(), &["v"], &more);
    for ((key, _), given) in spine.iter().zip(&training["v"].1) {
        assert_eq!(
            *given,
            if *key == 0 { hot.to_vec() } else { small(*key).to_vec() },
            "{key}"
        );
    }
    let training_peak = told["peak_memory_bytes"].as_u64().unwrap();
    eprintln!(
        "{HOT} events of one key and {SMALL} others; memory {} MiB, peak {} MiB, of training data {} MiB",
        MEMORY >> 20,
        peak >> 20,
        training_peak >> 20
    );
    assert!(peak <= MEMORY + BESIDE, "{} MiB", peak >> 20);
    assert!(training_peak <= MEMORY + BESIDE, "{} MiB", training_peak >> 20);
}
