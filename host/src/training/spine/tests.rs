use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, DictionaryArray, Float64Array, Int32Array, Int64Array, LargeStringArray, ListArray,
    RecordBatch, StringArray, TimestampMicrosecondArray, TimestampNanosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Int32Type, Int64Type, TimestampMicrosecondType, UInt64Type};
use arrow::ipc::CompressionType;
use arrow::ipc::writer::{FileWriter, IpcWriteOptions, StreamWriter};
use datafusion::execution::TaskContext;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ArrowWriter;

use super::*;
use crate::definition::KeyKind;
use crate::error::{Classified, Kind};
use crate::time::Timestamp;

fn int_key(name: &str) -> JoinKey {
    JoinKey {
        name: name.to_owned(),
        kind: KeyKind::Int64,
    }
}

async fn open(path: &Path, keys: &[JoinKey]) -> Result<Spine, TrainingError> {
    Spine::open(path, keys, &SpineOptions::default()).await
}

async fn all(spine: &Spine) -> Result<RecordBatch, TrainingError> {
    let plan = spine.plan().expect("a plan");
    let schema = plan.schema();
    let stream = plan.execute(0, Arc::new(TaskContext::default())).expect("a stream");
    let batches: Vec<_> = stream.try_collect().await.map_err(TrainingError::from_plan)?;
    Ok(concat_batches(&schema, &batches).expect("batches of one schema"))
}

fn text_error(error: &TrainingError) -> String {
    let text = error.to_string();
    text.split_once(": ")
        .map_or(text.clone(), |(_, problem)| problem.to_owned())
}

/// What users have: narrow keys, text of all kinds, nested columns, times in nanoseconds.
fn batch() -> RecordBatch {
    let times = TimestampNanosecondArray::from(vec![Some(1_999), None, Some(-1)]);
    let labels: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("b")].into_iter().collect();
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1)]), None, Some(vec![None])]);
    RecordBatch::try_from_iter([
        ("label_time", Arc::new(times) as ArrayRef),
        ("id", Arc::new(Int32Array::from(vec![Some(1), Some(2), None]))),
        ("name", Arc::new(LargeStringArray::from(vec!["x", "", "é"]))),
        ("label", Arc::new(labels)),
        ("lists", Arc::new(lists)),
        ("score", Arc::new(Float64Array::from(vec![0.1, f64::NAN, -0.0]))),
    ])
    .expect("columns of one length")
}

fn write_parquet(path: &Path, batch: &RecordBatch) {
    let file = fs::File::create(path).expect("a file");
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).expect("a writer");
    writer.write(batch).expect("written");
    writer.close().expect("closed");
}

fn write_arrow(path: &Path, batch: &RecordBatch, compression: Option<CompressionType>) {
    let file = fs::File::create(path).expect("a file");
    let options = IpcWriteOptions::default()
        .try_with_compression(compression)
        .expect("compression");
    let mut writer = FileWriter::try_new_with_options(file, &batch.schema(), options).expect("a writer");
    writer.write(batch).expect("written");
    writer.finish().expect("finished");
}

