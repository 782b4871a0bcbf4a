use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int64Array,
    Int64Builder, ListArray, MapBuilder, StringArray, StringBuilder, StringViewArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Float64Type, Int32Type, TimestampSecondType};
use arrow::ipc::reader::FileReader;
use datafusion::error::DataFusionError;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::*;
use crate::error::{Classified, Kind};

fn batch() -> RecordBatch {
    let labels: DictionaryArray<Int32Type> = vec![Some("a"), None, Some("b,\"c\"")].into_iter().collect();
    let lists = ListArray::from_iter_primitive::<Float64Type, _, _>([
        Some(vec![Some(0.1), None, Some(f64::NAN)]),
        None,
        Some(vec![]),
    ]);
    let mut maps = MapBuilder::new(None, StringBuilder::new(), Int64Builder::new());
    for (key, value) in [("x", Some(i64::MAX)), ("\"", None), ("y", Some(1))] {
        maps.keys().append_value(key);
        maps.values().append_option(value);
        maps.append(true).expect("as many keys as values");
    }
    let field = Arc::new(Field::new("at", sandglass_runtime::host_type::timestamp(), true));
    let at: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![Some(1), None, Some(0)]).with_timezone("UTC"));
    let seconds = arrow::array::PrimitiveArray::<TimestampSecondType>::from(vec![0, 1, i64::MAX]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(Int64Array::from(vec![Some(-1), None, Some(3)]))),
        ("text", Arc::new(StringArray::from(vec![Some(""), None, Some(" a\n")]))),
        ("label", Arc::new(labels)),
        (
            "view",
            Arc::new(StringViewArray::from(vec![
                Some("longer than twelve bytes"),
                None,
                Some("short"),
            ])),
        ),
        (
            "x",
            Arc::new(Float64Array::from(vec![
                1709.1800000000005,
                f64::NEG_INFINITY,
                f64::NAN,
            ])),
        ),
        (
            "flag",
            Arc::new(BooleanArray::from(vec![Some(true), None, Some(false)])),
        ),
        ("day", Arc::new(Date32Array::from(vec![0, -1, 1]))),
        (
            "zoned",
            Arc::new(TimestampMicrosecondArray::from(vec![0, -1, 1]).with_timezone("Europe/Berlin")),
        ),
        ("naive", Arc::new(seconds)),
        (
            "price",
            Arc::new(
                Decimal128Array::from(vec![150, -5, 0])
                    .with_precision_and_scale(9, 2)
                    .expect("decimals"),
            ),
        ),
        ("bytes", Arc::new(BinaryArray::from(vec![&[0_u8, 255][..], &[], &[1]]))),
        ("lists", Arc::new(lists)),
        ("maps", Arc::new(maps.finish())),
        ("parts", Arc::new(StructArray::from(vec![(field, at)]))),
    ];
    RecordBatch::try_from_iter(columns).expect("columns of one length")
}

const TEXT: &str = "\
id,text,label,view,x,flag,day,zoned,naive,price,bytes,lists,maps,parts
-1,\"\",a,longer than twelve bytes,1709.1800000000005,true,1970-01-01,1970-01-01T00:00:00Z,1970-01-01T00:00:00,1.50,00ff,\"[0.1,null,\"\"NaN\"\"]\",\
\"{\"\"x\"\":9223372036854775807}\",\"{\"\"at\"\":\"\"1970-01-01T00:00:00.000001Z\"\"}\"
,,,,-Infinity,,1969-12-31,1969-12-31T23:59:59.999999Z,1970-01-01T00:00:01,-0.05,\"\",,\
\"{\"\"\\\"\"\"\":null}\",\"{\"\"at\"\":null}\"
3,\" a
\",\"b,\"\"c\"\"\",short,NaN,false,1970-01-02,1970-01-01T00:00:00.000001Z,9223372036854775807 since 1970,0.00,01,[],\
\"{\"\"y\"\":1}\",\"{\"\"at\"\":\"\"1970-01-01T00:00:00Z\"\"}\"
";

fn stream(schema: SchemaRef, batches: Vec<Result<RecordBatch, DataFusionError>>) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::iter(batches)))
}

async fn written(path: &Path, batches: Vec<RecordBatch>) -> Written {
    let target = Target::new(path, None, true).expect("a target");
    let rows = stream(batches[0].schema(), batches.into_iter().map(Ok).collect());
    let staged = write(target, rows).await.expect("staged");
    staged.publish(None).expect("published")
}

