//! What is wrong with a request is told with a status and a message, and the server goes on.

use serde_json::{Value, json};

use super::world::{BATCH, GET, METADATA, params, prepared, serve};

#[test]
fn each_has_its_status_and_message() {
    let _timed = crate::harness::Timed::new("serving::bad_requests::each_has_its_status_and_message");
    let project = prepared();
    let server = serve(&project, &["--max-body-bytes", "4096"]);
    let mut http = server.http();
    let good = http.features(params("spend", 1));
    let with = |more: Value| {
        let mut params = params("spend", 1);
        for (name, value) in more.as_object().unwrap() {
            params[name] = value.clone();
        }
        json!({ "params": params }).to_string()
    };
    let wide: Vec<String> = (0..300).map(|field| format!("\"f{field}\":1")).collect();
    let wide = format!("{{\"params\":{{\"joinKeyMap\":{{{}}}}}}}", wide.join(","));
    let nested = format!(
        "{{\"params\":{{\"joinKeyMap\":{{\"customer_id\":{}1{}}}}}}}",
        "[".repeat(1000),
        "]".repeat(1000)
    );
    let cases: Vec<(&str, String, u16, &str)> = vec![
        (GET, String::new(), 400, "EOF"),
        (GET, "not json".to_owned(), 400, "the body is not a request"),
        (GET, "[]".to_owned(), 400, "the body is not a request"),
        (GET, "{}".to_owned(), 400, "missing field `params`"),
        (GET, r#"{"params":{}} trailing"#.to_owned(), 400, "trailing characters"),
        (GET, r#"{"params":7}"#.to_owned(), 400, "invalid type"),
        (GET, r#"{"params":{"joinKeyMap":7}}"#.to_owned(), 400, "an object"),
        (
            GET,
            r#"{"params":{"joinKeyMap":{"customer_id":1,"customer_id":2}}}"#.to_owned(),
            400,
            "`customer_id` is there twice",
        ),
        (
            GET,
            r#"{"params":{"featureServiceName":"spend","feature_service_name":"spend"}}"#.to_owned(),
            400,
            "duplicate field",
        ),
        (
            GET,
            r#"{"params":{"joinKeyMap":{"customer_id":1}}}"#.to_owned(),
            400,
            "`featureServiceName` is missing",
        ),
        (GET, wide, 400, "an object has at most 256 fields"),
        (GET, nested, 400, "recursion limit"),
        (GET, "\u{feff}{}".to_owned(), 400, "the body is not a request"),
        (
            GET,
            with(json!({ "joinKeyMap": {} })),
            400,
            "join key `customer_id` is missing in `joinKeyMap`",
        ),
        (
            GET,
            with(json!({ "joinKeyMap": null })),
            400,
            "join key `customer_id` is missing in `joinKeyMap`",
        ),
        (
            GET,
            with(json!({ "joinKeyMap": { "customer_id": 1, "shop": 2 } })),
            400,
            "has no join key `shop`; it has `customer_id`",
        ),
        (
            GET,
            with(json!({ "joinKeyMap": { "customer_id": 1.5 } })),
            400,
            "join key `customer_id` is int64, which 1.5 is not",
        ),
        (
            GET,
            with(json!({ "joinKeyMap": { "customer_id": "one" } })),
            400,
            "join key `customer_id` is int64, which `one` is not",
        ),
        (
            GET,
            with(json!({ "joinKeyMap": { "customer_id": [1] } })),
            400,
            "join key `customer_id` is int64",
        ),
        (
            GET,
            with(json!({ "requestContextMap": { "amount": 1 } })),
            400,
            "takes no request context, and `amount` is given",
        ),
        (
            GET,
            with(json!({ "metadataOptions": { "includeNames": "yes" } })),
            400,
            "expected a boolean",
        ),
        (
            GET,
            with(json!({ "requestOptions": { "latencyBudgetMs": -1 } })),
            400,
            "`latencyBudgetMs` is a whole number",
        ),
        (
            GET,
            with(json!({ "requestOptions": { "latencyBudgetMs": "soon" } })),
            400,
            "`latencyBudgetMs` is a whole number",
        ),
        (
            GET,
            with(json!({ "requestOptions": { "latencyBudgetMs": 0 } })),
            400,
            "`latencyBudgetMs` is a whole number",
        ),
        (
            GET,
            with(json!({ "featureServiceName": "spent" })),
            404,
            "there is no feature service `spent`",
        ),
        (
            GET,
            with(json!({ "workspaceName": "prod" })),
            404,
            "there is no workspace `prod` here; this server has `shop`",
        ),
        (GET, "x".repeat(5000), 413, "at most 4096 bytes"),
        (
            BATCH,
            r#"{"params":{"featureServiceName":"spend","requestData":{}}}"#.to_owned(),
            400,
            "a list of at most 1000 rows",
        ),
        (
            BATCH,
            r#"{"params":{"featureServiceName":"spend","requestData":[{"joinKeyMap":{"customer_id":1}},{}]}}"#
                .to_owned(),
            400,
            "row 1: join key `customer_id` is missing",
        ),
        (
            METADATA,
            r#"{"params":{"featureServiceName":"spent"}}"#.to_owned(),
            404,
            "there is no feature service `spent`",
        ),
        (
            "/api/v2/workspaces/shop/feature-services/spend/get-features",
            r#"{"params":{"featureServiceName":"pair"}}"#.to_owned(),
            400,
            "the path has feature service `spend`, and the body `pair`",
        ),
        (
            "/api/v2/workspaces/%ff/feature-services/spend/get-features",
            "{}".to_owned(),
            400,
            "UTF-8",
        ),
        (
            "/api/v3/anything",
            "{}".to_owned(),
            404,
            "there is no path `/api/v3/anything`",
        ),
        ("/health", "{}".to_owned(), 405, "`/health` does not take POST"),
    ];
    for (path, body, status, message) in &cases {
        // Some of them close the connection.
        let mut http = server.http();
        let reply = http.request("POST", path, &[], body.as_bytes());
        if message.is_empty() {
            assert_eq!(reply.status, *status, "{path} {body}");
        } else {
            let found = reply.error(*status);
            assert!(found.contains(message), "{path} {body}: {found}");
        }
    }
    assert_eq!(
        http.get("/api/v1/feature-service/get-features").error(405),
        "`/api/v1/feature-service/get-features` does not take GET; /openapi.json lists what it takes"
    );
    // What is not known is passed over, as there are newer clients.
    let more = http.request(
        "POST",
        GET,
        &[],
        with(json!({ "somethingNew": { "a": [1] }, "requestOptions": null })).as_bytes(),
    );
    assert_eq!(more.json(), good);
    let context = with(
        json!({ "requestContextMap": { "amount": 1 }, "requestOptions": { "ignoreExtraRequestContextFields": true } }),
    );
    assert_eq!(http.request("POST", GET, &[], context.as_bytes()).json(), good);
    let (status, log) = server.stop();
    assert_eq!((status, log.contains("ERROR")), (0, false), "{log}");
}

#[test]
fn nothing_is_applied_or_online_yet() {
    let _timed = crate::harness::Timed::new("serving::bad_requests::nothing_is_applied_or_online_yet");
    let project = crate::harness::Project::with_purchases(super::world::VIEWS);
    let server = serve(&project, &[]);
    let mut http = server.http();
    let ask = |http: &mut crate::harness::Http| http.post(GET, &json!({ "params": params("spend", 1) }));
    assert_eq!((http.get("/health").status, http.get("/ready").status), (200, 503));
    assert_eq!(ask(&mut http).error(404), "there is no feature service `spend`");
    // What is applied is seen by the next request that needs it.
    project.json(super::world::NOW, &["apply"]);
    let absent = ask(&mut http);
    assert_eq!(absent.header("retry-after"), Some("1"));
    assert!(
        absent
            .error(503)
            .contains("feature view `spend` has nothing online yet")
    );
    assert_eq!(http.get("/ready").status, 200);
    project.json(super::world::NOW, &["materialize"]);
    assert_eq!(ask(&mut http).status, 200);
}