fn write_stream(path: &Path, batch: &RecordBatch) {
    let file = fs::File::create(path).expect("a file");
    let mut writer = StreamWriter::try_new(file, &batch.schema()).expect("a writer");
    writer.write(batch).expect("written");
    writer.finish().expect("finished");
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

fn csv(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("spine.csv");
    fs::write(&path, text).expect("written");
    path
}

#[tokio::test]
async fn columns_are_kept_as_they_are_and_ours_lie_beside_them() {
    let folder = folder();
    let batch = batch();
    let path = |name: &str| folder.path().join(name);
    write_parquet(&path("a.parquet"), &batch);
    write_arrow(&path("b.arrow"), &batch, None);
    write_arrow(&path("c.feather"), &batch, Some(CompressionType::LZ4_FRAME));
    write_arrow(&path("d.ipc"), &batch, Some(CompressionType::ZSTD));
    write_stream(&path("e.arrows"), &batch);
    fs::copy(path("a.parquet"), path("f")).expect("copied");
    let text = |name: &str| JoinKey {
        name: name.to_owned(),
        kind: KeyKind::Utf8,
    };
    let keys = [int_key("id"), text("name"), text("label"), int_key("id")];
    for name in ["a.parquet", "b.arrow", "c.feather", "d.ipc", "e.arrows", "f"] {
        let spine = open(&path(name), &keys).await.expect(name);
        assert_eq!(spine.schema().fields(), batch.schema().fields(), "{name}");
        assert_eq!(
            (spine.timestamp_column(), spine.rows(), spine.null_times()),
            ("label_time", 3, 1)
        );
        let extent = spine.times().expect("times");
        assert_eq!((extent.first.micros(), extent.last.micros()), (-1, 1), "{name}");
        let rows = all(&spine).await.expect(name);
        assert_eq!(rows.num_columns(), 6 + 5);
        for (index, column) in batch.columns().iter().enumerate() {
            assert_eq!(rows.column(index).as_ref(), column.as_ref(), "{name} {index}");
        }
        let places = rows[ROW].as_primitive::<UInt64Type>();
        assert_eq!(places.values(), &[0, 1, 2]);
        let times = rows[TIME].as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.iter().collect::<Vec<_>>(), [Some(1), None, Some(-1)]);
        let ids = rows["__key_id"].as_primitive::<Int64Type>();
        assert_eq!(ids.iter().collect::<Vec<_>>(), [Some(1), Some(2), None]);
        let names: Vec<_> = rows["__key_name"].as_string::<i32>().iter().collect();
        assert_eq!(names, [Some("x"), Some(""), Some("é")]);
        let labels: Vec<_> = rows["__key_label"].as_string::<i32>().iter().collect();
        assert_eq!(labels, [Some("a"), None, Some("b")]);
    }
}

#[tokio::test]
async fn cells_of_csv_are_typed_by_all_of_their_column() {
    let folder = folder();
    let text = "\u{feff}id,timestamp,zip,n,x,note\r\n\
                7,2024-01-31 10:00:00+01:00,01234,1,0.5,\"two\r\nlines, \"\"quoted\"\"\"\r\n\r\n\
                ,,99999,2,1,\r\n";
    let path = csv(&folder, text);
    let spine = open(&path, &[int_key("id")]).await.expect("a spine");
    let types: Vec<_> = spine
        .schema()
        .fields()
        .iter()
        .map(|field| field.data_type().clone())
        .collect();
    let time = sandglass_runtime::host_type::timestamp();
    let expected = [
        DataType::Int64,
        time,
        DataType::Utf8,
        DataType::Int64,
        DataType::Float64,
        DataType::Utf8,
    ];
    assert_eq!(types, expected);
    let rows = all(&spine).await.expect("rows");
    assert_eq!(rows.num_rows(), 2);
    assert_eq!(rows["zip"].as_string::<i32>().value(0), "01234");
    assert_eq!(rows["note"].as_string::<i32>().value(0), "two\r\nlines, \"quoted\"");
    assert!(rows["note"].is_null(1) && rows["__key_id"].is_null(1) && rows[TIME].is_null(1));
    let at = "2024-01-31T09:00:00Z".parse::<Timestamp>().expect("a time");
    assert_eq!(spine.times().map(|extent| extent.last), Some(at));

    let options = SpineOptions {
        cells: Cells::Text,
        ..SpineOptions::default()
    };
    let as_text = Spine::open(&path, &[int_key("id")], &options).await.expect("a spine");
    let rows = all(&as_text).await.expect("rows");
    assert_eq!(
        rows["timestamp"].as_string::<i32>().value(0),
        "2024-01-31 10:00:00+01:00"
    );
    assert_eq!(rows["__key_id"].as_primitive::<Int64Type>().value(0), 7);
    assert_eq!(as_text.digest(), spine.digest());

    let packed = folder.path().join("spine.csv.zst");
    let plain = fs::read(&path).expect("read");
    fs::write(&packed, zstd(&plain)).expect("written");
    let unpacked = open(&packed, &[int_key("id")]).await.expect("a spine");
    assert_eq!(unpacked.rows(), 2);
    assert_eq!(
        unpacked.digest(),
        crate::training::hex(&sha(&fs::read(&packed).expect("read")))
    );
}

fn sha(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).to_vec()
}

