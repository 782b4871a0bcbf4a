//! Windows over tiles against brute force over rows.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Int64Type};
use proptest::prelude::*;

use super::*;
use crate::aggregate::{Aggregation, Rows};
use crate::definition::{JoinKey, KeyKind};
use crate::time::{Grid, Interval, Span, Timestamp};

/// Hours in microseconds.
const HOUR: i64 = 3_600_000_000;

#[derive(Debug, Clone)]
struct Event {
    key: i64,
    secondary: String,
    at: i64,
    amount: Option<i64>,
}

fn event() -> impl Strategy<Value = Event> {
    let time = prop_oneof![
        -50 * HOUR..150 * HOUR,
        (-50_i64..150).prop_map(|hour| hour * HOUR),
        (-50_i64..150).prop_map(|hour| hour * HOUR - 1),
    ];
    (0_i64..4, 0_u8..3, time, proptest::option::weighted(0.9, -100_i64..100)).prop_map(
        |(key, secondary, at, amount)| Event {
            key,
            secondary: "abc"[usize::from(secondary)..=usize::from(secondary)].to_owned(),
            at,
            amount,
        },
    )
}

fn span(hours: i64) -> Span {
    Span::from_micros(hours * HOUR)
}

fn window(interval: i64) -> impl Strategy<Value = TimeWindow> {
    let many = move |n: i64| span(n * interval);
    prop_oneof![
        4 => (1_i64..40, 0_i64..10).prop_map(move |(size, offset)| TimeWindow::Sliding { size: many(size), offset: many(-offset) }),
        1 => Just(TimeWindow::Lifetime),
        2 => (1_i64..4, 1_i64..4, 1_i64..5, 0_i64..3).prop_map(move |(step, size, count, end)| TimeWindow::Series {
            start: many(-(end + step * (count - 1) + size)),
            end: many(-end),
            step: many(step),
            size: many(size),
        }),
    ]
}

#[derive(Debug, Clone)]
struct Case {
    events: Vec<Event>,
    spec: Arc<TileSpec>,
    /// Edges of each key.
    edges: Vec<Vec<i64>>,
    /// Rows of a batch.
    batch: usize,
    /// Answers between two flushes.
    flush: usize,
}

fn case() -> impl Strategy<Value = Case> {
    (prop_oneof![Just(1_i64), Just(2), Just(3)], 1_i64..9, any::<bool>()).prop_flat_map(
        |(interval, steps, by_secondary)| {
            let windows = proptest::collection::vec(window(interval), 1..4).prop_filter(
                "a series has no secondary keys",
                move |windows| {
                    !by_secondary
                        || windows
                            .iter()
                            .all(|window| !matches!(window, TimeWindow::Series { .. }))
                },
            );
            let edges = proptest::collection::vec(proptest::collection::vec(-10_i64..30, 0..6), 4);
            (
                proptest::collection::vec(event(), 0..80),
                windows,
                edges,
                1_usize..40,
                1_usize..6,
                -20_i64..20,
            )
                .prop_map(move |(events, windows, edges, batch, flush, lifetime)| {
                    let step = interval * steps;
                    let schedule = Grid::new(Timestamp::from_micros(interval * HOUR), span(step)).expect("positive");
                    let spec = spec(schedule, interval, by_secondary, windows, lifetime * interval);
                    let edges = edges.into_iter().map(|mut edges| {
                        edges.sort_unstable();
                        edges.into_iter().map(|edge| (interval + edge * step) * HOUR).collect()
                    });
                    Case {
                        events,
                        spec: Arc::new(spec),
                        edges: edges.collect(),
                        batch,
                        flush,
                    }
                })
        },
    )
}

fn spec(schedule: Grid, interval: i64, by_secondary: bool, mut windows: Vec<TimeWindow>, lifetime: i64) -> TileSpec {
    windows.sort_unstable();
    windows.dedup();
    let functions = ["count", "max"].map(|function| {
        Aggregation::new(function.parse().expect("a function"), &DataType::Int64).expect("takes int64")
    });
    let columns = functions.iter().map(|aggregation| TileColumn {
        name: format!("__amount__{}", aggregation.function()),
        column: "amount".into(),
        aggregation: aggregation.clone(),
    });
    let features = (0..windows.len()).flat_map(|window| {
        functions
            .iter()
            .enumerate()
            .map(move |(column, aggregation)| TileFeature {
                // In the order of the names.
                name: format!("z_{window}_{column}"),
                column,
                window,
                aggregation: aggregation.clone(),
            })
    });
    TileSpec {
        keys: vec![JoinKey {
            name: "key".into(),
            kind: KeyKind::Int64,
        }],
        secondary: by_secondary.then(|| ("secondary".to_owned(), DataType::Utf8)),
        time_column: "time".into(),
        order: vec![],
        interval: span(interval),
        schedule,
        data_delay: Span::ZERO,
        lifetime_start: Timestamp::from_micros(lifetime * HOUR),
        features: features.collect(),
        columns: columns.collect(),
        windows,
    }
}

