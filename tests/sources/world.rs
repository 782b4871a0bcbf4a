use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::datasource::file_format::file_compression_type::FileCompressionType;
use futures::{StreamExt, TryStreamExt};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use sandglass::time::Timestamp;

use crate::harness::{Project, Random, component, runtime};

pub const DAY: i64 = 86_400_000_000;

/// Microseconds of a date or time.
pub fn at(text: &str) -> i64 {
    text.parse::<Timestamp>().unwrap().micros()
}

/// A row as the transformation `passthrough` takes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: i64,
    pub at: i64,
    pub amount: Option<f64>,
    pub note: Option<String>,
}

/// Rows of so many days from 2024-01-01 on, some of them at the very edges of days.
pub fn rows(days: i64, each: i64) -> Vec<Row> {
    let mut random = Random(u64::try_from(days * 1_000 + each).unwrap());
    let start = at("2024-01-01");
    let mut rows: Vec<Row> = (0..days * each)
        .map(|index| {
            let within = match random.below(10) {
                0 => 0,
                1 => DAY - 1,
                _ => i64::try_from(random.below(86_400_000_000)).unwrap(),
            };
            Row {
                id: i64::try_from(random.below(50)).unwrap() + (1 << 53),
                at: start + index / each * DAY + within,
                amount: (random.below(8) > 0).then(|| random.below(100_000) as f64 / 100.0),
                note: (random.below(8) > 0).then(|| format!("a \"note\", {}\nö", random.below(9))),
            }
        })
        .collect();
    rows.sort_by_key(|row| row.at);
    rows
}

/// The definition of a source `rows`, and of a view `v` that passes its rows through a component, a job for each day.
pub fn definition(source: &str, view: &str) -> String {
    let good = component("tests/guests/good");
    format!(
        r#"
[project]
name = "shop"
[[entity]]
name = "customer"
join_keys = {{ customer_id = "int64" }}
[[source]]
name = "rows"
{source}
[[feature_view]]
name = "v"
kind = "batch"
entities = ["customer"]
sources = ["rows"]
transformation = "{}#passthrough"
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2024-01-01"
{view}
"#,
        good.display()
    )
}

pub fn project(source: &str) -> Project {
    project_with(source, "incremental_backfills = true")
}

pub fn project_with(source: &str, view: &str) -> Project {
    let project = Project::new("");
    std::fs::write(project.path("sandglass.toml"), definition(source, view)).unwrap();
    project
}

/// What a view of these rows holds offline, one job a day up to `now`.
pub fn features(project: &Project, now: &str) -> Vec<String> {
    project.apply_and_materialize(now);
    project.rows("v", 1)
}

/// The features of rows that are read from one Parquet file, which scans and jobs are tested with elsewhere.
pub fn expected(rows: &[Row], now: &str) -> Vec<String> {
    let project = project("path = \"rows.parquet\"\ntimestamp_column = \"timestamp\"");
    write(&project.path("rows.parquet"), &batch(rows), 1_000);
    features(&project, now)
}

pub fn batch(rows: &[Row]) -> RecordBatch {
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at)).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 4] = [
        (
            "customer_id",
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.id))),
        ),
        ("timestamp", Arc::new(times)),
        (
            "amount",
            Arc::new(rows.iter().map(|row| row.amount).collect::<Float64Array>()),
        ),
        (
            "note",
            Arc::new(rows.iter().map(|row| row.note.as_deref()).collect::<StringArray>()),
        ),
    ];
    RecordBatch::try_from_iter(columns).unwrap()
}

/// Writes a Parquet file in row groups of so many rows.
pub fn write(path: &Path, batch: &RecordBatch, row_group: usize) {
    write_pages(path, batch, row_group, 20_000);
}

pub fn write_pages(path: &Path, batch: &RecordBatch, row_group: usize, page: usize) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let properties = WriterProperties::builder()
        .set_max_row_group_row_count(Some(row_group))
        .set_data_page_row_count_limit(page)
        .set_write_batch_size(page.min(1_024))
        .build();
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.close().unwrap();
}