/// A frame of one raw block.
fn zstd(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("short");
    let mut out = vec![0x28, 0xb5, 0x2f, 0xfd, 0xa0];
    out.extend(length.to_le_bytes());
    out.extend(&((length << 3) | 1).to_le_bytes()[..3]);
    out.extend(bytes);
    out
}

#[tokio::test]
async fn the_column_with_the_times() {
    let folder = folder();
    let named = SpineOptions {
        timestamp_column: Some("seen".to_owned()),
        ..SpineOptions::default()
    };
    let two = csv(&folder, "id,at,seen\n1,2024-01-01T00:00:00,2024-01-02T00:00:00\n");
    let error = open(&two, &[int_key("id")]).await.expect_err("two");
    assert_eq!(text_error(&error), "several columns may have the times: `at`, `seen`");
    let spine = Spine::open(&two, &[int_key("id")], &named).await.expect("named");
    assert_eq!(spine.timestamp_column(), "seen");
    let none = csv(&folder, "id,n\n1,2\n");
    let error = open(&none, &[int_key("id")]).await.expect_err("none");
    assert_eq!(text_error(&error), "no column has the times; there are `id`, `n`");
    let error = Spine::open(&none, &[int_key("id")], &named).await.expect_err("missing");
    assert_eq!(
        text_error(&error),
        "there is no column `seen` for the times; there are `id`, `n`"
    );
    let path = folder.path().join("a.parquet");
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let ticks = RecordBatch::try_from_iter([("id", Arc::clone(&numbers)), ("timestamp", numbers)]).expect("a batch");
    write_parquet(&path, &ticks);
    let error = open(&path, &[int_key("id")]).await.expect_err("ticks");
    assert_eq!(
        text_error(&error),
        "column `timestamp` is Int64, which does not say what it counts from"
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("to_datetime")));
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let folder = folder();
    for (text, message) in [
        (
            "id,timestamp\n1,2024-01-01\n\n\"2\n\",2024-01-01\n",
            "line 4: column `id`: `2\n` is not int64",
        ),
        (
            "id,timestamp\r\n1,2024-01-01\r\nx,2024-01-01\r\n",
            "line 3: column `id`: `x` is not int64",
        ),
        (
            "id,timestamp\n1,soon\n",
            "line 2: column `timestamp`: `soon` is not a time in the form 2024-01-31T12:30:00Z",
        ),
        (
            "id,timestamp\n1,2024-01-01\n2\n",
            "line 3: 1 values, and the header names 2",
        ),
        (
            "user_id,timestamp\n",
            "there is no column `id` for the join key; there are `user_id`, `timestamp`",
        ),
        ("id,id,timestamp\n", "there are two columns `id`"),
        ("id,__row,timestamp\n", "column `__row` has a name of ours"),
        (",id,timestamp\n", "a column has no name"),
        ("", "there is no header"),
    ] {
        let error = open(&csv(&folder, text), &[int_key("id")]).await.expect_err(text);
        assert_eq!(text_error(&error), message);
        assert_eq!(error.kind(), Kind::Invalid);
    }
    let path = csv(&folder, "ids,timestamp\n");
    let error = open(&path, &[int_key("id")]).await.expect_err("missing");
    assert_eq!(error.hint().as_deref(), Some("did you mean `ids`?"));
    fs::write(&path, b"id,timestamp\n1,\xff\n").expect("written");
    let error = open(&path, &[int_key("id")]).await.expect_err("bytes");
    assert_eq!(text_error(&error), "line 2: what is there is not UTF-8");
    let error = open(&folder.path().join("none.csv"), &[]).await.expect_err("no file");
    assert_eq!(error.kind(), Kind::Invalid);
    let error = open(folder.path(), &[]).await.expect_err("a folder");
    assert_eq!(text_error(&error), "a folder; a spine is one file");
}

