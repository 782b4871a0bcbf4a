//! Rows of every type in every format.

use std::fs::File;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Date32Array, Float32Builder, Float64Array, Int32Array, Int64Array, LargeStringArray,
    ListBuilder, RecordBatch, StringArray, TimestampNanosecondArray,
};
use parquet::arrow::ArrowWriter;
use serde_json::json;

use super::world::{NOW, get, ingest, nothing, project, put, trained};
use crate::harness::{Project, Timed};

const COLUMNS: &str = "plan = \"utf8\", seats = \"int64\", level = \"int32\", score = \"float64\", ratio = \"float32\", \
                       active = \"boolean\", born = \"date\", seen = \"timestamp\", embedding = \"list of float32\"";

fn parquet(project: &Project) -> String {
    let mut embeddings = ListBuilder::new(Float32Builder::new());
    embeddings.values().append_slice(&[0.5, -1.25]);
    embeddings.append(true);
    embeddings.append(false);
    // Other forms of the same types, in another order, with a column that the table does not have.
    let columns: [(&str, ArrayRef); 12] = [
        ("embedding", Arc::new(embeddings.finish())),
        ("comment", Arc::new(StringArray::from(vec!["x", "y"]))),
        ("customer", Arc::new(LargeStringArray::from(vec!["ann", "bob"]))),
        (
            "updated_at",
            Arc::new(TimestampNanosecondArray::from(vec![
                1_706_745_600_000_000_123,
                1_706_745_600_000_000_000,
            ])),
        ),
        ("plan", Arc::new(StringArray::from(vec![Some("gold"), None]))),
        ("seats", Arc::new(Int64Array::from(vec![9_007_199_254_740_993, -1]))),
        ("level", Arc::new(Int32Array::from(vec![1, 2]))),
        ("score", Arc::new(Float64Array::from(vec![0.1, f64::NAN]))),
        ("ratio", Arc::new(arrow::array::Float32Array::from(vec![0.25, 0.5]))),
        ("active", Arc::new(BooleanArray::from(vec![true, false]))),
        ("born", Arc::new(Date32Array::from(vec![10_000, -1]))),
        (
            "seen",
            Arc::new(TimestampNanosecondArray::from(vec![0, 1_000]).with_timezone("Europe/Berlin")),
        ),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = project.path("profiles.parquet");
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn every_type_in_parquet_and_json_lines() {
    let _timed = Timed::new("tables::files::every_type_in_parquet_and_json_lines");
    let project = project(COLUMNS, "");
    let path = parquet(&project);
    let answer = project.json(NOW, &["ingest", "profile", "--file", &path]);
    assert_eq!(answer["ingested"]["rows"], 2);
    assert_eq!(answer["ingested"]["floored_times"], 1);
    assert_eq!(answer["ingested"]["ignored_columns"], json!(["comment"]));
    assert_eq!(answer["compaction"]["pass"], "loaded");
    let ann = get(&project, NOW, "ann");
    assert_eq!(
        ann,
        json!([
            "gold",
            "9007199254740993",
            "1",
            0.1,
            0.25,
            true,
            "1997-05-19",
            "1970-01-01T00:00:00Z",
            [0.5, -1.25]
        ])
    );
    let bob = get(&project, NOW, "bob");
    assert_eq!(
        bob,
        json!([
            null,
            "-1",
            "2",
            "NaN",
            0.5,
            false,
            "1969-12-31",
            "1970-01-01T00:00:00.000001Z",
            null
        ])
    );
    // The same of JSON lines, a month later.
    let lines = concat!(
        r#"{"customer":"ann","updated_at":"2024-02-20T00:00:00Z","plan":"gold","seats":9007199254740993,"level":1,"score":0.1,"#,
        r#""ratio":0.25,"active":true,"born":"1997-05-19","seen":"1970-01-01T00:00:00Z","embedding":[0.5,-1.25]}"#,
        "\n",
        r#"{"customer":"cid","updated_at":"2024-02-20T01:00:00+01:00","plan":"07","seats":null,"level":null,"score":null,"#,
        r#""ratio":null,"active":null,"born":null,"seen":null,"embedding":[]}"#,
        "\n",
    );
    let answer = ingest(&project, NOW, "profiles.jsonl", lines);
    assert_eq!(answer["compaction"]["pass"], "changed");
    assert_eq!(answer["compaction"]["keys_written"], 2);
    assert_eq!(get(&project, NOW, "ann"), ann);
    assert_eq!(get(&project, NOW, "bob"), bob);
    assert_eq!(
        get(&project, NOW, "cid"),
        json!(["07", null, null, null, null, null, null, null, []])
    );
}

#[test]
fn csv_is_read_as_the_tables_types_and_may_be_compressed() {
    let _timed = Timed::new("tables::files::csv_is_read_as_the_tables_types_and_may_be_compressed");
    let project = project("zip = \"utf8\", spent = \"float64\"", "");
    // Text that looks like numbers stays what it is.
    let text = "customer,updated_at,zip,spent\n007,2024-01-31T10:00:00Z,01067,12\nann,2024-01-31,,\n";
    let path = project.path("profiles.csv.gz");
    crate::sources::world::write_text(&path, text);
    let answer = project.json(NOW, &["ingest", "profile", "--file", path.to_str().unwrap()]);
    assert_eq!(answer["ingested"]["rows"], 2);
    assert_eq!(get(&project, NOW, "007"), json!(["01067", 12.0]));
    assert_eq!(get(&project, NOW, "ann"), json!([null, null]));
    assert_eq!(get(&project, NOW, "7"), nothing(2));
    // Times in other ways.
    let path = put(
        &project,
        "ms.csv",
        "customer,updated_at,zip,spent\nbob,1706745600000,1,2\n",
    );
    project.json(NOW, &["ingest", "profile", "--file", &path, "--timestamp-unit", "ms"]);
    let path = put(
        &project,
        "de.csv",
        "customer,updated_at,zip,spent\ncid,01.02.2024 00:00,3,4\n",
    );
    let format = ["--timestamp-format", "%d.%m.%Y %H:%M"];
    project.json(NOW, &[&["ingest", "profile", "--file", &path][..], &format].concat());
    let at = "2024-02-01T00:00:00.000001Z";
    assert_eq!(
        trained(&project, NOW, &[("bob", at), ("cid", at), ("bob", "2024-02-01")]),
        [["2.0", "1"], ["4.0", "3"], ["", ""]]
    );
    // A folder of files is as good as one.
    std::fs::create_dir(project.path("more")).unwrap();
    put(
        &project,
        "more/a.csv",
        "customer,updated_at,zip,spent\ndee,2024-02-01,5,6\n",
    );
    put(
        &project,
        "more/b.csv",
        "customer,updated_at,zip,spent\neve,2024-02-01,7,8\n",
    );
    let folder = project.path("more");
    let answer = project.json(NOW, &["ingest", "profile", "--file", folder.to_str().unwrap()]);
    assert_eq!(answer["ingested"]["rows"], 2);
    assert_eq!(get(&project, NOW, "eve"), json!(["7", 8.0]));
}

/// More rows than are sorted at once, with lists, whose parts have another name in Delta.
#[test]
fn many_rows_with_lists() {
    let _timed = Timed::new("tables::files::many_rows_with_lists");
    const ROWS: usize = 100_000;
    let project = project("embedding = \"list of float32\", tags = \"list of utf8\"", "");
    let mut embeddings = ListBuilder::new(Float32Builder::new());
    let mut tags = ListBuilder::new(arrow::array::StringBuilder::new());
    for row in 0..ROWS {
        embeddings.values().append_slice(&[row as f32; 8]);
        embeddings.append(true);
        tags.values().append_value(format!("tag{row}"));
        tags.append(true);
    }
    let times = (0..ROWS).map(|row| 1_706_745_600_000_000_000 + (row as i64 * 7_919) % 1_000_003 * 1_000_000);
    let columns: [(&str, ArrayRef); 4] = [
        (
            "customer",
            Arc::new(StringArray::from_iter_values((0..ROWS).map(|row| format!("c{row}")))),
        ),
        (
            "updated_at",
            Arc::new(TimestampNanosecondArray::from_iter_values(times)),
        ),
        ("embedding", Arc::new(embeddings.finish())),
        ("tags", Arc::new(tags.finish())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let path = project.path("many.parquet");
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let ingest = ["ingest", "profile", "--file", path.to_str().unwrap()];
    let answer = project.json(NOW, &ingest);
    assert_eq!(answer["compaction"]["keys_written"], ROWS);
    let of = |row: usize| json!([vec![row as f64; 8], [format!("tag{row}")]]);
    for row in [0, 8_192, 77_777, ROWS - 1] {
        assert_eq!(get(&project, NOW, &format!("c{row}")), of(row));
    }
    // With less memory than the rows have they come in all the same; where it is too little for their items, that is said.
    let little = [&["--memory-bytes", "33554432"], &ingest[..]].concat();
    let answer = project.run(NOW, &little);
    assert!(
        answer.status == 0 || answer.stderr.contains("not online yet"),
        "{}",
        answer.stderr
    );
    project.json(NOW, &["compact"]);
    assert_eq!(
        project.json(NOW, &["status"])["feature_views"][0]["offline_rows"],
        2 * ROWS
    );
}
