use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType};
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::physical_plan::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::{SessionContext, col};
use futures::StreamExt;
use tempfile::TempDir;

use super::*;
use crate::error::{Classified, Kind};
use crate::storage::Place;
use crate::time::{Interval, Span, Timestamp};

mod append;
mod derived;
mod forget;
mod model;
mod racing;
mod shapes;
mod timing;
mod upkeep;

const LABEL: &str = "shop.clicks.v1";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

fn interval(start: &str, end: &str) -> Interval {
    Interval::new(at(start), at(end)).expect("in order")
}

fn micros(start: i64, end: i64) -> Interval {
    Interval::new(Timestamp::from_micros(start), Timestamp::from_micros(end)).expect("in order")
}

fn time_type() -> DataType {
    DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()))
}

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![
        Field::new("key", DataType::Int64, true),
        Field::new("timestamp", time_type(), false),
    ]))
}

fn spec(partition: Granularity) -> TableSpec {
    TableSpec {
        name: LABEL.to_owned(),
        description: "clicks".to_owned(),
        schema: schema(),
        time_column: "timestamp".to_owned(),
        partition,
        derived: false,
        retention: Span::from_days(30),
    }
}

fn location(folder: &TempDir) -> Place {
    Place::from(folder.path()).join("rows")
}

async fn table(folder: &TempDir, partition: Granularity) -> OfflineTable {
    OfflineTable::create(&location(folder), spec(partition))
        .await
        .expect("created")
}

async fn opened(folder: &TempDir) -> OfflineTable {
    OfflineTable::open(&location(folder))
        .await
        .expect("opened")
        .expect("is there")
}

fn stream(batch: RecordBatch) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(
        batch.schema(),
        futures::stream::iter([Ok(batch)]),
    ))
}

/// Rows of (time in microseconds, key).
fn batch(rows: &[(i64, i64)]) -> RecordBatch {
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.0)).with_timezone("UTC");
    let keys = Int64Array::from_iter_values(rows.iter().map(|row| row.1));
    RecordBatch::try_new(schema(), vec![Arc::new(keys), Arc::new(times)]).expect("a batch")
}

async fn job(table: &OfflineTable, interval: Interval, rows: &[(i64, i64)], attempt: u64) -> JobCommit {
    let staged = table.stage(interval, stream(batch(rows))).await.expect("staged");
    assert_eq!(staged.rows, rows.len() as u64);
    JobCommit {
        staged,
        attempt: Attempt::new(attempt).expect("positive"),
        reads: Reads::default(),
    }
}

/// Rows and how often each is there.
async fn rows_in(table: &OfflineTable, range: Option<Interval>) -> BTreeMap<(i64, i64), usize> {
    let frame = table.scan(&SessionContext::new(), range, None).expect("a scan");
    let mut rows = BTreeMap::new();
    for batch in frame.collect().await.expect("rows") {
        assert_eq!(batch.schema().fields(), schema().fields());
        let keys = batch.column(0).as_primitive::<Int64Type>();
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        for (time, key) in times.values().iter().zip(keys.values()) {
            *rows.entry((*time, *key)).or_default() += 1;
        }
    }
    rows
}

fn multiset(rows: &[(i64, i64)]) -> BTreeMap<(i64, i64), usize> {
    let mut set = BTreeMap::new();
    for row in rows {
        *set.entry(*row).or_default() += 1;
    }
    set
}
