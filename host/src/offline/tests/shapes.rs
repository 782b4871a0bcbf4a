//! What is written, and what is refused.

use arrow::array::{
    BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float32Array, Int8Array, Int32Builder, ListBuilder,
    MapBuilder, StringArray, StringBuilder, StringViewArray, StructArray,
};

use super::*;

fn log_entry(folder: &TempDir, version: u64) -> Vec<serde_json::Value> {
    let path = folder.path().join(format!("rows/_delta_log/{version:020}.json"));
    let text = std::fs::read_to_string(path).expect("an entry");
    text.lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect()
}

#[tokio::test]
async fn shared_commits_and_their_log() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    let january = interval("1997-01-01", "1997-02-01");
    let february = interval("1997-02-01", "1997-03-01");
    let rows = [(january.start.micros(), 1), (january.end.micros() - 1, 2)];
    let mut jobs = vec![
        job(&table, january, &rows, 1).await,
        job(&table, february, &[], 1).await,
    ];
    let read = SourceRead {
        source: "clicks".to_owned(),
        files: vec![FileRead {
            path: "a.parquet".to_owned(),
            size: 7,
            modified: at("1997-03-01T00:00:00.5Z"),
            e_tag: None,
        }],
        version: None,
    };
    jobs[0].reads = Reads { sources: vec![read] };
    let reads = jobs[0].reads.clone();
    let committed = table.commit(jobs).await.expect("committed");
    assert_eq!((committed.version, committed.added, committed.removed), (1, 1, 0));
    let entry = log_entry(&folder, 1);
    let txns: Vec<_> = entry.iter().filter_map(|line| line.get("txn")).collect();
    assert_eq!(txns.len(), 2);
    assert_eq!(
        txns[0]["appId"],
        format!("sandglass:{LABEL}:1997-01-01T00:00:00Z/1997-02-01T00:00:00Z")
    );
    assert_eq!(txns[0]["version"], 1);
    let info = &entry[0]["commitInfo"];
    assert!(info["engineInfo"].as_str().expect("text").starts_with("sandglass/"));
    assert_eq!(
        info["sandglass"]["intervals"][0],
        "1997-01-01T00:00:00Z/1997-03-01T00:00:00Z"
    );
    let add = entry.iter().find_map(|line| line.get("add")).expect("a file");
    assert_eq!(add["partitionValues"]["__month"], "1997-01");

    let coverage = table.coverage();
    assert_eq!(coverage.union(), [interval("1997-01-01", "1997-03-01")]);
    assert_eq!(coverage.contiguous_from(at("1997-01-15")), at("1997-03-01"));
    assert_eq!(coverage.contiguous_from(at("1996-12-31")), at("1996-12-31"));
    assert_eq!(coverage.next_attempt(february).number(), 2);
    let ledger = opened(&folder).await.reads().await.expect("reads");
    assert_eq!((ledger[0].interval, &ledger[0].reads), (january, &reads));
    assert_eq!((ledger[1].interval, &ledger[1].reads), (february, &Reads::default()));

    // An empty job over January takes its rows away.
    let empty = job(&table, january, &[], 2).await;
    let committed = table.commit(vec![empty]).await.expect("committed");
    assert_eq!((committed.added, committed.removed, committed.rewritten), (0, 1, 0));
    assert!(table.files().is_empty());
}

#[tokio::test]
async fn coverage_outlives_checkpoints_and_clean_up() {
    let folder = TempDir::new().expect("a folder");
    let short = TableSpec {
        derived: false,
        retention: Span::from_micros(1),
        ..spec(Granularity::Month)
    };
    let table = OfflineTable::create(&location(&folder), short).await.expect("created");
    let day = |n: i64| micros(n * 86_400_000_000, (n + 1) * 86_400_000_000);
    for n in 0..65 {
        let job = job(
            &table,
            day(n % 50),
            &[(day(n % 50).start.micros(), n)],
            1 + (n as u64) / 50,
        )
        .await;
        let committed = table.commit(vec![job]).await.expect("committed");
        assert_eq!(committed.upkeep, None);
    }
    let log = folder.path().join("rows/_delta_log");
    assert!(
        !log.join(format!("{:020}.json", 3)).exists(),
        "the log has been cleaned up"
    );
    let reopened = opened(&folder).await;
    let coverage = reopened.coverage();
    assert_eq!(coverage, table.coverage());
    assert_eq!(coverage.done.len(), 50);
    for n in 0..50 {
        let expected = if n < 15 { 2 } else { 1 };
        assert_eq!(coverage.attempt(day(n)).map(Attempt::number), Some(expected), "{n}");
    }
    assert_eq!(reopened.reads().await.expect("reads").len(), 50);
    let expected: Vec<_> = (15..65).map(|n| (day(n % 50).start.micros(), n)).collect();
    assert_eq!(rows_in(&reopened, None).await, multiset(&expected));
}

