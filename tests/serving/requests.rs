//! Request views: computed by the same component when they are asked for over HTTP, on the command line and in training data.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sandglass::online;
use serde_json::{Value, json};

use super::shapes::dashboards_ask_for;
use super::world::{BATCH, GET, METADATA, NOW, VIEWS, named, serve, until};
use crate::aggregates::world::{DAY, at, time, write};
use crate::harness::{Http, Project, Random, component, purchases};

/// The views of this folder's tests, with request views of them.
fn definitions(factor: &str) -> String {
    let good = component("tests/guests/good");
    let good = good.display();
    format!(
        r#"{VIEWS}
[[feature_view]]
name = "risk"
description = "How unusual a purchase is"
tags = {{ team = "fraud" }}
kind = "request"
request_context = {{ amount = "float64", merchant = "string" }}
features = ["spend[amount_sum_30d_1d, amount_count_30d_1d, quantity_last_3_30d_1d]"]
transformation = "{good}#risk"
parameters = {{ factor = {factor} }}
limits = {{ memory_bytes = 16777216 }}

[[feature_view]]
name = "echo"
kind = "request"
request_context = {{ flag = "boolean", whole = "int64", number = "float64", text = "utf8", day = "date", time = "timestamp" }}
transformation = "{good}#echo_context"

[[feature_view]]
name = "remembers"
kind = "request"
request_context = {{ whole = "int64" }}
transformation = "{good}#remembers"

[[feature_service]]
name = "scored"
features = ["spend[amount_sum_30d_1d]", "risk", "last_purchase[amount]"]

[[feature_service]]
name = "two"
features = [
    "risk[times_average]",
    {{ view = "risk", columns = ["times_average"], prefix = "buyer", join_keys = {{ customer_id = "buyer_id" }} }},
    {{ view = "spend", columns = ["amount_sum_30d_1d"], prefix = "a" }},
    {{ view = "spend", columns = ["amount_sum_30d_1d"], prefix = "b" }},
]
"#
    )
}

fn project() -> Project {
    let project = Project::with_purchases(&definitions("1.0"));
    project.apply_and_materialize(NOW);
    project
}

fn scored(amount: impl Into<Value>) -> Value {
    json!({
        "featureServiceName": "scored",
        "joinKeyMap": { "customer_id": 1 },
        "requestContextMap": { "amount": amount.into(), "merchant": "acme" },
        "metadataOptions": { "includeNames": true, "includeServingStatus": true },
    })
}

fn ask(http: &mut Http, params: Value) -> crate::harness::Reply {
    http.post(GET, &json!({ "params": params }))
}

