//! Requests and answers, in both versions and both spellings.

use serde_json::{Value, json};

use super::world::{BATCH, GET, METADATA, named, params, prepared, serve};

#[test]
fn what_clients_send_and_read() {
    let _timed = crate::harness::Timed::new("serving::shapes::what_clients_send_and_read");
    let project = prepared();
    let server = serve(&project, &[]);
    let mut http = server.http();

    // Values only, in Tecton's order: by view, then by name. Whole numbers are texts.
    let all = http.features(params("customer_features", 1));
    let names: Vec<String> = named(&all).into_iter().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        [
            "last_purchase.amount",
            "last_purchase.quantity",
            "spend.amount_count_1d_1d",
            "spend.amount_count_30d_1d",
            "spend.amount_sum_1d_1d",
            "spend.amount_sum_30d_1d",
            "spend.quantity_last_3_30d_1d",
            "spend.quantity_sum_30d_1d",
        ]
    );
    let said = project.json(
        super::world::NOW,
        &["get", "customer_features", "--key", "customer_id=1"],
    );
    for (at, (name, value)) in named(&all).iter().enumerate() {
        assert_eq!(said["features"][at]["name"], *name);
        assert_eq!(said["features"][at]["value"], *value, "{name}");
    }
    assert!(all["result"]["features"][1].is_string(), "{all}");
    assert!(all["result"]["features"][6].is_array(), "{all}");

    // The documentation's spelling, the Java client's, and the second version are the same request.
    let options = json!({
        "includeNames": true, "includeEffectiveTimes": true, "includeDataTypes": true, "includeSloInfo": true,
        "includeServingStatus": true, "includeFeatureDescriptions": true, "includeFeatureTags": true,
    });
    let snake = json!({
        "include_names": true, "include_effective_times": true, "include_data_types": true, "include_slo_info": true,
        "include_serving_status": true, "include_feature_descriptions": true, "include_feature_tags": true,
    });
    let camel = http.post(
        GET,
        &json!({ "params": {
        "workspaceName": "shop", "featureServiceName": "customer_features", "joinKeyMap": { "customer_id": "1" },
        "requestContextMap": {}, "allowPartialResults": false, "metadataOptions": options,
        "requestOptions": { "readFromCache": true, "writeToCache": true, "latencyBudgetMs": "2000",
            "aggregationLeadingEdge": "AGGREGATION_MODE_LATEST_EVENT_TIME" },
    } }),
    );
    let java = http.post(
        GET,
        &json!({ "params": {
        "feature_service_name": "customer_features", "join_key_map": { "customer_id": 1 }, "metadata_options": snake,
        "request_context_map": null, "workspace_name": "shop",
        "request_options": { "read_from_cache": false, "latency_budget_ms": 2000 },
    } }),
    );
    let second = http.post(
        "/api/v2/workspaces/shop/feature-services/customer_features/get-features",
        &json!({ "params": { "joinKeyMap": { "customer_id": 1 }, "metadataOptions": options } }),
    );
    let without_times = |reply: &crate::harness::Reply| {
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("content-type"), Some("application/json"));
        let mut answer = reply.json();
        let slo = answer["metadata"]["sloInfo"].take();
        assert_eq!(slo["sloEligible"], true);
        for seconds in ["sloServerTimeSeconds", "serverTimeSeconds", "storeMaxLatency"] {
            assert!(slo[seconds].as_f64().unwrap() >= 0.0, "{slo}");
        }
        answer
    };
    let camel = without_times(&camel);
    assert_eq!(camel, without_times(&java));
    assert_eq!(camel, without_times(&second));
    assert_eq!(camel["result"], all["result"]);
    let features = &camel["metadata"]["features"];
    assert_eq!(
        features[0],
        json!({
            "name": "last_purchase.amount", "dataType": { "type": "float64" }, "status": "PRESENT",
            "effectiveTime": "1997-01-01T00:00:00Z", "description": "A customer's last purchase",
            "tags": { "team": "growth" },
        })
    );
    // Aggregates are as of the end of their window.
    assert_eq!(
        features[6],
        json!({
            "name": "spend.quantity_last_3_30d_1d", "status": "PRESENT", "tags": {},
            "dataType": { "type": "array", "elementType": { "type": "int64" } },
            "effectiveTime": "1997-01-03T00:00:00Z",
        })
    );

    // Each option adds what it says and nothing else, whatever was asked before.
    for set in (1..64).chain([1, 33, 8]) {
        let asked: Vec<(&str, &str)> = [
            ("includeNames", "name"),
            ("includeDataTypes", "dataType"),
            ("includeFeatureDescriptions", "description"),
            ("includeFeatureTags", "tags"),
            ("includeEffectiveTimes", "effectiveTime"),
            ("includeServingStatus", "status"),
        ]
        .into_iter()
        .enumerate()
        .filter(|(at, _)| set >> at & 1 == 1)
        .map(|(_, option)| option)
        .collect();
        let options: serde_json::Map<String, Value> = asked
            .iter()
            .map(|(option, _)| ((*option).to_owned(), json!(true)))
            .collect();
        let some = http.features(json!({
            "featureServiceName": "customer_features", "joinKeyMap": { "customer_id": 1 }, "metadataOptions": options,
        }));
        for (feature, all) in some["metadata"]["features"]
            .as_array()
            .unwrap()
            .iter()
            .zip(features.as_array().unwrap())
        {
            let expected = all
                .as_object()
                .unwrap()
                .iter()
                .filter(|(name, _)| asked.iter().any(|(_, asked)| asked == name));
            let expected: serde_json::Map<String, Value> =
                expected.map(|(name, value)| (name.clone(), value.clone())).collect();
            assert_eq!(*feature, Value::Object(expected), "{asked:?}");
        }
    }

    // Without options there is no metadata.
    let plain = http.features(json!({ "featureServiceName": "customer_features", "joinKeyMap": { "customer_id": 1 } }));
    assert_eq!(plain, json!({ "result": all["result"] }));
    // A view is a service by itself.
    let view = http.features(params("spend", 1));
    assert_eq!(
        view["result"]["features"].as_array().unwrap()[..],
        all["result"]["features"].as_array().unwrap()[2..]
    );
}

