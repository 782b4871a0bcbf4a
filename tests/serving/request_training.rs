//! Request views in training data: what a request at a row's time was answered, and rows that nobody could have asked for.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sandglass::online;
use serde_json::{Value, json};

use super::requests::definitions;
use super::world::named;
use crate::aggregates::world::{DAY, at, time, write};
use crate::harness::{Project, Random, purchases};

/// The features of a row of training data as HTTP writes them.
fn as_json(batch: &RecordBatch, row: usize) -> Vec<(String, Value)> {
    let schema = batch.schema();
    let fields = schema.fields().iter().zip(batch.columns());
    let features = fields.filter(|(field, _)| field.name().contains("__"));
    features
        .map(|(field, column)| {
            let mut json = Vec::new();
            online::Value::of(column, row).unwrap().write_json(&mut json);
            (field.name().replace("__", "."), serde_json::from_slice(&json).unwrap())
        })
        .collect()
}

fn read(path: &std::path::Path) -> Vec<RecordBatch> {
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    reader.map(Result::unwrap).collect()
}

/// Customers at these times with amounts.
struct SpineRow {
    customer: i64,
    at: i64,
    amount: Option<f64>,
    merchant: Option<String>,
}

fn write_spine(project: &Project, name: &str, rows: &[SpineRow]) {
    let times = TimestampMicrosecondArray::from_iter_values(rows.iter().map(|row| row.at)).with_timezone("UTC");
    let columns: [(&str, ArrayRef); 4] = [
        (
            "customer_id",
            Arc::new(Int64Array::from_iter_values(rows.iter().map(|row| row.customer))),
        ),
        ("timestamp", Arc::new(times)),
        (
            "amount",
            Arc::new(Float64Array::from_iter(rows.iter().map(|row| row.amount))),
        ),
        (
            "merchant",
            Arc::new(StringArray::from_iter(rows.iter().map(|row| row.merchant.as_deref()))),
        ),
    ];
    let columns = columns.map(|(name, array)| (name.to_owned(), array)).to_vec();
    write(&project.path(name), columns, 10_000);
}

fn training(project: &Project, now: &str, spine: &str, more: &[&str]) -> (Vec<RecordBatch>, Value) {
    let (spine, out) = (project.path(spine), project.path("training.parquet"));
    let mut arguments = vec!["training-data", "--spine", spine.to_str().unwrap(), "--overwrite"];
    arguments.extend(["--out", out.to_str().unwrap(), "--features", "scored"]);
    arguments.extend(more);
    let said = project.json(now, &arguments);
    (read(&out), said)
}

/// What a request at a time was answered is what training data has for a row with that time; with tiles, and from the sources.
#[test]
fn training_data_has_what_requests_were_answered() {
    let _timed = crate::harness::Timed::new("serving::request_training::training_data_has_what_requests_were_answered");
    let project = Project::with_purchases(&definitions("1.0"));
    let mut random = Random(crate::harness::seed());
    let mut customers: Vec<i64> = purchases().iter().map(|row| row.customer_id).collect();
    customers.sort_unstable();
    customers.dedup();
    let (mut spine, mut answers) = (Vec::new(), Vec::new());
    for day in 0..6 {
        let now = at("1997-01-20") + 5 * day * DAY;
        if day == 0 {
            project.json(&time(now), &["apply"]);
        }
        project.json(&time(now), &["materialize"]);
        let server = crate::harness::ServerProcess::start(&project, &time(now), &[]);
        let mut http = server.http();
        for number in 0..50 {
            let customer = match number {
                0 => 999_999,
                _ => customers[random.below(customers.len() as u64) as usize],
            };
            let row = SpineRow {
                customer,
                at: now,
                amount: Some(random.below(10_000) as f64 / 7.0),
                merchant: (number % 5 > 0).then(|| format!("m{number}")),
            };
            let answer = http.features(json!({
                "featureServiceName": "scored",
                "joinKeyMap": { "customer_id": row.customer },
                "requestContextMap": { "amount": row.amount, "merchant": row.merchant },
                "metadataOptions": { "includeNames": true },
            }));
            answers.push(named(&answer));
            spine.push(row);
        }
    }
    write_spine(&project, "spine.parquet", &spine);
    let now = time(spine[spine.len() - 1].at);
    for more in [&[][..], &["--from-source"]] {
        let (batches, said) = training(&project, &now, "spine.parquet", more);
        assert_eq!((&said["rows"], &said["rejected"]), (&json!(spine.len()), &json!(0)));
        let rows = batches
            .iter()
            .flat_map(|batch| (0..batch.num_rows()).map(move |row| as_json(batch, row)));
        let rows: Vec<_> = rows.collect();
        assert_eq!(rows.len(), answers.len());
        for (row, (trained, answered)) in rows.iter().zip(&answers).enumerate() {
            assert_eq!(trained, answered, "row {row}, {more:?}");
        }
    }
    // Some of it was not null.
    let values = answers.iter().filter(|answer| !answer[0].1.is_null()).count();
    assert!(values > 50, "{values}");
}