/// Columns of a batch in this order.
pub fn columns(batch: &RecordBatch, names: &[&str]) -> RecordBatch {
    let pick = |name: &&str| (name.to_string(), Arc::clone(batch.column_by_name(name).unwrap()));
    RecordBatch::try_from_iter(names.iter().map(pick)).unwrap()
}

/// A batch with one column in another type.
pub fn with_type(batch: &RecordBatch, name: &str, data_type: &arrow::datatypes::DataType) -> RecordBatch {
    let column = |index: usize| {
        let column = batch.column(index);
        let own = batch.schema().field(index).name().clone();
        if own == name {
            (own, arrow::compute::cast(column, data_type).unwrap())
        } else {
            (own, Arc::clone(column))
        }
    };
    RecordBatch::try_from_iter((0..batch.num_columns()).map(column)).unwrap()
}

/// CSV with a header and these columns.
pub fn csv(rows: &[Row], names: &[&str]) -> String {
    let mut out = names.join(",") + "\n";
    for row in rows {
        let value = |name: &&str| match *name {
            "customer_id" => row.id.to_string(),
            "timestamp" => Timestamp::from_micros(row.at).to_string(),
            "amount" => row.amount.map_or(String::new(), |amount| amount.to_string()),
            _ => row
                .note
                .as_ref()
                .map_or(String::new(), |note| format!("\"{}\"", note.replace('"', "\"\""))),
        };
        out.push_str(&names.iter().map(value).collect::<Vec<_>>().join(","));
        out.push('\n');
    }
    out
}

/// JSON lines, with nulls left out as often as not.
pub fn json(rows: &[Row]) -> String {
    let mut out = String::new();
    for (index, row) in rows.iter().enumerate() {
        let mut object = serde_json::json!({
            "customer_id": row.id,
            "timestamp": Timestamp::from_micros(row.at).to_string(),
            "amount": row.amount,
            "note": row.note,
            "more": { "of": ["what", "nobody", "asks"] },
        });
        if index % 2 == 0 {
            object.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        }
        out.push_str(&object.to_string());
        out.push('\n');
    }
    out
}

/// Writes text, compressed as the ending says.
pub fn write_text(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let compression = match path.extension().and_then(|ending| ending.to_str()) {
        Some("gz") => FileCompressionType::GZIP,
        Some("zst") => FileCompressionType::ZSTD,
        Some("bz2") => FileCompressionType::BZIP2,
        Some("xz") => FileCompressionType::XZ,
        _ => FileCompressionType::UNCOMPRESSED,
    };
    let bytes = text.as_bytes().to_vec();
    let compressed = runtime().block_on(async move {
        let whole = futures::stream::once(async move { Ok(bytes.into()) }).boxed();
        let parts: Vec<_> = compression
            .convert_to_compress_stream(whole)
            .unwrap()
            .try_collect()
            .await
            .unwrap();
        parts.iter().flat_map(|part| part.iter().copied()).collect::<Vec<u8>>()
    });
    std::fs::write(path, compressed).unwrap();
}

/// What the program says of a wrong source.
pub fn refused(project: &Project, arguments: &[&str]) -> String {
    let answer = project.run("2024-02-01", arguments);
    assert_eq!(answer.status, 1, "{}{}", answer.stdout, answer.stderr);
    answer.stderr.replace(&project.path("").display().to_string(), "")
}

/// Whether it is said, wherever lines are broken and marked at their side.
pub fn says(error: &str, what: &str) -> bool {
    let bare = |text: &str| text.replace([' ', '\n', '|'], "");
    bare(error).contains(&bare(what))
}

/// `run` of one day, which reads it and writes nothing.
pub fn day(project: &Project, start: &str) -> serde_json::Value {
    project.json("2024-03-01", &["run", "v", "--start", start])
}

pub fn number(value: &serde_json::Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value}"))
}