#[test]
fn what_is_not_there() {
    let _timed = crate::harness::Timed::new("serving::shapes::what_is_not_there");
    let project = prepared();
    let server = serve(&project, &[]);
    let mut http = server.http();
    let ask = |http: &mut crate::harness::Http, key: Value, options: Value| {
        http.features(json!({
            "featureServiceName": "customer_features", "joinKeyMap": { "customer_id": key },
            "metadataOptions": { "includeNames": true, "includeServingStatus": true, "includeEffectiveTimes": true },
            "requestOptions": options,
        }))
    };
    let nothing = ask(&mut http, json!(999_999_999), Value::Null);
    assert_eq!(
        nothing["result"]["features"],
        json!([null, null, null, null, null, null, null, null])
    );
    for feature in nothing["metadata"]["features"].as_array().unwrap() {
        assert_eq!(feature["status"], "MISSING_DATA");
        assert!(feature.get("effectiveTime").is_none(), "{feature}");
    }
    // A key that is null has no features; that is no mistake.
    assert_eq!(ask(&mut http, Value::Null, Value::Null), nothing);
    let zeros = ask(&mut http, Value::Null, json!({ "coerceNullCountsToZero": true }));
    assert_eq!(
        zeros["result"]["features"],
        json!([null, null, "0", "0", null, null, null, null])
    );
    // Who bought on the first day has nothing in the last one, and a count of nothing is null unless it is asked for.
    let first_day = ask(&mut http, json!(1), json!({ "coerce_null_counts_to_zero": true }));
    assert_eq!(first_day["result"]["features"][2], "0");
    assert_eq!(
        ask(&mut http, json!(1), Value::Null)["result"]["features"][2],
        Value::Null
    );
}

