use arrow::array::{ArrayRef, Int64Array};
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionConfig;

use super::*;
use crate::source::exec::NormalizeExec;
use crate::source::shape::{Column, Shape, Stored, Wanted};
use crate::source::times::TimeKind;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// Rows with these times, in this order, over some partitions; their value is their place.
async fn scan(times: &[i64], memory_bytes_max: usize) -> (SharedScan, Arc<Hold>) {
    let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(3));
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values(0..times.len() as i64));
    let column: ArrayRef = Arc::new(Int64Array::from(times.to_vec()));
    let batch = RecordBatch::try_from_iter([("value", values), ("t", column)]).expect("a batch");
    let third = batch.num_rows().div_ceil(3);
    let parts = (0..3).map(|part| {
        let from = (part * third).min(batch.num_rows());
        vec![batch.slice(from, third.min(batch.num_rows() - from))]
    });
    let table = MemTable::try_new(batch.schema(), parts.collect()).expect("a table");
    let frame = session.read_table(Arc::new(table)).expect("a frame");
    let plan = frame.create_physical_plan().await.expect("a plan");
    let wanted = Wanted {
        columns: Arc::new(batch.schema().project(&[0]).expect("a column")),
        keys: Vec::new(),
        range: None,
        and_time: true,
    };
    let column = |(index, name): (usize, &str)| Column {
        name: name.to_owned(),
        index,
        data_type: Some(arrow::datatypes::DataType::Int64),
    };
    let stored = Stored {
        columns: ["value", "t"].into_iter().enumerate().map(column).collect(),
        time_column: "t".into(),
        time_kind: TimeKind::Ticks(crate::definition::TimestampUnit::Us),
        elsewhere: std::collections::BTreeSet::new(),
        files: None,
        folders: None,
    };
    let shape = Arc::new(Shape::new(&stored, wanted).expect("a shape"));
    let schema = Arc::clone(shape.schema());
    let hold = Hold::new(session.runtime_env(), memory_bytes_max);
    let normalized = Arc::new(NormalizeExec::new("s".into(), shape, plan));
    let scan = SourceScan::new(&schema, vec![normalized], ScanMetrics::default(), 3).expect("a scan");
    let shared = SharedScan::new(&session, scan, Arc::clone(&hold)).expect("a shared scan");
    (shared, hold)
}

async fn values(window: Window) -> Vec<i64> {
    let session = SessionContext::new();
    let batches = datafusion::physical_plan::collect(window.plan().expect("a plan"), session.task_ctx());
    let batches = batches.await.expect("rows");
    let mut values: Vec<i64> = batches
        .iter()
        .flat_map(|batch| {
            assert_eq!(batch.num_columns(), 1, "the time is not handed out");
            batch
                .column(0)
                .as_primitive::<arrow::datatypes::Int64Type>()
                .values()
                .to_vec()
        })
        .collect();
    values.sort_unstable();
    values
}

/// By looking at every row.
fn expected(times: &[i64], range: Interval) -> Vec<i64> {
    let inside = times.iter().enumerate().filter(|(_, time)| range.contains(at(**time)));
    inside.map(|(place, _)| place as i64).collect()
}

#[tokio::test]
async fn windows_are_what_a_scan_of_their_range_would_be() {
    let mut state = 7u64;
    let mut random = |end: u64| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    for round in 0..60 {
        let rows = [0, 1, 5, 3_000, 40_000][round % 5];
        let span = [1, 10, 1_000][round % 3];
        let times: Vec<i64> = (0..rows).map(|_| random(span) as i64).collect();
        // All in memory, all on disk, or some of both.
        let (mut shared, hold) = scan(&times, [usize::MAX, 0, 100_000][round % 3]).await;
        let (mut start, mut end) = (-3i64, 0i64);
        let mut windows = Vec::new();
        while start < span as i64 {
            let range = Interval {
                start: at(start),
                end: at(end),
            };
            let window = shared.window(Some(range)).await.expect("a window");
            windows.push((range, window));
            end += 1 + random(span / 5 + 1) as i64;
            start = (start + random(span / 4 + 2) as i64).min(end - 1);
        }
        // Read after the scan has gone on: they hold what is theirs.
        for (range, window) in windows {
            assert_eq!(values(window).await, expected(&times, range), "round {round}, {range}");
        }
        let spills = round % 3 == 1 && rows > 0;
        assert_eq!(
            hold.spilled_bytes() > 0,
            spills || (round % 3 == 2 && rows > 3_000),
            "round {round}"
        );
        drop(shared);
        assert_eq!(hold.memory_bytes.load(std::sync::atomic::Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn all_rows_for_everyone_where_there_is_no_range() {
    let times: Vec<i64> = (0..20_000).rev().collect();
    let (mut shared, _) = scan(&times, usize::MAX).await;
    for _ in 0..2 {
        let window = shared.window(None).await.expect("a window");
        assert_eq!(values(window).await.len(), 20_000);
    }
    assert_eq!(shared.counts().rows_read, 20_000);
}

#[tokio::test]
async fn what_nobody_reads_any_more_is_let_go_of() {
    let times: Vec<i64> = (0..100_000).collect();
    let (mut shared, hold) = scan(&times, usize::MAX).await;
    let mut most = 0;
    for start in (0..100_000).step_by(1_000) {
        let range = Interval {
            start: at(start - 5_000),
            end: at(start + 1_000),
        };
        let window = shared.window(Some(range)).await.expect("a window");
        assert_eq!(values(window).await, expected(&times, range));
        most = most.max(hold.memory_bytes.load(std::sync::atomic::Ordering::Relaxed));
    }
    // Two columns of eight bytes; the window, and what is pulled at a time.
    assert!(most < 16 * (6_000 + 4 * 8_192), "{most} bytes");
}
