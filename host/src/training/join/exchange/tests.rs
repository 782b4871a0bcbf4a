use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, DictionaryArray, Int64Array, RecordBatch, StringArray, StringViewArray, UInt32Array,
};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Int32Type, Int64Type, SchemaRef};
use datafusion::catalog::memory::DataSourceExec;
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::prelude::{SessionConfig, SessionContext};
use futures::{StreamExt, TryStreamExt};
use proptest::prelude::*;

use super::ExchangeExec;
use crate::training::join::through::ThroughExec;
use crate::training::parked::Budget;

/// Keys of two columns, one of which has nulls, and columns that hold more than their own rows.
fn rows(count: i64, keys: i64) -> RecordBatch {
    let text =
        |row: i64| (row % 5 != 1).then(|| format!("{}{row}", "long enough for a buffer ".repeat((row % 3) as usize)));
    let dictionary: DictionaryArray<Int32Type> = (0..count)
        .map(|row| ["a", "b", "ç"].get((row % 4) as usize).copied())
        .collect();
    let name = |row: i64| (row % keys % 7 > 0).then(|| format!("key {}", row % keys % 3));
    let columns: [(&str, ArrayRef); 5] = [
        (
            "id",
            Arc::new((0..count).map(|row| Some(row % keys)).collect::<Int64Array>()),
        ),
        ("name", Arc::new((0..count).map(name).collect::<StringArray>())),
        ("view", Arc::new((0..count).map(text).collect::<StringViewArray>())),
        ("dictionary", Arc::new(dictionary)),
        ("row", Arc::new(Int64Array::from_iter_values(0..count))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, name != "row")))
        .expect("columns")
}

fn partitioned(rows: &RecordBatch, batch: usize, partitions: usize) -> Vec<Vec<RecordBatch>> {
    let mut dealt = vec![Vec::new(); partitions];
    for (at, start) in (0..rows.num_rows()).step_by(batch).enumerate() {
        dealt[at % partitions].push(rows.slice(start, batch.min(rows.num_rows() - start)));
    }
    dealt
}

fn leaf(input: &[Vec<RecordBatch>], schema: SchemaRef) -> Arc<DataSourceExec> {
    MemorySourceConfig::try_new_exec(input, schema, None).expect("a leaf")
}

/// What each partition comes to, and how often something was put on the disk.
fn exchanged(input: Arc<dyn ExecutionPlan>, partitions: usize, memory: usize) -> Result<(Vec<RecordBatch>, usize)> {
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(memory)));
    let session = SessionContext::new_with_config_rt(SessionConfig::new(), Arc::new(runtime.build()?));
    let budget = Budget::of(session.runtime_env().memory_pool.as_ref());
    let keys = vec!["id".to_owned(), "name".to_owned()];
    let node = Arc::new(ExchangeExec::try_new(input, keys, partitions, budget)?);
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    let schema = node.schema();
    let streams = (0..partitions).map(|partition| node.execute(partition, session.task_ctx()));
    let streams = streams.collect::<Result<Vec<_>>>()?;
    // All at once: whoever comes first fills the buckets, and the others wait.
    let all = streams.into_iter().map(|stream| stream.try_collect::<Vec<_>>());
    let all = tokio.block_on(futures::future::try_join_all(all))?;
    let spills = node
        .metrics()
        .and_then(|metrics| metrics.spill_count())
        .unwrap_or_default();
    // Though the node is still there.
    assert_eq!(session.runtime_env().memory_pool.reserved(), 0);
    let all = all.iter().map(|batches| {
        assert!(batches.iter().all(|batch| batch.num_rows() <= 8_192));
        concat_batches(&schema, batches).map_err(Into::into)
    });
    Ok((all.collect::<Result<_>>()?, spills))
}