#[test]
fn several_rows_at_once() {
    let _timed = crate::harness::Timed::new("serving::shapes::several_rows_at_once");
    let project = prepared();
    let server = serve(&project, &[]);
    let mut http = server.http();
    let keys = [json!(1), json!("4"), json!(999_999_999), Value::Null, json!(1)];
    let rows: Vec<Value> = keys
        .iter()
        .map(|key| json!({ "joinKeyMap": { "customer_id": key } }))
        .collect();
    let snake: Vec<Value> = keys
        .iter()
        .map(|key| json!({ "join_key_map": { "customer_id": key }, "request_context_map": null }))
        .collect();
    let options = json!({ "includeNames": true, "includeEffectiveTimes": true, "includeServingStatus": true, "includeSloInfo": true });
    let body = json!({ "params": { "workspaceName": "shop", "featureServiceName": "customer_features", "requestData": rows, "metadataOptions": options } });
    let first = http.post(BATCH, &body).json();
    let java = http.post(BATCH, &json!({ "params": { "workspace_name": "shop", "feature_service_name": "customer_features", "request_data": snake } })).json();
    let second = http
        .post(
            "/api/v2/workspaces/shop/feature-services/customer_features/get-features-batch",
            &json!({ "params": { "requestData": rows } }),
        )
        .json();
    assert_eq!(first["result"], java["result"]);
    assert_eq!(second, json!({ "result": first["result"] }));
    for (key, row) in keys.iter().zip(first["result"].as_array().unwrap()) {
        assert_eq!(
            *row,
            http.features(params("customer_features", key.clone()))["result"],
            "{key}"
        );
    }
    let features = &first["metadata"]["features"];
    assert_eq!(
        features[0]["status"],
        json!(["PRESENT", "PRESENT", "MISSING_DATA", "MISSING_DATA", "PRESENT"])
    );
    assert_eq!(features[2]["effectiveTime"], "1997-01-03T00:00:00Z");
    assert_eq!(first["metadata"]["sloInfo"].as_array().unwrap().len(), 5);
    assert_eq!(first["metadata"]["batchSloInfo"]["sloEligible"], true);
    let none = http.post(
        BATCH,
        &json!({ "params": { "featureServiceName": "spend", "requestData": [] } }),
    );
    assert_eq!(none.json(), json!({ "result": [] }));
    let too_many: Vec<Value> = (0..1001)
        .map(|key| json!({ "joinKeyMap": { "customer_id": key } }))
        .collect();
    let refused = http.post(
        BATCH,
        &json!({ "params": { "featureServiceName": "spend", "requestData": too_many } }),
    );
    assert!(refused.error(400).contains("at most 1000 rows"));
}

#[test]
fn one_view_by_two_keys() {
    let _timed = crate::harness::Timed::new("serving::shapes::one_view_by_two_keys");
    let project = prepared();
    let server = serve(&project, &[]);
    let mut http = server.http();
    let one = |http: &mut crate::harness::Http, customer: i64| {
        http.features(params("last_purchase", customer))["result"]["features"].clone()
    };
    let amount = |features: &Value| features[0].clone();
    let (buyer, seller) = (amount(&one(&mut http, 1)), amount(&one(&mut http, 4)));
    assert!(buyer.is_f64() && seller.is_f64() && buyer != seller, "{buyer} {seller}");
    let pair = http.features(json!({ "featureServiceName": "pair", "joinKeyMap": { "seller_id": 4, "buyer_id": 1 } }));
    assert_eq!(pair["result"]["features"], json!([buyer, seller]));
}

#[test]
fn what_a_service_takes_and_gives() {
    let _timed = crate::harness::Timed::new("serving::shapes::what_a_service_takes_and_gives");
    let project = prepared();
    let server = serve(&project, &[]);
    let mut http = server.http();
    let params = json!({ "params": { "featureServiceName": "pair", "workspaceName": "shop" } });
    let first = http.post(METADATA, &params);
    let second = http.get("/api/v2/workspaces/shop/feature-services/pair/metadata");
    let key = |name: &str| json!({ "name": name, "dataType": { "type": "int64" } });
    let feature = |name: &str| json!({ "name": name, "dataType": { "type": "float64" } });
    let expected = json!({
        "featureServiceType": "DEFAULT",
        "inputJoinKeys": [key("buyer_id"), key("seller_id")],
        "inputRequestContextKeys": [],
        "featureValues": [feature("buyer.amount"), feature("seller.amount")],
    });
    assert_eq!(first.json(), expected);
    assert_eq!(second.json(), expected);
}

#[test]
fn what_is_stale_is_said() {
    let _timed = crate::harness::Timed::new("serving::shapes::what_is_stale_is_said");
    let project = prepared();
    let late = crate::harness::ServerProcess::start(&project, "1997-01-04T00:00:00Z", &[]);
    let mut http = late.http();
    let body = json!({ "params": { "featureServiceName": "customer_features", "joinKeyMap": { "customer_id": 1 },
        "metadataOptions": { "includeServingStatus": true } } });
    let reply = http.post(GET, &body);
    assert_eq!(reply.header("sandglass-stale"), Some("spend, last_purchase"));
    let view = |name: &str| json!({ "name": name, "materializedThrough": "1997-01-03T00:00:00Z" });
    assert_eq!(
        reply.json()["metadata"]["staleFeatureViews"],
        json!([view("spend"), view("last_purchase")])
    );
    // Once the day is materialized, by another process, it is not stale any more.
    project.json("1997-01-04", &["materialize"]);
    let fresh = http.post(GET, &body);
    assert_eq!(fresh.header("sandglass-stale"), None);
    assert!(fresh.json()["metadata"].get("staleFeatureViews").is_none());
}