/// The tiles of events, in batches.
fn tiles(case: &Case) -> Vec<RecordBatch> {
    let by = |event: &Event| {
        let secondary = case.spec.secondary.as_ref().map(|_| event.secondary.clone());
        (
            event.key,
            secondary.unwrap_or_default(),
            tile_around(event.at, case.spec.interval).start,
        )
    };
    let mut events = case.events.clone();
    events.sort_by_key(by);
    let groups: Vec<&[Event]> = events.chunk_by(|a, b| by(a) == by(b)).collect();
    let batches = groups.chunks(case.batch).map(|groups| {
        let mut columns: Vec<(String, ArrayRef)> = vec![
            (
                "key".into(),
                Arc::new(groups.iter().map(|group| Some(group[0].key)).collect::<Int64Array>()),
            ),
            (
                START.into(),
                Arc::new(
                    groups
                        .iter()
                        .map(|group| Some(by(&group[0]).2))
                        .collect::<TimestampMicrosecondArray>()
                        .with_timezone("UTC"),
                ),
            ),
        ];
        if case.spec.secondary.is_some() {
            let values: StringArray = groups.iter().map(|group| Some(group[0].secondary.as_str())).collect();
            columns.push(("secondary".into(), Arc::new(values)));
        }
        for column in &case.spec.columns {
            let encoded: BinaryArray = groups
                .iter()
                .map(|group| {
                    let amounts: Int64Array = group.iter().map(|event| event.amount).collect();
                    let mut states = column.aggregation.states();
                    states.grow(1);
                    let rows = Rows {
                        values: &amounts,
                        order: None,
                    };
                    states.update(&vec![0; group.len()], rows).expect("prepared");
                    let encoded = states.encode().expect("a state that fits");
                    Some(encoded.value(0).to_vec())
                })
                .collect();
            columns.push((column.name.clone(), Arc::new(encoded)));
        }
        RecordBatch::try_from_iter(columns).expect("columns of one length")
    });
    batches.collect()
}

/// The features of a key at an edge as text, by brute force.
fn expected(case: &Case, key: i64, edge: i64) -> Vec<String> {
    let in_window =
        |event: &&Event, window: &Interval| event.key == key && window.contains(Timestamp::from_micros(event.at));
    let value = |events: &[&Event], function: usize| {
        let amounts = events.iter().filter_map(|event| event.amount);
        match function {
            0 => Some(amounts.count() as i64).filter(|count| *count > 0),
            _ => amounts.max(),
        }
    };
    let windows: Vec<Vec<Interval>> = case
        .spec
        .windows
        .iter()
        .map(|window| {
            window
                .at(Timestamp::from_micros(edge), case.spec.lifetime_start)
                .collect()
        })
        .collect();
    let secondary_keys = |window: &Interval| {
        let mut keys: Vec<&str> = case
            .events
            .iter()
            .filter(|event| in_window(event, window))
            .map(|event| event.secondary.as_str())
            .collect();
        keys.sort_unstable();
        keys.dedup();
        keys
    };
    let outputs = case.spec.outputs().into_iter();
    outputs
        .map(|(_, output)| {
            let (windows, function) = match output {
                Output::Keys(window) => return format!("{:?}", secondary_keys(&windows[window][0])),
                Output::Aggregate(at) => (&windows[case.spec.features[at].window], case.spec.features[at].column),
            };
            let of = |window: &Interval, secondary: Option<&str>| {
                let events = case.events.iter().filter(|event| in_window(event, window));
                let events: Vec<&Event> = events
                    .filter(|event| secondary.is_none_or(|secondary| event.secondary == secondary))
                    .collect();
                value(&events, function)
            };
            let values: Vec<Option<i64>> = match case.spec.secondary {
                Some(_) => {
                    let keys = secondary_keys(&windows[0]).into_iter();
                    keys.map(|key| of(&windows[0], Some(key))).collect()
                }
                None => windows.iter().map(|window| of(window, None)).collect(),
            };
            format!("{values:?}")
        })
        .collect()
}

fn shown(column: &ArrayRef, row: usize) -> String {
    let integers = |array: &dyn Array| format!("{:?}", array.as_primitive::<Int64Type>().iter().collect::<Vec<_>>());
    match column.data_type() {
        DataType::List(field) if *field.data_type() == DataType::Utf8 => {
            let values = column.as_list::<i32>().value(row);
            format!("{:?}", values.as_string::<i32>().iter().flatten().collect::<Vec<_>>())
        }
        DataType::List(_) => integers(&column.as_list::<i32>().value(row)),
        _ => integers(&column.slice(row, 1)),
    }
}

proptest! {
    #[test]
    fn windows_are_what_their_rows_come_to(case in case()) {
        let batches = tiles(&case);
        let mut windows = Windows::new(Arc::clone(&case.spec));
        let (mut found, mut wanted) = (Vec::new(), Vec::new());
        let mut flush = |windows: &mut Windows| {
            let answers = windows.answers();
            let flushed = windows.flush().expect("tiles of this spec");
            for row in 0..answers {
                found.push(flushed.columns.iter().map(|column| shown(column, row)).collect::<Vec<_>>());
            }
        };
        for (key, edges) in case.edges.iter().enumerate() {
            let key = key as i64;
            for batch in &batches {
                let tiles = Tiles::new(&case.spec, batch).expect("tiles");
                let keys = batch.column_by_name("key").expect("keys").as_primitive::<Int64Type>();
                let from = keys.values().partition_point(|other| *other < key);
                let to = keys.values().partition_point(|other| *other <= key);
                if from < to {
                    windows.push(&tiles, from..to).expect("tiles");
                }
            }
            // Some of a key's answers come after a flush.
            let (first, second) = edges.split_at(edges.len() / 2);
            for edges in [first, second] {
                let at: Vec<Timestamp> = edges.iter().map(|edge| Timestamp::from_micros(*edge)).collect();
                windows.answer(&at);
                wanted.extend(edges.iter().map(|edge| expected(&case, key, *edge)));
                if windows.answers() >= case.flush {
                    flush(&mut windows);
                }
            }
            windows.next_key();
        }
        flush(&mut windows);
        prop_assert_eq!(found, wanted);
    }
}
