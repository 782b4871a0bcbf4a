//! What aggregations cost. `cargo bench --bench aggregation -- [part of a title]… [--rounds 9]`; the tables go to stdout.
//!
//! Tiles: rows in memory to tiles in memory, by one plan, against DataFusion's own functions with the same group-by in SQL. Windows:
//! one key's values at many times, one thread, in the shape of Chronon's published run, against the naive way over rows.
#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]
#![expect(unreachable_pub, reason = "its modules are those of a test")]

#[path = "../harness/random.rs"]
mod random;
#[path = "../boundary/rounds.rs"]
mod rounds;

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Float64Array, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::StreamExt;
use random::Random;
use rounds::{Variant, compare, variant};
use sandglass::aggregate::{Aggregation, Rows};
use sandglass::definition::{JoinKey, KeyKind};
use sandglass::materialize::fold;
use sandglass::tile::{Output, START, TileColumn, TileFeature, TileSpec, Tiles, TimeWindow, Windows};
use sandglass::time::{Grid, Span, Timestamp};
use tokio::runtime::Runtime;

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1440 * MINUTE;

struct Asked {
    titles: Vec<String>,
    rounds: usize,
}

impl Asked {
    fn of(mut arguments: impl Iterator<Item = String>) -> Self {
        let (mut titles, mut rounds) = (Vec::new(), 9);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => rounds = arguments.next().unwrap().parse().unwrap(),
                "--bench" => {}
                _ => titles.push(argument),
            }
        }
        Self { titles, rounds }
    }

    fn compare<'a>(&self, title: &str, unit: &str, work: usize, variants: impl FnOnce() -> Vec<Variant<'a>>) {
        if self.titles.is_empty() || self.titles.iter().any(|part| title.contains(part)) {
            compare(title, unit, work, self.rounds, variants());
        }
    }
}

fn main() {
    let asked = Asked::of(std::env::args().skip(1));
    tiles(&asked);
    windows(&asked);
}

fn aggregation(function: &str, input: &DataType) -> Aggregation {
    Aggregation::new(function.parse().unwrap(), input).unwrap()
}

fn spec(interval: i64, columns: &[(&str, &str, DataType)], features: &[(&str, usize, TimeWindow)]) -> TileSpec {
    let mut windows: Vec<TimeWindow> = features.iter().map(|(_, _, window)| *window).collect();
    windows.sort_unstable();
    windows.dedup();
    TileSpec {
        keys: vec![JoinKey {
            name: "key".into(),
            kind: KeyKind::Int64,
        }],
        secondary: None,
        time_column: "time".into(),
        order: vec!["whole".into(), "amount".into()],
        interval: Span::from_micros(interval),
        schedule: Grid::new(Timestamp::from_micros(0), Span::from_micros(interval)).unwrap(),
        data_delay: Span::ZERO,
        lifetime_start: Timestamp::from_micros(0),
        columns: columns
            .iter()
            .map(|(column, function, data_type)| TileColumn {
                name: format!("__{column}__{function}"),
                column: (*column).to_owned(),
                aggregation: aggregation(function, data_type),
            })
            .collect(),
        features: features
            .iter()
            .map(|(function, column, window)| TileFeature {
                name: format!("{function}_{window:?}"),
                column: *column,
                window: windows.iter().position(|known| known == window).unwrap(),
                aggregation: aggregation(function, &columns[*column].2),
            })
            .collect(),
        windows,
    }
}

/// Rows of keys over 30 days, by time, in batches of 8,192.
fn events(rows: usize, keys: u64) -> Vec<RecordBatch> {
    let mut random = Random(7);
    let starts = (0..rows).step_by(8192);
    starts
        .map(|start| {
            let count = 8192.min(rows - start);
            let mut pick = |below: u64| (0..count).map(|_| (random.below(below)) as i64).collect::<Vec<i64>>();
            let (key, cents) = (pick(keys), pick(100_000));
            let time = (start..start + count).map(|row| row as i64 * (30 * DAY / rows as i64));
            let amount: Float64Array = cents.iter().map(|cents| Some(*cents as f64 / 100.0)).collect();
            let time = TimestampMicrosecondArray::from_iter_values(time).with_timezone("UTC");
            let columns: [(&str, ArrayRef); 4] = [
                ("key", Arc::new(Int64Array::from(key))),
                ("time", Arc::new(time)),
                ("whole", Arc::new(Int64Array::from(cents))),
                ("amount", Arc::new(amount)),
            ];
            RecordBatch::try_from_iter(columns).unwrap()
        })
        .collect()
}

