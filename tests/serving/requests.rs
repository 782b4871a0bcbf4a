//! Request views: computed by a component when they are asked for, over HTTP and on the command line.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::shapes::dashboards_ask_for;
use super::world::{BATCH, GET, METADATA, NOW, VIEWS, named, serve, until};
use crate::harness::{Http, Project, component};

/// The views of this folder's tests, with request views of them.
pub fn definitions(factor: &str) -> String {
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

/// A view that loops takes its own request's time and nobody else's, whichever thread of the server it runs on.
#[test]
fn a_view_that_loops_holds_up_nobody() {
    let _timed = crate::harness::Timed::new("serving::requests::a_view_that_loops_holds_up_nobody");
    let project = project();
    let timeout = Duration::from_millis(1500);
    let server = serve(&project, &["--request-timeout-ms", "1500"]);
    let mut others: Vec<Http> = (0..8).map(|_| server.http()).collect();
    let good = others[0].features(scored(50))["result"].clone();
    let loops = json!({ "params": scored(-2) }).to_string();
    let head = format!(
        "POST {GET} HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n",
        loops.len()
    );
    for _ in 0..2 {
        let mut looping = server.http();
        let began = Instant::now();
        looping.send(format!("{head}{loops}").as_bytes());
        let mut slowest = Duration::ZERO;
        // For most of its time, and on connections that are known already and new ones.
        while began.elapsed() < timeout / 2 {
            for http in others.iter_mut().chain([&mut server.http()]) {
                let asked = Instant::now();
                assert_eq!(http.features(scored(50))["result"], good);
                slowest = slowest.max(asked.elapsed());
            }
        }
        assert_eq!(looping.reply().unwrap().status, 504);
        let took = began.elapsed();
        assert!(
            took >= timeout - Duration::from_millis(50),
            "it looped for {took:?} only"
        );
        assert!(slowest < timeout / 3, "another request took {slowest:?}");
    }
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