#[tokio::test]
async fn a_snapshot_stays_until_it_is_refreshed() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Day).await;
    let reader = opened(&folder).await;
    let job = job(&table, micros(0, 10), &[(1, 1)], 1).await;
    table.commit(vec![job]).await.expect("committed");
    assert!(rows_in(&reader, None).await.is_empty());
    assert_eq!((reader.version(), reader.coverage().done.len()), (0, 0));
    assert_eq!(reader.refresh().await.expect("refreshed"), 1);
    assert_eq!(rows_in(&reader, None).await, multiset(&[(1, 1)]));
}

#[tokio::test]
async fn every_type_comes_back() {
    let folder = TempDir::new().expect("a folder");
    let mut list = ListBuilder::new(Int32Builder::new());
    list.append_value([Some(1), None]);
    list.append_null();
    let mut map = MapBuilder::new(None, StringBuilder::new(), Int32Builder::new());
    map.keys().append_value("a");
    map.values().append_value(1);
    map.append(true).expect("even");
    map.append(true).expect("even");
    let inner = Field::new("x", DataType::Utf8, true);
    let inside = StructArray::new(
        vec![inner].into(),
        vec![Arc::new(StringArray::from(vec![Some("é"), None]))],
        None,
    );
    let columns: Vec<(&str, arrow::array::ArrayRef)> = vec![
        (
            "timestamp",
            Arc::new(TimestampMicrosecondArray::from(vec![-1, 5]).with_timezone("UTC")),
        ),
        ("bool", Arc::new(BooleanArray::from(vec![Some(true), None]))),
        ("i8", Arc::new(Int8Array::from(vec![-128, 127]))),
        ("f32", Arc::new(Float32Array::from(vec![f32::NAN, -0.0]))),
        (
            "dec",
            Arc::new(
                Decimal128Array::from(vec![1, -1])
                    .with_precision_and_scale(38, 10)
                    .expect("fits"),
            ),
        ),
        ("text", Arc::new(StringArray::from(vec!["", "ab"]))),
        ("bytes", Arc::new(BinaryArray::from(vec![b"\0".as_slice(), b"\xff"]))),
        ("date", Arc::new(Date32Array::from(vec![-1, 20_000]))),
        ("list", Arc::new(list.finish())),
        ("inside", Arc::new(inside)),
        ("map", Arc::new(map.finish())),
    ];
    let batch = RecordBatch::try_from_iter(columns).expect("a batch");
    let wide = TableSpec {
        schema: batch.schema(),
        ..spec(Granularity::Day)
    };
    let table = OfflineTable::create(&location(&folder), wide).await.expect("created");
    // The same with columns in another order and views of text, as scans of Parquet give them.
    let order: Vec<usize> = (0..batch.num_columns()).rev().collect();
    let mixed = batch.project(&order).expect("a projection");
    let mut fields = mixed.schema().fields().to_vec();
    let mut arrays = mixed.columns().to_vec();
    let text = fields
        .iter()
        .position(|field| field.name() == "text")
        .expect("is there");
    fields[text] = Arc::new(Field::new("text", DataType::Utf8View, true));
    arrays[text] = Arc::new(StringViewArray::from(vec!["", "ab"]));
    let mixed = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).expect("a batch");
    let staged = table.stage(micros(-1, 6), stream(mixed)).await.expect("staged");
    assert_eq!(staged.adds.len(), 2, "one file in each of two days");
    let job = JobCommit {
        staged,
        attempt: Attempt::FIRST,
        reads: Reads::default(),
    };
    table.commit(vec![job]).await.expect("committed");
    let session = SessionContext::new();
    let back = table
        .scan(&session, None, None)
        .expect("a scan")
        .sort(vec![col("timestamp").sort(true, true)]);
    let back = back.expect("sorted").collect().await.expect("rows");
    let back = arrow::compute::concat_batches(table.schema(), &back).expect("one schema");
    let print = |batch: &RecordBatch| {
        arrow::util::pretty::pretty_format_batches(std::slice::from_ref(batch))
            .expect("printed")
            .to_string()
    };
    assert_eq!(print(&back), print(&batch));
    for (stored, given) in back.schema().fields().iter().zip(batch.schema().fields()) {
        if !given.data_type().is_nested() {
            assert_eq!(stored.data_type(), given.data_type());
        }
    }
}

#[tokio::test]
async fn scans_skip_files_and_see_exact_bounds() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    let mut jobs = Vec::new();
    for month in 1..=9 {
        let range = interval(&format!("1997-{month:02}-01"), &format!("1997-{:02}-01", month + 1));
        let rows = [(range.start.micros() + 1, month), (range.end.micros() - 1, month)];
        jobs.push(job(&table, range, &rows, 1).await);
    }
    table.commit(jobs).await.expect("committed");
    let session = SessionContext::new();
    let march = interval("1997-03-01", "1997-04-01");
    let frame = table
        .scan(&session, Some(march), Some(&["key".to_owned()]))
        .expect("a scan");
    let plan = frame.clone().create_physical_plan().await.expect("a plan");
    let plan = datafusion::physical_plan::displayable(plan.as_ref())
        .indent(false)
        .to_string();
    assert!(plan.matches(".parquet").count() == 1, "one file is read: {plan}");
    assert_eq!(frame.count().await.expect("counted"), 2);
    session
        .register_table("rows", table.provider().expect("a provider"))
        .expect("registered");
    let sql = "select min(timestamp), max(timestamp), count(*) from rows";
    let answer = session.sql(sql).await.expect("a plan").collect().await.expect("rows");
    let bound = |column: usize| {
        answer[0]
            .column(column)
            .as_primitive::<TimestampMicrosecondType>()
            .value(0)
    };
    assert_eq!(bound(0), at("1997-01-01T00:00:00.000001Z").micros());
    assert_eq!(bound(1), at("1997-09-30T23:59:59.999999Z").micros());
}