#[test]
fn the_document_has_the_routes_that_are_there() {
    let document: Value = serde_json::from_str(sandglass::server::OPENAPI).unwrap();
    let mut documented = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        documented.extend(
            methods
                .as_object()
                .unwrap()
                .keys()
                .map(|method| (method.as_str(), path.as_str())),
        );
    }
    let mut routes = sandglass::server::ROUTES.to_vec();
    routes.sort_unstable();
    documented.sort_unstable();
    assert_eq!(documented, routes);
}

#[test]
fn what_is_there_beside_features() {
    let _timed = crate::harness::Timed::new("serving::shapes::what_is_there_beside_features");
    let project = prepared();
    let server = serve(&project, &["--log", "debug"]);
    let mut http = server.http();
    assert_eq!(
        (http.get("/health").status, http.get("/health").text()),
        (200, "ok\n".to_owned())
    );
    assert_eq!(http.get("/ready").text(), "ready\n");
    let served: Value = serde_json::from_slice(&http.get("/openapi.json").body).unwrap();
    assert_eq!(
        served,
        serde_json::from_str::<Value>(sandglass::server::OPENAPI).unwrap()
    );
    for _ in 0..3 {
        http.features(params("customer_features", 1));
    }
    let numbered = http.request("POST", GET, &[("x-request-id", "mine-7")], b"{}");
    assert_eq!(numbered.header("x-request-id"), Some("mine-7"));
    assert_eq!(numbered.status, 400);
    let metrics = http.get("/metrics").text();
    for line in [
        "sandglass_requests_total{call=\"get-features\",service=\"customer_features\",status=\"200\"} 3",
        "sandglass_requests_total{call=\"get-features\",service=\"\",status=\"400\"} 1",
        "sandglass_request_seconds_count{service=\"customer_features\"} 3",
        "sandglass_read_seconds_count{view=\"spend\"} 3",
        "sandglass_view_through_timestamp_seconds{view=\"spend\"} 852249600.0",
        "sandglass_view_age_seconds{view=\"spend\"} 0.0",
        // Two views, of which the first request read the items.
        "sandglass_item_cache_misses_total 2",
        "sandglass_item_cache_hits_total 4",
        "sandglass_item_cache_items 2",
        "sandglass_connections 1",
        "# EOF",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} in\n{metrics}");
    }
    let (status, log) = server.stop();
    assert_eq!(status, 0);
    let lines: Vec<Value> = log
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let refused: Vec<&Value> = lines.iter().filter(|line| line["status"] == 400).collect();
    assert_eq!(refused.len(), 1, "{log}");
    assert_eq!(
        (&refused[0]["request_id"], &refused[0]["level"]),
        (&json!("mine-7"), &json!("INFO"))
    );
    assert!(
        refused[0]["error"].as_str().unwrap().contains("missing field `params`"),
        "{log}"
    );
    assert_eq!(lines.iter().filter(|line| line["status"] == 200).count(), 3, "{log}");
}

/// The dashboard and the alerts ask for metrics that are there, by labels that they have.
pub fn dashboards_ask_for(metrics: &str) {
    let read =
        |name: &str| std::fs::read_to_string(crate::harness::repository().join("dashboards").join(name)).unwrap();
    let dashboard: Value = serde_json::from_str(&read("feature-server.json")).unwrap();
    let mut ids = Vec::new();
    for panel in dashboard["panels"].as_array().unwrap() {
        ids.push(panel["id"].as_i64().unwrap());
        for text in [
            &panel["title"],
            &panel["description"],
            &panel["targets"][0]["expr"],
            &panel["targets"][0]["legendFormat"],
        ] {
            assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{panel}");
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 10);
    for text in [dashboard.to_string(), read("alerts.yaml")] {
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let names = text.match_indices("sandglass_").map(|(at, _)| {
            let rest = &text[at..];
            &rest[..rest.find(|c| !is_name(c)).unwrap_or(rest.len())]
        });
        let mut found = 0;
        for name in names {
            assert!(
                metrics
                    .lines()
                    .any(|line| line.strip_prefix(name).is_some_and(|rest| rest.starts_with([' ', '{']))),
                "{name} is no metric of\n{metrics}"
            );
            found += 1;
        }
        assert!(found >= 5, "{found}");
    }
}
