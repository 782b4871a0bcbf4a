use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{Http, Project, Reply, ServerProcess};

/// Two days after the first purchases of the views below.
pub const NOW: &str = "1997-01-03";

/// Last rows of customers, their spending by day, and services of both.
pub const VIEWS: &str = r#"
[[feature_view]]
name = "last_purchase"
description = "A customer's last purchase"
tags = { team = "growth" }
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
online = true

[[feature_view]]
name = "spend"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
aggregation_interval = "1d"
online = true

[[feature_view.aggregation]]
column = "amount"
function = "sum"
time_window = ["1d", "30d"]

[[feature_view.aggregation]]
column = "quantity"
function = "sum"
time_window = "30d"

[[feature_view.aggregation]]
column = "amount"
function = "count"
time_window = ["1d", "30d"]

[[feature_view.aggregation]]
column = "quantity"
function = "last(3)"
time_window = "30d"

[[feature_service]]
name = "customer_features"
description = "All that is known of a customer"
features = ["spend", "last_purchase[amount, quantity]"]

[[feature_service]]
name = "pair"
features = [
    { view = "last_purchase", columns = ["amount"], prefix = "buyer", join_keys = { customer_id = "buyer_id" } },
    { view = "last_purchase", columns = ["amount"], prefix = "seller", join_keys = { customer_id = "seller_id" } },
]
"#;

/// The views above, applied and materialized.
pub fn prepared() -> Project {
    let project = Project::with_purchases(VIEWS);
    project.apply_and_materialize(NOW);
    project
}

pub const GET: &str = "/api/v1/feature-service/get-features";
pub const BATCH: &str = "/api/v1/feature-service/get-features-batch";
pub const METADATA: &str = "/api/v1/feature-service/metadata";

pub fn serve(project: &Project, arguments: &[&str]) -> ServerProcess {
    ServerProcess::start(project, NOW, arguments)
}

/// Names and values of an answer with names.
pub fn named(answer: &Value) -> Vec<(String, Value)> {
    let names = answer["metadata"]["features"].as_array().unwrap();
    let values = answer["result"]["features"].as_array().unwrap();
    assert_eq!(names.len(), values.len());
    let names = names.iter().map(|feature| feature["name"].as_str().unwrap().to_owned());
    names.zip(values.iter().cloned()).collect()
}

/// A request for the features of one customer.
pub fn params(service: &str, customer: impl Into<Value>) -> Value {
    let customer: Value = customer.into();
    json!({
        "workspaceName": "shop",
        "featureServiceName": service,
        "joinKeyMap": { "customer_id": customer },
        "metadataOptions": { "includeNames": true },
    })
}

/// Asks until the answer is as wanted: for what servers notice by looking from time to time.
pub fn until(http: &mut Http, mut ask: impl FnMut(&mut Http) -> Reply, wanted: impl Fn(&Reply) -> bool) -> Reply {
    let started = Instant::now();
    loop {
        let reply = ask(http);
        if wanted(&reply) {
            return reply;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{}", reply.text());
    }
}