#[tokio::test]
async fn sorts_beyond_its_memory() {
    let folder = TempDir::new().expect("a folder");
    let runtime = datafusion::execution::runtime_env::RuntimeEnvBuilder::new()
        .with_memory_limit(16 << 20, 1.0)
        .build_arc()
        .expect("a runtime");
    let _: &Arc<RuntimeEnv> = &runtime;
    let table = table(&folder, Granularity::Month).await.with_runtime(runtime);
    let batches: Vec<_> = (0..400)
        .map(|n| {
            Ok(batch(
                &(0..8192)
                    .map(|m| ((m * 400 + n) * 7919 % 3_276_800, m))
                    .collect::<Vec<_>>(),
            ))
        })
        .collect();
    let rows = RecordBatchStreamAdapter::new(schema(), futures::stream::iter(batches).boxed());
    let staged = table.stage(micros(0, 3_276_800), Box::pin(rows)).await.expect("staged");
    assert_eq!((staged.rows, staged.adds.len()), (3_276_800, 1));
    let job = JobCommit {
        staged,
        attempt: Attempt::FIRST,
        reads: Reads::default(),
    };
    table.commit(vec![job]).await.expect("committed");
    let frame = table
        .scan(&SessionContext::new(), Some(micros(1000, 2000)), None)
        .expect("a scan");
    assert_eq!(frame.count().await.expect("counted"), 1000);
}

#[tokio::test]
async fn what_is_refused() {
    let folder = TempDir::new().expect("a folder");
    let table = table(&folder, Granularity::Month).await;
    let message = async |rows: RecordBatch, interval: Interval| {
        let error = table.stage(interval, stream(rows)).await.expect_err("refused");
        assert_eq!(error.kind(), Kind::Internal);
        error.to_string()
    };
    assert_eq!(
        message(batch(&[(10, 1)]), micros(0, 10)).await,
        "table `shop.clicks.v1`: a staged row is at 1970-01-01T00:00:00.000010Z, outside of its job's interval \
         [1970-01-01T00:00:00Z, 1970-01-01T00:00:00.000010Z)"
    );
    assert!(message(batch(&[(-1, 1)]), micros(0, 10)).await.contains("outside"));
    let narrow = batch(&[(1, 1)]).project(&[1]).expect("a projection");
    assert!(
        message(narrow, micros(0, 10))
            .await
            .ends_with("staged rows lack column `key`")
    );
    let text: arrow::array::ArrayRef = Arc::new(StringArray::from(vec!["a"]));
    let other = RecordBatch::try_from_iter([("key", text), ("timestamp", batch(&[(1, 1)]).column(1).clone())]);
    let other = message(other.expect("a batch"), micros(0, 10)).await;
    assert!(
        other.ends_with("staged rows have column `key` as Utf8, the table as Int64"),
        "{other}"
    );

    let one = job(&table, micros(0, 10), &[], 1).await;
    let two = job(&table, micros(9, 12), &[], 1).await;
    assert_eq!(
        table.commit(vec![one, two]).await.expect_err("overlap").kind(),
        Kind::Internal
    );
    assert_eq!(table.commit(vec![]).await.expect_err("none").kind(), Kind::Internal);

    for (change, message) in [
        (
            Field::new("__key", DataType::Int64, true),
            "column `__key`: names that begin with `__` are ours",
        ),
        (
            Field::new("key", DataType::UInt64, true),
            "column `key`: UInt64 cannot be stored",
        ),
        (
            Field::new("Timestamp", DataType::Int64, true),
            "column `timestamp` is there twice",
        ),
    ] {
        let schema = Arc::new(Schema::new(vec![change, schema().field(1).clone()]));
        let refused = OfflineTable::create(
            "/nowhere",
            TableSpec {
                schema,
                ..spec(Granularity::Month)
            },
        )
        .await;
        let refused = refused.expect_err("refused");
        assert_eq!(refused.kind(), Kind::Invalid);
        assert!(refused.to_string().ends_with(message), "{refused}");
    }
    let other = TableSpec {
        time_column: "time".to_owned(),
        ..spec(Granularity::Month)
    };
    let refused = OfflineTable::create("/nowhere", other)
        .await
        .expect_err("refused")
        .to_string();
    assert!(
        refused.ends_with("no time column `time`; the columns are `key`, `timestamp`"),
        "{refused}"
    );
}
