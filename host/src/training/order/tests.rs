use arrow::array::RecordBatch;
use arrow::array::{
    ArrayRef, DictionaryArray, FixedSizeListArray, Int64Array, ListArray, StringArray, StringViewArray, UInt64Array,
};
use arrow::compute::{concat_batches, take_record_batch};
use arrow::datatypes::{Float32Type, Int32Type, SchemaRef};
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::{SessionConfig, SessionContext};
use proptest::prelude::*;

use super::*;

/// Rows in order, of types that hold more than their own rows and of such that do not.
fn rows(count: u64) -> RecordBatch {
    let text = |row: u64| {
        (row % 5 != 1).then(|| format!("{}{row}", "long enough for a view's buffer ".repeat((row % 3) as usize)))
    };
    let dictionary: DictionaryArray<Int32Type> = (0..count)
        .map(|row| ["a", "b", "ç"].get((row % 4) as usize).copied())
        .collect();
    let lists = (0..count).map(|row| (row % 7 > 0).then(|| vec![Some(row as f32); (row % 4) as usize]));
    let vectors = (0..count).map(|row| (row % 9 > 0).then(|| vec![Some(row as f32), None]));
    let columns: [(&str, ArrayRef); 7] = [
        (
            "number",
            Arc::new(
                (0..count)
                    .map(|row| (row % 3 > 0).then_some(row as i64 * 3))
                    .collect::<Int64Array>(),
            ),
        ),
        ("text", Arc::new((0..count).map(text).collect::<StringArray>())),
        ("view", Arc::new((0..count).map(text).collect::<StringViewArray>())),
        ("dictionary", Arc::new(dictionary)),
        (
            "list",
            Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(lists)),
        ),
        (
            "vector",
            Arc::new(FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(vectors, 2)),
        ),
        ("place", Arc::new(UInt64Array::from_iter_values(0..count))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, name != "place")))
        .expect("columns")
}

/// In batches of this many rows, dealt to partitions.
fn partitioned(rows: &RecordBatch, order: &[u64], batch: usize, partitions: usize) -> Vec<Vec<RecordBatch>> {
    let mut dealt = vec![Vec::new(); partitions];
    for (at, order) in order.chunks(batch).enumerate() {
        let order = UInt64Array::from(order.to_vec());
        dealt[at % partitions].push(take_record_batch(rows, &order).expect("rows that there are"));
    }
    dealt
}

/// What comes out, and how often something was put on the disk.
fn in_order(
    input: &[Vec<RecordBatch>],
    schema: SchemaRef,
    rows: u64,
    memory: usize,
) -> Result<(Vec<RecordBatch>, usize)> {
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(memory)));
    let session = SessionContext::new_with_config_rt(SessionConfig::new(), Arc::new(runtime.build()?));
    let input = MemorySourceConfig::try_new_exec(input, schema, None)?;
    let node = Arc::new(InOrderExec::try_new(
        input,
        "place",
        rows,
        Budget::of(session.runtime_env().memory_pool.as_ref()),
    )?);
    let stream = execute_stream(Arc::clone(&node) as _, session.task_ctx())?;
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .expect("a runtime");
    let batches = tokio.block_on(stream.try_collect::<Vec<_>>())?;
    assert_eq!(session.runtime_env().memory_pool.reserved(), 0);
    Ok((
        batches,
        node.metrics()
            .and_then(|metrics| metrics.spill_count())
            .unwrap_or_default(),
    ))
}

/// A permutation of these many.
fn shuffled(count: u64, seed: u64) -> Vec<u64> {
    let mut order: Vec<u64> = (0..count).collect();
    let mut state = seed;
    for at in (1..order.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        order.swap(at, (state >> 33) as usize % (at + 1));
    }
    order
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever batches and partitions rows come in, they come out in the order of their places, each once and as they were.
    #[test]
    fn rows_come_back_in_order(
        count in prop_oneof![0..40_u64, 8_100..8_300_u64, 16_300..20_000_u64],
        batch in 1..9_000_usize,
        partitions in 1..4_usize,
        seed in any::<u64>(),
    ) {
        let batch = batch.max(count as usize / 50 + 1);
        let rows = rows(count);
        let input = partitioned(&rows, &shuffled(count, seed), batch, partitions);
        let (batches, spills) = in_order(&input, rows.schema(), count, 1 << 30).expect("in order");
        prop_assert_eq!(spills, 0);
        prop_assert!(batches.iter().all(|batch| (1..=8_192).contains(&batch.num_rows())));
        prop_assert_eq!(concat_batches(&rows.schema(), &batches).expect("of one schema"), rows);
    }
}

#[test]
fn what_does_not_fit_goes_by_the_disk() {
    let rows = rows(300_000);
    let input = partitioned(&rows, &shuffled(300_000, 7), 8_192, 2);
    let (batches, spills) = in_order(&input, rows.schema(), 300_000, 1 << 20).expect("in order");
    assert!((2..20).contains(&spills), "{spills}");
    assert_eq!(concat_batches(&rows.schema(), &batches).expect("of one schema"), rows);
}

#[test]
fn places_are_all_there_and_each_once() {
    let rows = rows(20_000);
    let whole = shuffled(20_000, 1);
    let message = |order: &[u64], count: u64| {
        let input = partitioned(&rows, order, 1_000, 2);
        in_order(&input, rows.schema(), count, 1 << 30)
            .expect_err("not a permutation")
            .to_string()
    };
    let missing = message(&whole[1..], 20_000);
    assert!(missing.contains("rows for"), "{missing}");
    let mut twice = whole.clone();
    twice[0] = twice[1];
    let twice = message(&twice, 20_000);
    assert!(twice.contains("a place that is taken"), "{twice}");
    let beyond = message(&whole, 19_999);
    assert!(beyond.contains("place 19999 of 19999"), "{beyond}");
}

#[test]
fn ranges_of_many_rows() {
    for (rows, count, last) in [
        (0, 0, None),
        (1, 1, Some(1)),
        (8_192, 1, Some(8_192)),
        (8_193, 2, Some(1)),
        (1 << 40, 4_096, Some(1 << 28)),
    ] {
        let ranges = Ranges::new(rows, 0);
        assert_eq!(ranges.count(), count, "{rows}");
        assert_eq!(count.checked_sub(1).map(|last| ranges.length(last)), last, "{rows}");
    }
    assert!(Ranges::new(u64::MAX, 0).count() <= 4_096);
}