fn entries(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder").map(|entry| {
        let name = entry.expect("an entry").file_name();
        name.to_string_lossy().into_owned()
    });
    let mut entries: Vec<_> = entries.collect();
    entries.sort();
    entries
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let batch = batch();
    let path = |name: &str| folder.path().join(name);
    let parquet = written(&path("a.parquet"), vec![batch.clone()]).await;
    assert_eq!(parquet.rows, 3);
    let bytes = fs::read(path("a.parquet")).expect("read");
    assert_eq!(
        (parquet.bytes, parquet.digest),
        (bytes.len() as u64, hex(&Sha256::digest(&bytes)))
    );
    let file = File::open(path("a.parquet")).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file)
        .expect("Parquet")
        .build()
        .expect("rows");
    let read: Vec<_> = reader.collect::<Result<_, _>>().expect("rows");
    assert_eq!(concat_batches(&batch.schema(), &read).expect("one schema"), batch);

    written(&path("a.arrow"), vec![batch.clone()]).await;
    let reader = FileReader::try_new(File::open(path("a.arrow")).expect("a file"), None).expect("Arrow");
    let read: Vec<_> = reader.collect::<Result<_, _>>().expect("rows");
    let read = read.first().expect("rows");
    assert_eq!(*read["label"].data_type(), DataType::Utf8);
    assert_eq!(read["maps"].as_ref(), batch["maps"].as_ref());

    written(&path("a.csv"), vec![batch.clone()]).await;
    assert_eq!(fs::read_to_string(path("a.csv")).expect("text"), TEXT);
}

#[tokio::test]
async fn the_same_rows_are_the_same_bytes_however_they_are_cut() {
    let folder = tempfile::tempdir().expect("a folder");
    let rows: Vec<RecordBatch> = (0..7_000).map(|_| batch()).collect();
    let whole = concat_batches(&batch().schema(), &rows).expect("one schema");
    for ending in ["parquet", "arrow", "csv"] {
        let path = folder.path().join(format!("a.{ending}"));
        let one = written(&path, vec![whole.clone()]).await;
        let many = written(&path, rows.clone()).await;
        assert_eq!(one.rows, 21_000);
        assert_eq!(one, many, "{ending}");
        // The latter are mostly as long as those that are written.
        let uneven = vec![0..5, 5..5, 5..20_000, 20_000..21_000];
        let even = vec![0..8_192, 8_192..16_384, 16_384..20_000, 20_000..21_000];
        let shifted = vec![0..8_192, 8_192..8_193, 8_193..16_385, 16_385..21_000];
        for pieces in [uneven, even, shifted] {
            let pieces = pieces.into_iter().map(|range| whole.slice(range.start, range.len()));
            assert_eq!(one, written(&path, pieces.collect()).await, "{ending}");
        }
    }
}

#[tokio::test]
async fn a_failure_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.parquet");
    let batch = batch();
    let failing = || {
        let failure = DataFusionError::External(Box::new(TrainingError::spine(Path::new("s"), "bad")));
        stream(
            batch.schema(),
            vec![Ok(batch.clone()), Err(failure.context("while it ran"))],
        )
    };
    let target = Target::new(&path, None, false).expect("a target");
    let error = write(target.clone(), failing()).await.expect_err("a failure");
    assert_eq!(
        (error.to_string().as_str(), error.kind()),
        ("spine s: bad", Kind::Invalid)
    );
    assert_eq!(entries(folder.path()), [""; 0]);

    let staged = write(target.clone(), stream(batch.schema(), vec![Ok(batch.clone())]))
        .await
        .expect("staged");
    assert_eq!(entries(folder.path()).len(), 1);
    drop(staged);
    assert_eq!(entries(folder.path()), [""; 0]);

    // One that came meanwhile is kept.
    let staged = write(target, stream(batch.schema(), vec![Ok(batch.clone())]))
        .await
        .expect("staged");
    fs::write(&path, "mine").expect("written");
    let error = staged.publish(None).expect_err("exists");
    assert!(error.to_string().ends_with("there is such a file"), "{error}");
    assert_eq!(entries(folder.path()), ["a.parquet"]);
    assert_eq!(fs::read_to_string(&path).expect("text"), "mine");
}

#[tokio::test]
async fn targets() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.csv");
    fs::write(&path, "").expect("written");
    let message = |path: &Path, overwrite| {
        let error = Target::new(path, None, overwrite).expect_err("refused").to_string();
        error.rsplit(": ").next().unwrap_or_default().to_owned()
    };
    assert_eq!(message(&path, false), "there is such a file");
    assert!(
        Target::new(&path, None, true)
            .expect("overwritten")
            .is(&folder.path().join(".").join("a.csv"))
    );
    assert_eq!(
        message(&folder.path().join("b.csv.gz"), false),
        "compressed text is not written"
    );
    assert_eq!(
        message(&folder.path().join("b.txt"), false),
        "its ending does not say its format"
    );
    let target = Target::new(&folder.path().join("no/b.csv"), None, false).expect("a target");
    let error = write(target, stream(batch().schema(), vec![]))
        .await
        .expect_err("no folder");
    assert_eq!(error.kind(), Kind::Invalid);
}