#[test]
fn what_is_computed_for_a_request() {
    let _timed = crate::harness::Timed::new("serving::requests::what_is_computed_for_a_request");
    let project = project();
    let server = serve(&project, &[]);
    let mut http = server.http();
    let spend = http.features(json!({
        "featureServiceName": "spend", "joinKeyMap": { "customer_id": 1 }, "metadataOptions": { "includeNames": true },
    }));
    let spend: std::collections::BTreeMap<String, Value> = named(&spend).into_iter().collect();
    let sum = spend["spend.amount_sum_30d_1d"].as_f64().unwrap();
    let count: f64 = spend["spend.amount_count_30d_1d"].as_str().unwrap().parse().unwrap();

    let mut params = scored(50);
    let options = params["metadataOptions"].as_object_mut().unwrap();
    for option in [
        "includeDataTypes",
        "includeEffectiveTimes",
        "includeFeatureDescriptions",
        "includeFeatureTags",
    ] {
        options.insert(option.to_owned(), json!(true));
    }
    let answer = http.features(params);
    // Request views come first, in the order of their output; then the others, by name.
    let asked_at = NOW.to_owned() + "T00:00:00Z";
    let expected = [
        ("risk.times_average", json!(50.0 / (sum / count))),
        ("risk.merchant", json!("acme")),
        ("risk.asked_at", json!(asked_at)),
        ("risk.quantities", spend["spend.quantity_last_3_30d_1d"].clone()),
        ("last_purchase.amount", json!(sum)),
        ("spend.amount_sum_30d_1d", json!(sum)),
    ];
    let expected: Vec<_> = expected.map(|(name, value)| (name.to_owned(), value)).to_vec();
    assert_eq!(count, 1.0, "the first customer has bought once");
    assert_eq!(named(&answer), expected);
    let told = answer["metadata"]["features"].as_array().unwrap();
    assert_eq!(told[0]["dataType"], json!({ "type": "float64" }));
    assert_eq!(
        told[3]["dataType"],
        json!({ "type": "array", "elementType": { "type": "int64" } })
    );
    assert_eq!(told[0]["description"], "How unusual a purchase is");
    assert_eq!(told[0]["tags"], json!({ "team": "fraud" }));
    // What is computed now was effective at no other time.
    assert_eq!(told[0].get("effectiveTime"), None);
    assert_eq!(told[5]["effectiveTime"], asked_at);
    assert!(told.iter().all(|feature| feature["status"] == "PRESENT"), "{answer}");

    // On the command line.
    let arguments = [
        "get",
        "scored",
        "--key",
        "customer_id=1",
        "--context",
        "amount=50",
        "--context",
        "merchant=acme",
    ];
    let said = project.json(NOW, &arguments);
    for ((name, value), said) in expected.iter().zip(said["features"].as_array().unwrap()) {
        assert_eq!((&said["name"], &said["value"]), (&json!(name), value));
    }
    let said = project.run(
        NOW,
        &["get", "scored", "--key", "customer_id=1", "--context", "amount=much"],
    );
    assert!(
        said.stderr.contains("context `amount` is float64, which `much` is not"),
        "{}",
        said.stderr
    );
    let said = project.run(
        NOW,
        &["get", "spend", "--key", "customer_id=1", "--context", "amount=1"],
    );
    assert!(
        said.stderr.contains("takes no `amount` as context; it takes none"),
        "{}",
        said.stderr
    );

    // A customer that nobody knows, and a null where there may be one.
    let mut params = scored(50);
    params["joinKeyMap"]["customer_id"] = json!(999_999);
    params["requestContextMap"]["merchant"] = json!(null);
    let answer = http.features(params);
    let values = &answer["result"]["features"];
    assert_eq!(values, &json!([null, null, asked_at, null, null, null]));
    let status = |at: usize| answer["metadata"]["features"][at]["status"].clone();
    assert_eq!((status(0), status(5)), (json!("PRESENT"), json!("MISSING_DATA")));

    // A batch: each row with its own context.
    let rows: Vec<Value> = (0..100)
        .map(|row| json!({ "joinKeyMap": { "customer_id": 1 + row % 3 }, "requestContextMap": { "amount": row, "merchant": row.to_string() } }))
        .collect();
    let reply = http.post(
        BATCH,
        &json!({ "params": { "featureServiceName": "scored", "requestData": rows } }),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    for (row, one) in answer["result"].as_array().unwrap().iter().enumerate() {
        let mut params = scored(row);
        params["joinKeyMap"]["customer_id"] = json!(1 + row % 3);
        params["requestContextMap"]["merchant"] = json!(row.to_string());
        if row % 10 == 0 {
            assert_eq!(http.features(params)["result"], *one, "{row}");
        }
        assert_eq!(one["features"][1], row.to_string());
    }

    // What a service takes.
    let reply = http.post(METADATA, &json!({ "params": { "featureServiceName": "two" } }));
    let metadata = reply.json();
    let types = json!([
        { "name": "amount", "dataType": { "type": "float64" } }, { "name": "merchant", "dataType": { "type": "string" } },
    ]);
    assert_eq!(metadata["inputRequestContextKeys"], types);
    let keys: Vec<_> = metadata["inputJoinKeys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["name"].clone())
        .collect();
    assert_eq!(keys, ["customer_id", "buyer_id"]);
    // The same view for two customers, and one feature under two names.
    let two = http.features(json!({
        "featureServiceName": "two", "joinKeyMap": { "customer_id": 1, "buyer_id": 2 }, "metadataOptions": { "includeNames": true },
        "requestContextMap": { "amount": 10, "merchant": "m" },
    }));
    let two = named(&two);
    let names: Vec<&str> = two.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "buyer.times_average",
            "risk.times_average",
            "a.amount_sum_30d_1d",
            "b.amount_sum_30d_1d"
        ]
    );
    assert_ne!(two[0].1, two[1].1);
    assert_eq!((&two[1].1, &two[2].1), (&json!(10.0 / (sum / count)), &two[3].1));

    // By itself, without keys; values of every type come back as they went in.
    let context = json!({
        "flag": true, "whole": i64::MIN.to_string(), "number": "-Infinity", "text": "é", "day": "2024-02-29",
        "time": "1969-12-31T23:59:59.999999Z",
    });
    let echo = |context: &Value| json!({ "featureServiceName": "echo", "requestContextMap": context });
    let answer = http.features(echo(&context));
    let values: Vec<&Value> = context.as_object().unwrap().values().collect();
    assert_eq!(
        answer["result"]["features"]
            .as_array()
            .unwrap()
            .iter()
            .collect::<Vec<_>>()
            .len(),
        values.len()
    );
    for (name, value) in [
        ("flag", 0),
        ("whole", 1),
        ("number", 2),
        ("text", 3),
        ("day", 4),
        ("time", 5),
    ] {
        assert_eq!(answer["result"]["features"][value], context[name], "{name}");
    }
    let nulls = json!({ "flag": null, "whole": null, "number": null, "text": null, "day": null, "time": null });
    assert_eq!(
        http.features(echo(&nulls))["result"]["features"],
        json!([null, null, null, null, null, null])
    );
    // A store has many runs, and not for ever: what a guest leaks is given back.
    let params = || json!({ "featureServiceName": "remembers", "requestContextMap": { "whole": 7 } });
    let runs = (0..2_100).map(|_| {
        http.features(params())["result"]["features"][0]
            .as_str()
            .unwrap()
            .parse::<u32>()
    });
    let runs: Vec<u32> = runs.map(Result::unwrap).collect();
    assert_eq!(runs.iter().max(), Some(&1_000));
    assert!(runs.iter().filter(|runs| **runs == 1).count() >= 3);
    let metrics = http.get("/metrics").text();
    let guest = metrics
        .lines()
        .find(|line| line.starts_with("sandglass_guest_seconds_count{view=\"risk\"}"));
    assert!(guest.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
}

#[test]
fn what_is_wrong_with_the_context() {
    let _timed = crate::harness::Timed::new("serving::requests::what_is_wrong_with_the_context");
    let project = project();
    let server = serve(&project, &[]);
    let mut http = server.http();
    let mut with = |context: Value, options: Value| {
        let mut params = scored(1);
        params["requestContextMap"] = context;
        params["requestOptions"] = options;
        ask(&mut http, params)
    };
    let none = || json!({});
    for (context, message) in [
        (
            json!({ "amount": 1 }),
            "`merchant` is missing in `requestContextMap`; feature service `scored` takes it as utf8",
        ),
        (
            json!({}),
            "`amount` is missing in `requestContextMap`; feature service `scored` takes it as float64",
        ),
        (
            json!({ "amount": null, "merchant": "m" }),
            "`amount` of the request context is null, and cannot be",
        ),
        (
            json!({ "amount": "1", "merchant": "m" }),
            "`amount` of the request context is float64, which \"1\" is not",
        ),
        (
            json!({ "amount": 1, "merchant": ["m"] }),
            "`merchant` of the request context is utf8, which [\"m\"] is not",
        ),
        (
            json!({ "amount": 1, "merchant": "m", "amuont": 1 }),
            "feature service `scored` takes no `amuont` as request context; it takes `amount`, `merchant`",
        ),
    ] {
        assert_eq!(with(context, none()).error(400), message);
    }
    let more = json!({ "amount": 1, "merchant": "m", "amuont": 1 });
    assert_eq!(
        with(more, json!({ "ignoreExtraRequestContextFields": true })).status,
        200
    );
    // Join keys are no context, and the other way round.
    let mut params = scored(1);
    params["joinKeyMap"]["amount"] = json!(1);
    assert!(ask(&mut http, params).error(400).contains("has no join key `amount`"));
}

/// A component that traps, loops, fails and eats memory: its features are lost, and nothing else.
#[test]
fn a_poisoned_component() {
    let _timed = crate::harness::Timed::new("serving::requests::a_poisoned_component");
    let project = project();
    let server = serve(&project, &["--request-timeout-ms", "1000"]);
    let mut http = server.http();
    let good = http.features(scored(50))["result"].clone();
    for (amount, status, told) in [
        (-1, 500, "feature view `risk`: the guest trapped"),
        (-2, 504, "feature view `risk`: there was no time left"),
        (-3, 400, "an amount of -3"),
        (-4, 500, "memory"),
    ] {
        // All of the request fails where nothing else is allowed.
        let message = ask(&mut http, scored(amount)).error(status);
        assert!(message.contains(told), "{amount}: {message}");
        // Else only what it would have computed.
        let mut params = scored(amount);
        params["allowPartialResults"] = json!(true);
        let answer = http.features(params);
        let features = answer["metadata"]["features"].as_array().unwrap();
        let values = answer["result"]["features"].as_array().unwrap();
        let lost = if amount == -2 { "TIME_OUT" } else { "UNKNOWN" };
        for (at, (feature, value)) in features.iter().zip(values).enumerate() {
            let expected = if at < 4 {
                (json!(lost), json!(null))
            } else {
                (json!("PRESENT"), good["features"][at].clone())
            };
            assert_eq!(
                (&feature["status"], value),
                (&expected.0, &expected.1),
                "{amount}: {answer}"
            );
        }
        assert_eq!(http.features(scored(50))["result"], good, "after {amount}");
        // What does not run it does not notice.
        let mut params = scored(amount);
        params["featureServiceName"] = json!("spend");
        params["requestContextMap"] = json!({});
        assert_eq!(ask(&mut http, params).status, 200);
    }
    // A budget ends it early, and what was read is answered.
    let mut params = scored(-2);
    params["requestOptions"] = json!({ "latencyBudgetMs": 100 });
    let started = std::time::Instant::now();
    let answer = http.features(params);
    assert!(started.elapsed().as_millis() < 900, "{:?}", started.elapsed());
    assert_eq!(answer["metadata"]["features"][0]["status"], "TIME_OUT");
    assert_eq!(answer["metadata"]["features"][5]["status"], "PRESENT");

    // In a batch the rows that it fails on are told from the others.
    let amounts = [1, -1, 2, -3, 3, 4, -4];
    let rows: Vec<Value> = amounts
        .iter()
        .map(|amount| json!({ "joinKeyMap": { "customer_id": 1 }, "requestContextMap": { "amount": amount, "merchant": "m" } }))
        .collect();
    let mut params = json!({
        "featureServiceName": "scored", "requestData": rows, "metadataOptions": { "includeServingStatus": true },
    });
    let reply = http.post(BATCH, &json!({ "params": params }));
    assert!([400, 500].contains(&reply.status), "{}", reply.text());
    params["allowPartialResults"] = json!(true);
    let reply = http.post(BATCH, &json!({ "params": params }));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let answer = reply.json();
    for (row, amount) in amounts.iter().enumerate() {
        let value = &answer["result"][row]["features"][0];
        assert_eq!(value.is_null(), *amount < 0, "{answer}");
        let status = &answer["metadata"]["features"][0]["status"][row];
        assert_eq!(status, if *amount < 0 { "UNKNOWN" } else { "PRESENT" });
    }
    let metrics = http.get("/metrics").text();
    let failed = metrics
        .lines()
        .find(|line| line.starts_with("sandglass_guest_failed_rows_total{view=\"risk\"}"));
    assert!(failed.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
    dashboards_ask_for(&metrics);
    let (status, log) = server.stop();
    assert_eq!(status, 0);
    // The guest's panic is there, and no thread's.
    assert!(!log.contains("thread '"), "{log}");
}

/// New parameters, new code and a view that is gone are seen without a restart, and no value is of both.
#[test]
fn what_is_applied_meanwhile() {
    let _timed = crate::harness::Timed::new("serving::requests::what_is_applied_meanwhile");
    let project = project();
    let server = serve(&project, &[]);
    let mut http = server.http();
    let value = |reply: &crate::harness::Reply| reply.json()["result"]["features"][0].as_f64();
    let one = value(&ask(&mut http, scored(50))).unwrap();
    project.define(&definitions("3.0"));
    let plan = project.json(NOW, &["plan"]);
    let risk = |plan: &Value| {
        let views = plan["feature_views"].as_array().unwrap().iter();
        views.filter(|view| view["name"] == "risk").cloned().collect::<Vec<_>>()
    };
    let planned = risk(&plan);
    assert_eq!((planned.len(), &planned[0]["change"]), (1, &json!("at once")));
    assert_eq!(
        planned[0]["reasons"],
        json!(["parameters: {\"factor\":{\"float\":\"1.0\"}} to {\"factor\":{\"float\":\"3.0\"}}"])
    );
    let applied = project.json(NOW, &["apply"]);
    assert_eq!(risk(&applied)[0]["change"], "at once");
    let reply = until(
        &mut http,
        |http| ask(http, scored(50)),
        |reply| value(reply) != Some(one),
    );
    assert!((value(&reply).unwrap() - 3.0 * one).abs() < 1e-9, "{}", reply.text());
    let again = project.json(NOW, &["apply"]);
    assert_eq!(risk(&again)[0]["change"], "none");
    // A view that others read is not destroyed; one that nothing is kept of is taken out.
    // Nothing is kept of it that commands could work on; what it reads is not destroyed under it.
    for arguments in [
        &["destroy", "risk"][..],
        &["rollback", "risk"],
        &["materialize", "risk"],
        &["explain", "risk", "--key", "customer_id=1"],
        &["run", "risk", "--start", "1997-01-01"],
    ] {
        let refused = project.run(NOW, arguments);
        assert_eq!(refused.status, 1, "{arguments:?}");
        let told = "`risk` is a request view, of which nothing is kept";
        assert!(refused.stderr.contains(told), "{arguments:?}: {}", refused.stderr);
    }
    let services = definitions("3.0").replace(
        "features = [\"spend[amount_sum_30d_1d]\", \"risk\",",
        "features = [\"risk\",",
    );
    let (services, _) = services.split_once("[[feature_service]]\nname = \"two\"").unwrap();
    let services = services.replace("features = [\"spend\", \"last_purchase", "features = [\"last_purchase");
    project.define(&services);
    project.json(NOW, &["apply"]);
    let refused = project.run(NOW, &["destroy", "spend"]);
    let told = "request view `risk` reads features of `spend`";
    assert!(refused.stderr.contains(told), "{}", refused.stderr);
    project.define(VIEWS);
    let plan = project.json(NOW, &["plan"]);
    assert_eq!(risk(&plan)[0]["change"], "remove");
    project.json(NOW, &["apply"]);
    let gone = until(&mut http, |http| ask(http, scored(50)), |reply| reply.status != 200);
    assert_eq!(gone.status, 404, "{}", gone.text());
}

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
    let _timed = crate::harness::Timed::new("serving::requests::training_data_has_what_requests_were_answered");
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
    let _timed = crate::harness::Timed::new("serving::requests::rows_of_a_spine_that_nobody_could_ask_for");
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

/// The request of Tecton's documentation, and its answer: two realtime views and one of a customer's last transaction.
#[test]
fn the_documentations_own_request() {
    let _timed = crate::harness::Timed::new("serving::requests::the_documentations_own_request");
    let good = component("tests/guests/good");
    let good = good.display();
    let project = Project::new("");
    let definitions = format!(
        r#"
[project]
name = "prod"

[[entity]]
name = "user"
join_keys = {{ user_id = "string" }}

[[source]]
name = "transactions"
path = "transactions.csv"
timestamp_column = "timestamp"

[[feature_view]]
name = "last_transaction_amount_sql"
kind = "batch"
entities = ["user"]
sources = ["transactions"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2021-08-20"
online = true

[[feature_view]]
name = "user_transaction_amount_metrics"
kind = "batch"
entities = ["user"]
sources = ["transactions"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "2021-08-20"
online = true
aggregation_interval = "1d"

[[feature_view.aggregation]]
column = "amount"
function = "mean"
time_window = "1d"

[[feature_view]]
name = "transaction_amount_is_high"
kind = "request"
request_context = {{ amount = "float64" }}
transformation = "{good}#transaction_amount_is_high"

[[feature_view]]
name = "transaction_amount_is_higher_than_average"
kind = "request"
request_context = {{ amount = "float64" }}
features = ["user_transaction_amount_metrics"]
transformation = "{good}#transaction_amount_is_higher_than_average"

[[feature_service]]
name = "fraud_detection_feature_service"
features = ["last_transaction_amount_sql", "transaction_amount_is_high", "transaction_amount_is_higher_than_average"]
"#
    );
    std::fs::write(project.path("sandglass.toml"), definitions).unwrap();
    let rows = "user_id,timestamp,amount\nC1000262126,2021-08-21T01:23:58.996Z,216409\nC1,2021-08-21T00:00:00Z,1.5\n";
    std::fs::write(project.path("transactions.csv"), rows).unwrap();
    // A day later, when the mean of the last day is that of nothing.
    let now = "2021-08-23";
    project.apply_and_materialize(now);
    let server = crate::harness::ServerProcess::start(&project, now, &[]);
    let body = r#"{"params":{"workspaceName":"prod","featureServiceName":"fraud_detection_feature_service",
        "joinKeyMap":{"user_id":"C1000262126"},"requestContextMap":{"amount":100},
        "allowPartialResults":false,
        "metadataOptions":{"includeNames":true,"includeEffectiveTimes":true,"includeDataTypes":true,"includeSloInfo":true,
            "includeServingStatus":true,"includeFeatureDescriptions":true,"includeFeatureTags":true},
        "requestOptions":{"readFromCache":true,"writeToCache":true,"latencyBudgetMs":"200",
            "aggregationLeadingEdge":"AGGREGATION_MODE_LATEST_EVENT_TIME"}}}"#;
    let mut answer = server.http().post(GET, &serde_json::from_str(body).unwrap()).json();
    // How long it took, what is beside the documentation's, and a time in milliseconds, which has six digits here.
    assert_eq!(answer["metadata"]["sloInfo"].take()["sloEligible"], true);
    for feature in answer["metadata"]["features"].as_array_mut().unwrap() {
        assert_eq!(feature.as_object_mut().unwrap().remove("tags"), Some(json!({})));
    }
    let documented = r#"{"result":{"features":["0","1",216409.0]},
        "metadata":{"features":[
            {"name":"transaction_amount_is_high.transaction_amount_is_high","dataType":{"type":"int64"},"status":"PRESENT"},
            {"name":"transaction_amount_is_higher_than_average.transaction_amount_is_higher_than_average",
                "dataType":{"type":"int64"},"status":"PRESENT"},
            {"name":"last_transaction_amount_sql.amount","effectiveTime":"2021-08-21T01:23:58.996000Z",
                "dataType":{"type":"float64"},"status":"PRESENT"}],
        "sloInfo":null}}"#;
    assert_eq!(answer, serde_json::from_str::<Value>(documented).unwrap());
}

/// Tecton's client from PyPI, and the one for Rust.
#[test]
fn clients_bring_context_along() {
    use sandglass_client::{Client, Keys, Status};

    let _timed = crate::harness::Timed::new("serving::requests::clients_bring_context_along");
    let project = project();
    let server = serve(&project, &[]);
    let mut http = server.http();
    let asked = named(&http.features(scored(50)));
    let value = asked[0].1.as_f64().unwrap();
    crate::harness::runtime().block_on(async {
        let client = Client::new(&format!("http://{}", server.address), "shop");
        let keys = |amount: f64| {
            let keys = Keys::new().with("customer_id", 1).with_context("amount", amount);
            keys.with_context("merchant", "acme")
        };
        let vector = client.features("scored", &keys(50.0)).await.unwrap();
        assert_eq!(vector.get("risk.times_average").unwrap().as_f64(), Some(value));
        assert_eq!(vector.features[0].effective_time, None);
        let context = client.metadata("scored").await.unwrap().input_request_context_keys;
        assert_eq!((context[0].name.as_str(), context.len()), ("amount", 2));
        let rows = [keys(50.0), keys(-1.0)];
        assert!(client.features_batch("scored", &rows).await.is_err());
        let client = client.with_partial_results();
        let batch = client.features_batch("scored", &rows).await.unwrap();
        assert_eq!(batch[0].features, vector.features);
        assert_eq!(batch[1].features[0].status, Status::Unknown);
    });
    let script = r#"
import sys
from tecton_client import MetadataOptions, TectonClient
client = TectonClient(url=f"http://{sys.argv[1]}", api_key="none", default_workspace_name="shop")
answer = client.get_features(
    feature_service_name="scored", join_key_map={"customer_id": 1},
    request_context_map={"amount": 50.0, "merchant": "acme"}, metadata_options=MetadataOptions.all(),
)
print(repr(answer.get_features_dict()["risk.times_average"]))
described = client.get_feature_service_metadata(feature_service_name="scored")
print([field["name"] for field in described.input_request_context_keys])
"#;
    let output = std::process::Command::new(crate::harness::python("tecton-1", &["tecton-client==0.4.0"]))
        .args(["-c", script, &server.address])
        .output()
        .unwrap();
    let answer = crate::harness::Answer::of(&output);
    assert_eq!(answer.status, 0, "{}{}", answer.stdout, answer.stderr);
    let mut lines = answer.stdout.lines();
    assert_eq!(lines.next().unwrap().parse::<f64>().unwrap().to_bits(), value.to_bits());
    assert_eq!(lines.next(), Some("['amount', 'merchant']"));
}