/// Rows without what a view needs keep their places; rows that it fails on do, too, where they may; a manifest makes all of it again.
#[test]
fn rows_of_a_spine_that_nobody_could_ask_for() {
    let _timed = crate::harness::Timed::new("serving::request_training::rows_of_a_spine_that_nobody_could_ask_for");
    let mut definitions = definitions("1.0");
    let project = Project::with_purchases(&definitions);
    let now = "1997-02-01";
    project.apply_and_materialize(now);
    let mut random = Random(crate::harness::seed());
    // More rows than a batch has, times that come again and times of their own.
    let rows = 20_000;
    let poison = [0, 5, 8_191, 8_192, 19_999];
    let mut spine: Vec<SpineRow> = (0..rows)
        .map(|row: i64| SpineRow {
            customer: 1 + row % 2_000,
            at: at("1997-01-20") + (row % 7 * DAY) + if row % 2 == 0 { random.below(1_000) as i64 } else { 0 },
            amount: (row % 11 > 0).then_some(row as f64),
            merchant: None,
        })
        .collect();
    write_spine(&project, "spine.parquet", &spine);
    let (batches, said) = training(&project, now, "spine.parquet", &[]);
    assert_eq!(said["rows"], rows);
    let without: usize = batches
        .iter()
        .map(|batch| batch.column_by_name("risk__asked_at").unwrap().null_count())
        .sum();
    assert_eq!(without, spine.iter().filter(|row| row.amount.is_none()).count());
    let times = |batches: &[RecordBatch]| -> Vec<Option<i64>> {
        use arrow::array::AsArray;
        let column = |batch: &RecordBatch| {
            let column = batch.column_by_name("risk__asked_at").unwrap();
            column
                .as_primitive::<arrow::datatypes::TimestampMicrosecondType>()
                .iter()
                .collect::<Vec<_>>()
        };
        batches.iter().flat_map(column).collect()
    };
    let expected: Vec<Option<i64>> = spine.iter().map(|row| row.amount.map(|_| row.at)).collect();
    assert_eq!(times(&batches), expected);

    // The same bytes from the manifest.
    let out = project.path("training.parquet");
    let first = std::fs::read(&out).unwrap();
    let (path, manifest) = (project.path("spine.parquet"), project.path("first.manifest.json"));
    std::fs::rename(project.path("training.parquet.manifest.json"), &manifest).unwrap();
    let again = |manifest: &std::path::Path| {
        let arguments = [
            "training-data",
            "--spine",
            path.to_str().unwrap(),
            "--overwrite",
            "--out",
            out.to_str().unwrap(),
        ];
        project.run(
            now,
            &[&arguments[..], &["--manifest", manifest.to_str().unwrap()]].concat(),
        )
    };
    let answer = again(&manifest);
    assert_eq!(answer.status, 0, "{}", answer.stderr);
    assert_eq!(std::fs::read(&out).unwrap(), first);

    // Rows that it traps or fails on.
    for (number, row) in poison.iter().enumerate() {
        spine[*row as usize].amount = Some(if number % 2 == 0 { -1.0 } else { -3.0 });
    }
    write_spine(&project, "spine.parquet", &spine);
    let arguments = [
        "training-data",
        "--spine",
        path.to_str().unwrap(),
        "--overwrite",
        "--out",
        out.to_str().unwrap(),
    ];
    let refused = project.run(now, &[&arguments[..], &["--features", "scored"]].concat());
    assert_eq!(refused.status, 1, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("request view `risk`: row {\"amount\":-1.0,")
            && refused.stderr.contains("(0 rejected rows are allowed)"),
        "{}",
        refused.stderr
    );
    definitions = definitions.replace("limits = { memory_bytes", "max_rejected = 5\nlimits = { memory_bytes");
    project.define(&definitions);
    let applied = project.json(now, &["apply"]);
    let views = applied["feature_views"].as_array().unwrap().iter();
    let risk = views.clone().find(|view| view["name"] == "risk").unwrap();
    assert_eq!(risk["change"], "metadata");
    let (batches, said) = training(&project, now, "spine.parquet", &[]);
    assert_eq!(said["rejected"], poison.len());
    let expected: Vec<Option<i64>> = spine
        .iter()
        .map(|row| row.amount.filter(|amount| *amount >= 0.0).map(|_| row.at))
        .collect();
    assert_eq!(times(&batches), expected);
    // What the view is made of has changed since that manifest.
    project.define(&definitions.replace("factor = 1.0", "factor = 2.0"));
    project.json(now, &["apply"]);
    let answer = again(&manifest);
    assert_eq!(answer.status, 1);

    // CSV, where context is text, and columns that are not context.
    std::fs::write(
        project.path("spine.csv"),
        "customer_id,timestamp,amount,merchant\n1,1997-01-25,7,007\n2,1997-01-25,2.5,\n",
    )
    .unwrap();
    let (batches, _) = training(&project, now, "spine.csv", &[]);
    let rows: Vec<_> = (0..2).map(|row| as_json(&batches[0], row)).collect();
    assert_eq!((&rows[0][1].1, &rows[1][1].1), (&json!("007"), &json!(null)));
    // Its own column has the type of the context, too.
    let own = online::Value::of(batches[0].column_by_name("merchant").unwrap(), 0).unwrap();
    assert_eq!(own, online::Value::Utf8("007".to_owned()));
    for (text, told) in [
        (
            "customer_id,timestamp,amount\n1,1997-01-25,7\n",
            "there is no column `merchant` for the request context",
        ),
        (
            "customer_id,timestamp,amount,merchant\n1,1997-01-25,much,m\n",
            "line 2: column `amount`: `much` is not float64",
        ),
        (
            "customer_id,timestamp,amount,merchant,risk__merchant\n1,1997-01-25,1,m,m\n",
            "it has a column `risk__merchant` already, as a feature is called",
        ),
    ] {
        std::fs::write(project.path("spine.csv"), text).unwrap();
        let csv = project.path("spine.csv");
        let arguments = [
            "training-data",
            "--spine",
            csv.to_str().unwrap(),
            "--overwrite",
            "--out",
            out.to_str().unwrap(),
        ];
        let refused = project.run(now, &[&arguments[..], &["--features", "scored"]].concat());
        assert!(refused.stderr.contains(told), "{}", refused.stderr);
    }
}