async fn drain(frame: datafusion::prelude::DataFrame) {
    let mut rows = frame.execute_stream().await.unwrap();
    while let Some(batch) = rows.next().await {
        black_box(batch.unwrap());
    }
}

fn tiles(asked: &Asked) {
    let runtime = Runtime::new().unwrap();
    const ROWS: usize = 4_000_000;
    for (shape, keys) in [("13 rows a tile", 10_000_u64), ("1.3 rows a tile", 100_000)] {
        let batches = events(ROWS, keys);
        let session = || {
            let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
            let table = MemTable::try_new(batches[0].schema(), vec![batches.clone()]).unwrap();
            session.register_table("events", Arc::new(table)).unwrap();
            session
        };
        let session = session();
        let native = |aggregates: &str| {
            let text = format!(
                "SELECT key, date_bin(INTERVAL '1 day', time) AS start, {aggregates} FROM events GROUP BY 1, 2"
            );
            let session = session.clone();
            let runtime = &runtime;
            move || runtime.block_on(async { drain(session.sql(&text).await.unwrap()).await })
        };
        let ours = |columns: &[(&str, &str, DataType)]| {
            let spec = spec(DAY, columns, &[]);
            let session = session.clone();
            let runtime = &runtime;
            move || {
                runtime.block_on(async { drain(fold(session.table("events").await.unwrap(), &spec).unwrap()).await });
            }
        };
        let whole = |function| ("whole", function, DataType::Int64);
        asked.compare(
            &format!("tiles of count, min, max, int64 sum, {shape}"),
            "ns a row",
            ROWS,
            || {
                vec![
                    variant(
                        "DataFusion SQL",
                        native("count(whole), min(whole), max(whole), sum(whole)"),
                    ),
                    // The state of a sum has the count, and a view with both makes that alone.
                    variant("tiles", ours(&[whole("min"), whole("max"), whole("sum")])),
                ]
            },
        );
        asked.compare(&format!("tiles of a float64 sum, {shape}"), "ns a row", ROWS, || {
            vec![
                variant("DataFusion SQL", native("sum(amount)")),
                variant("tiles, exact", ours(&[("amount", "sum", DataType::Float64)])),
            ]
        });
    }
}

/// Chronon's published run: 10,000 events over 180 days, 100,000 queries over the last 30, at multiples of 5 minutes.
fn windows(asked: &Asked) {
    const EVENTS: usize = 10_000;
    const QUERIES: usize = 100_000;
    let mut random = Random(11);
    let mut events: Vec<(i64, f64)> = (0..EVENTS)
        .map(|_| {
            (
                (random.below(180 * DAY as u64)) as i64,
                (random.below(100_000)) as f64 / 100.0,
            )
        })
        .collect();
    events.sort_by_key(|(time, _)| *time);
    let mut queries: Vec<i64> = (0..QUERIES)
        .map(|_| 150 * DAY + (random.below(30 * DAY as u64)) as i64 / (5 * MINUTE) * (5 * MINUTE))
        .collect();
    queries.sort_unstable();
    let sliding = |size: i64| TimeWindow::Sliding {
        size: Span::from_micros(size),
        offset: Span::ZERO,
    };
    let sizes = [
        sliding(60 * MINUTE),
        sliding(DAY),
        sliding(30 * DAY),
        TimeWindow::Lifetime,
    ];
    let features: Vec<(&str, usize, TimeWindow)> = sizes
        .iter()
        .flat_map(|window| [("mean", 0, *window), ("top_k(300)", 1, *window)])
        .collect();
    let columns = [
        ("amount", "sum", DataType::Float64),
        ("amount", "top_k(300)", DataType::Float64),
    ];
    let spec = Arc::new(spec(5 * MINUTE, &columns, &features));
    let title = "windows in Chronon's shape: mean and top 300 over 1 h, 1 d, 30 d and all";
    asked.compare(title, "ms", 1_000_000, || {
        vec![
            variant("from rows, values shared by equal times", || {
                let batch = tiles_of(&spec, &events);
                black_box(shared(&spec, &batch, &queries));
            }),
            variant("from rows, written out for each query", || {
                let batch = tiles_of(&spec, &events);
                let (columns, places) = shared(&spec, &batch, &queries);
                let places = arrow::array::UInt64Array::from(places);
                for column in columns {
                    black_box(arrow::compute::take(&column, &places, None).unwrap());
                }
            }),
        ]
    });
    // The naive way takes too long for rounds: it is run once, on some of the queries, and multiplied.
    if asked.titles.is_empty() || asked.titles.iter().any(|part| title.contains(part)) {
        const SOME: usize = 1000;
        let some: Vec<i64> = queries.iter().step_by(QUERIES / SOME).copied().collect();
        let started = std::time::Instant::now();
        let naive: Vec<Vec<(f64, Vec<f64>)>> = some.iter().map(|at| naive(&spec, &events, *at)).collect();
        let took = started.elapsed().as_secs_f64() * (QUERIES / SOME) as f64;
        println!("naive, over rows, from {SOME} of the queries: {took:.1} s");
        check(&spec, &events, &some, &naive);
    }
}