#[tokio::test]
async fn damaged_files_are_errors_wherever_they_are_cut_or_changed() {
    let folder = folder();
    let path = |name: &str| folder.path().join(name);
    let batch = batch();
    write_parquet(&path("a.parquet"), &batch);
    write_arrow(&path("b.arrow"), &batch, None);
    write_stream(&path("c.arrows"), &batch);
    for name in ["a.parquet", "b.arrow", "c.arrows"] {
        let bytes = fs::read(path(name)).expect("read");
        let damaged = path(&format!("damaged-{name}"));
        for cut in (0..bytes.len() - 9).step_by(97) {
            fs::write(&damaged, &bytes[..cut]).expect("written");
            if let Ok(spine) = open(&damaged, &[int_key("id")]).await {
                // A stream may end between two of its messages.
                assert!(name == "c.arrows" && spine.rows() == 0, "{name} {cut}");
            }
        }
        for place in (0..bytes.len()).step_by(41) {
            let mut bytes = bytes.clone();
            bytes[place] ^= 0x80;
            fs::write(&damaged, &bytes).expect("written");
            if let Ok(spine) = open(&damaged, &[int_key("id")]).await {
                let _ = all(&spine).await;
            }
        }
    }
}

#[tokio::test]
async fn files_without_rows() {
    let folder = folder();
    let path = folder.path().join("a.parquet");
    write_parquet(&path, &batch().slice(0, 0));
    let header = csv(&folder, "id,timestamp\n");
    for path in [&path, &header] {
        let spine = open(path, &[int_key("id")]).await.expect("a spine");
        assert_eq!((spine.rows(), spine.times()), (0, None));
        assert_eq!(all(&spine).await.expect("no rows").num_rows(), 0);
    }
}

#[tokio::test]
async fn a_file_that_is_changed_is_told() {
    let folder = folder();
    let path = csv(&folder, "id,timestamp\n1,2024-01-01\n");
    let spine = open(&path, &[int_key("id")]).await.expect("a spine");
    let mut file = fs::OpenOptions::new().append(true).open(&path).expect("a file");
    file.write_all(b"2,2024-01-01\n").expect("written");
    let error = all(&spine).await.expect_err("changed");
    assert!(matches!(error, TrainingError::Changed { .. }), "{error}");
}

#[tokio::test]
async fn many_rows_come_in_order_and_few_at_a_time() {
    const ROWS: i64 = 300_000;
    let folder = folder();
    let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from_iter_values(0..ROWS));
    let ids: ArrayRef = Arc::new(Int64Array::from_iter_values((0..ROWS).map(|row| row * 7)));
    let note: ArrayRef = Arc::new(StringArray::from_iter_values(
        (0..ROWS).map(|row| format!("note {row}")),
    ));
    let batch = RecordBatch::try_from_iter([("timestamp", times), ("id", ids), ("note", note)]).expect("a batch");
    let path = |name: &str| folder.path().join(name);
    write_parquet(&path("a.parquet"), &batch);
    write_arrow(&path("b.arrow"), &batch, None);
    let mut text = String::from("timestamp,id,note\n");
    for row in 0..ROWS {
        text.push_str(&format!("{},{},note {row}\n", Timestamp::from_micros(row), row * 7));
    }
    fs::write(path("c.csv"), text).expect("written");
    for name in ["a.parquet", "b.arrow", "c.csv"] {
        let started = std::time::Instant::now();
        let spine = open(&path(name), &[int_key("id")]).await.expect(name);
        let opened = started.elapsed();
        for plan in [spine.plan(), spine.matching()] {
            let plan = plan.expect("a plan");
            let mut stream = plan.execute(0, Arc::new(TaskContext::default())).expect("a stream");
            let mut next = 0;
            while let Some(batch) = stream.next().await {
                let batch = batch.expect("rows");
                assert!(batch.num_rows() <= 8_192 && batch.num_rows() > 0);
                for row in 0..batch.num_rows() {
                    assert_eq!(batch[ROW].as_primitive::<UInt64Type>().value(row), next);
                    let id = batch["__key_id"].as_primitive::<Int64Type>().value(row);
                    assert_eq!(id, i64::try_from(next).expect("few") * 7);
                    next += 1;
                }
            }
            assert_eq!(next, ROWS as u64, "{name}");
        }
        eprintln!("{name}: opened in {opened:?}, all in {:?}", started.elapsed());
        // A reader that goes away ends the thread that reads.
        let plan = spine.plan().expect("a plan");
        let mut stream = plan.execute(0, Arc::new(TaskContext::default())).expect("a stream");
        assert!(stream.next().await.is_some());
    }
}