/// Each row is there once and as it was, and rows of a key are in one partition.
fn check(rows: &RecordBatch, exchanged: &[RecordBatch]) {
    let all = concat_batches(&rows.schema(), exchanged).expect("of one schema");
    let places = all.column(4).as_primitive::<Int64Type>();
    let mut order: Vec<u32> = (0..all.num_rows() as u32).collect();
    order.sort_by_key(|at| places.value(*at as usize));
    assert_eq!(
        take_record_batch(&all, &UInt32Array::from(order)).expect("rows that there are"),
        *rows
    );
    let mut partition_of: BTreeMap<i64, usize> = BTreeMap::new();
    for (partition, rows) in exchanged.iter().enumerate() {
        for id in rows.column(0).as_primitive::<Int64Type>().values() {
            assert_eq!(*partition_of.entry(*id).or_insert(partition), partition, "key {id}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn rows_of_a_key_come_together(
        count in prop_oneof![0..40_i64, 8_100..8_300_i64, 16_300..20_000_i64],
        keys in 1..3_000_i64,
        batch in 1..9_000_usize,
        inputs in 1..4_usize,
        partitions in 1..70_usize,
    ) {
        let batch = batch.max(count as usize / 50 + 1);
        let rows = rows(count, keys);
        let input = leaf(&partitioned(&rows, batch, inputs), rows.schema());
        let (exchanged, spills) = exchanged(input, partitions, 1 << 30).expect("exchanged");
        prop_assert_eq!(spills, 0);
        check(&rows, &exchanged);
    }
}

#[test]
fn what_does_not_fit_goes_by_the_disk() {
    let rows = rows(400_000, 30_000);
    let input = leaf(&partitioned(&rows, 8_192, 3), rows.schema());
    let (exchanged, spills) = exchanged(input, 16, 1 << 20).expect("exchanged");
    assert!((1..20).contains(&spills), "{spills}");
    check(&rows, &exchanged);
}

#[test]
fn keys_are_spread_over_all_partitions() {
    let rows = rows(20_000, 20_000);
    let input = leaf(&partitioned(&rows, 8_192, 1), rows.schema());
    let (exchanged, _) = exchanged(input, 32, 1 << 30).expect("exchanged");
    // 625 each, and a deviation of 25.
    let counts: Vec<usize> = exchanged.iter().map(RecordBatch::num_rows).collect();
    assert!(counts.iter().all(|count| (450..800).contains(count)), "{counts:?}");
}

#[test]
fn every_partition_ends_with_the_error_of_the_rows() {
    let rows = rows(20_000, 100);
    let schema = rows.schema();
    let failing = |input: SendableRecordBatchStream| {
        let schema = input.schema();
        let failure = futures::stream::once(async { Err(DataFusionError::Execution("the rows end here".to_owned())) });
        Box::pin(RecordBatchStreamAdapter::new(schema, input.chain(failure))) as SendableRecordBatchStream
    };
    let input = leaf(&partitioned(&rows, 1_000, 2), schema);
    let input = Arc::new(ThroughExec::new("Failing", String::new(), input, Arc::new(failing)));
    let error = exchanged(input, 4, 1 << 30).expect_err("rows that fail").to_string();
    assert!(error.contains("the rows end here"), "{error}");
}

#[tokio::test]
async fn a_partition_is_handed_out_once() {
    let rows = rows(10, 3);
    let session = SessionContext::new();
    let budget = Budget::of(session.runtime_env().memory_pool.as_ref());
    let input = leaf(&[vec![rows.clone()]], rows.schema());
    let node = ExchangeExec::try_new(input, vec!["id".to_owned()], 1, budget).expect("a node");
    let all = |node: &ExchangeExec| {
        let rows = node.execute(0, session.task_ctx()).expect("a stream");
        rows.try_collect::<Vec<_>>()
    };
    assert_eq!(all(&node).await.expect("rows").len(), 1);
    let error = all(&node).await.expect_err("no rows").to_string();
    assert!(error.contains("bucket 0 was taken"), "{error}");
    assert!(node.execute(1, session.task_ctx()).is_err());
}