/// Tiles of one key's events.
fn tiles_of(spec: &TileSpec, events: &[(i64, f64)]) -> RecordBatch {
    let times: Vec<i64> = events.iter().map(|(time, _)| *time).collect();
    let amounts: ArrayRef = Arc::new(Float64Array::from_iter_values(events.iter().map(|(_, amount)| *amount)));
    let mut starts: Vec<i64> = Vec::new();
    let mut groups = Vec::with_capacity(times.len());
    for time in times {
        let start = spec.tile_start(Timestamp::from_micros(time)).micros();
        if starts.last() != Some(&start) {
            starts.push(start);
        }
        groups.push(starts.len() - 1);
    }
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("key".into(), Arc::new(Int64Array::from(vec![1; starts.len()]))),
        (
            START.into(),
            Arc::new(TimestampMicrosecondArray::from(starts.clone()).with_timezone("UTC")),
        ),
    ];
    for column in &spec.columns {
        let mut states = column.aggregation.states();
        states.grow(starts.len());
        let prepared = column.aggregation.prepare(&amounts).unwrap();
        let rows = Rows {
            values: prepared.as_ref(),
            order: None,
        };
        states.update(&groups, rows).unwrap();
        columns.push((column.name.clone(), Arc::new(states.encode().unwrap())));
    }
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The values at each distinct time, and for each query its place among them.
fn shared(spec: &Arc<TileSpec>, batch: &RecordBatch, queries: &[i64]) -> (Vec<ArrayRef>, Vec<u64>) {
    let mut edges: Vec<Timestamp> = Vec::new();
    let places = queries.iter().map(|at| {
        let edge = spec.leading_edge(Timestamp::from_micros(*at));
        if edges.last() != Some(&edge) {
            edges.push(edge);
        }
        (edges.len() - 1) as u64
    });
    let places = places.collect();
    let mut windows = Windows::new(Arc::clone(spec));
    windows
        .push(&Tiles::new(spec, batch).unwrap(), 0..batch.num_rows())
        .unwrap();
    windows.answer(&edges);
    (windows.flush().unwrap().columns, places)
}

/// Mean and top 300 of each window, over rows.
fn naive(spec: &TileSpec, events: &[(i64, f64)], at: i64) -> Vec<(f64, Vec<f64>)> {
    spec.windows
        .iter()
        .map(|window| {
            let window = window
                .at(Timestamp::from_micros(at), spec.lifetime_start)
                .next()
                .unwrap();
            let rows = events
                .iter()
                .filter(|(time, _)| window.contains(Timestamp::from_micros(*time)));
            let mut amounts: Vec<f64> = rows.map(|(_, amount)| *amount).collect();
            let mean = amounts.iter().sum::<f64>() / amounts.len() as f64;
            amounts.sort_by(|a, b| b.total_cmp(a));
            amounts.truncate(300);
            (mean, amounts)
        })
        .collect()
}

/// The quick way gives what the naive one does.
fn check(spec: &Arc<TileSpec>, events: &[(i64, f64)], queries: &[i64], naive: &[Vec<(f64, Vec<f64>)>]) {
    let (columns, places) = shared(spec, &tiles_of(spec, events), queries);
    for ((_, output), column) in spec.outputs().into_iter().zip(&columns) {
        let Output::Aggregate(feature) = output else { continue };
        let feature = &spec.features[feature];
        for (place, naive) in places.iter().zip(naive) {
            let (mean, top) = &naive[feature.window];
            let row = *place as usize;
            match column.data_type() {
                DataType::List(_) => {
                    let found = column.as_list::<i32>().value(row);
                    let found: Vec<f64> = match column.is_null(row) {
                        true => vec![],
                        false => found.as_primitive::<Float64Type>().values().to_vec(),
                    };
                    assert_eq!(found, *top);
                }
                _ if column.is_null(row) => assert!(mean.is_nan()),
                _ => {
                    let found = column.as_primitive::<Float64Type>().value(row);
                    assert!((found - mean).abs() <= 1e-9 * mean.abs(), "{found} for {mean}");
                }
            }
        }
    }
}
