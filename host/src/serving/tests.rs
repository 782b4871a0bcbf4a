use std::path::Path;
use std::sync::{Condvar, Mutex};

use serde_json::{Value as Json, json};

use super::*;
use crate::definition::parse;
use crate::online::{
    Change, EmbeddedStore, GenerationState, Item, LiveRecord, Load, OnlineError, OnlineStore, Read, Value,
};
use crate::registry::{Applied, Registry};
use crate::time::{Span, Timestamp};
use crate::workspace::Name;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A store whose reads wait while it is shut.
pub(crate) struct Gate {
    store: EmbeddedStore,
    shut: Mutex<bool>,
    opened: Condvar,
}

impl Gate {
    pub(crate) fn set(&self, shut: bool) {
        *self.shut.lock().expect("no panic") = shut;
        self.opened.notify_all();
    }
}

impl OnlineStore for Gate {
    fn get(&self, wanted: &[(Name, Vec<Vec<u8>>)]) -> Result<Vec<Option<Read>>, OnlineError> {
        let shut = self.shut.lock().expect("no panic");
        drop(self.opened.wait_while(shut, |shut| *shut).expect("no panic"));
        self.store.get(wanted)
    }

    fn live(&self, name: &Name) -> Result<Option<(LiveRecord, GenerationState)>, OnlineError> {
        self.store.live(name)
    }

    fn load(
        &self,
        load: &Load<'_>,
        items: &mut dyn Iterator<Item = Result<(Vec<u8>, Item), OnlineError>>,
    ) -> Result<u64, OnlineError> {
        self.store.load(load, items)
    }

    fn switch(
        &self,
        name: &Name,
        generation: u64,
        expected: Option<&LiveRecord>,
        now: Timestamp,
    ) -> Result<LiveRecord, OnlineError> {
        self.store.switch(name, generation, expected, now)
    }

    fn take_down(&self, name: &Name, expected: &LiveRecord, now: Timestamp) -> Result<(), OnlineError> {
        self.store.take_down(name, expected, now)
    }

    fn write(&self, name: &Name, expected: &LiveRecord, change: &Change) -> Result<(), OnlineError> {
        self.store.write(name, expected, change)
    }

    fn sweep(&self, name: &Name, grace: Span, now: Timestamp) -> Result<usize, OnlineError> {
        self.store.sweep(name, grace, now)
    }

    fn keys(&self, name: &Name, wanted: &dyn Fn(&[u8]) -> bool) -> Result<Vec<Vec<u8>>, OnlineError> {
        self.store.keys(name, wanted)
    }

    fn scan(&self, name: &Name) -> Result<Vec<(Vec<u8>, Item)>, OnlineError> {
        self.store.scan(name)
    }
}

const DEFINITIONS: &str = r#"
[project]
name = "shop"

[[entity]]
name = "customer"
join_keys = { customer_id = "int64" }

[[source]]
name = "purchases"
path = "purchases.parquet"
timestamp_column = "timestamp"

[[feature_view]]
name = "last"
kind = "batch"
entities = ["customer"]
sources = ["purchases"]
timestamp_column = "timestamp"
batch_schedule = "1d"
feature_start_time = "1997-01-01"
online = true
"#;

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A view with one item, of customer 7.
fn serving(folder: &Path, columns: &[(&str, &str)], values: Vec<Value>) -> (Arc<Serving>, Arc<Gate>) {
    serving_within(folder, columns, values, Duration::from_millis(200))
}

/// The same, whose requests have so long.
pub(crate) fn serving_within(
    folder: &Path,
    columns: &[(&str, &str)],
    values: Vec<Value>,
    timeout: Duration,
) -> (Arc<Serving>, Arc<Gate>) {
    let Ok(parsed) = parse("sandglass.toml", DEFINITIONS) else {
        panic!("the definitions are right")
    };
    let registry = Registry::new(&folder.into(), &parsed.project);
    let workspace = parsed.project.name.clone();
    let applied = Applied::next(None, at("1997-01-02"), parsed.project, BTreeMap::new(), BTreeMap::new());
    registry.put(None, &applied).expect("applied");
    let store = EmbeddedStore::new(&folder.join("online"), 16 << 20);
    let name = Name::new(&workspace, "last", 1);
    let through = at("1997-01-02");
    let state = GenerationState {
        through,
        offline_version: 1,
        tiles_version: None,
        columns: columns
            .iter()
            .map(|(name, kind)| ((*name).to_owned(), (*kind).to_owned()))
            .collect(),
        empty: Vec::new(),
        rules: String::new(),
    };
    let item = Item {
        timestamp: at("1997-01-01T12:00:00Z"),
        effective: through,
        expires: Some(at("1997-02-01")),
        as_of: through,
        values,
    };
    let key = crate::key::encode(&[crate::key::KeyValue::Int64(7)]);
    let generation = store
        .bulk_load(&name, &state, &mut std::iter::once(Ok((key, item))))
        .expect("loaded");
    store.switch(&name, generation, None, through).expect("live");
    let gate = Arc::new(Gate {
        store,
        shut: Mutex::new(false),
        opened: Condvar::new(),
    });
    let clock: Clock = Arc::new(|| "1997-01-02T01:00:00Z".parse().expect("a time"));
    let store = Arc::clone(&gate) as Arc<dyn OnlineStore>;
    let serving = Serving::new(workspace, registry, store, None, clock, timeout).expect("a registry");
    (Arc::new(serving), gate)
}

async fn ask(serving: &Arc<Serving>, options: Json) -> Result<Json, ServeError> {
    let body = json!({ "params": {
        "featureServiceName": "last", "joinKeyMap": { "customer_id": 7 }, "requestOptions": options,
        "metadataOptions": { "includeServingStatus": true, "includeDataTypes": true },
    } });
    let body = body.to_string();
    let request: VectorRequest = read(body.as_bytes())?;
    let vectors = serving.vectors(&(&request).into()).await?;
    let mut out = Vec::new();
    vectors.write_one(&request.metadata_options, Duration::ZERO, &mut out);
    Ok(serde_json::from_slice(&out).expect("JSON"))
}

#[tokio::test]
async fn a_store_that_does_not_answer_in_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let (serving, gate) = serving(folder.path(), &[("amount", "float64")], vec![Value::Float64(0.5)]);
    gate.set(true);
    // Nothing is known of the features yet, so there is nothing to answer with.
    let error = ask(&serving, json!({ "latencyBudgetMs": 20 })).await.expect_err("shut");
    assert_eq!(
        error,
        ServeError::TimedOut("the online store did not answer within 20 ms".to_owned())
    );
    gate.set(false);
    let answer = ask(&serving, Json::Null).await.expect("open");
    assert_eq!(answer["result"]["features"], json!([0.5]));
    gate.set(true);
    let partial = ask(&serving, json!({ "latencyBudgetMs": "20" }))
        .await
        .expect("partial");
    assert_eq!(partial["result"]["features"], json!([null]));
    assert_eq!(partial["metadata"]["features"][0]["status"], "TIME_OUT");
    // So it is if the request says that parts will do.
    let body = json!({ "params": { "featureServiceName": "last", "joinKeyMap": { "customer_id": 7 }, "allowPartialResults": true } });
    let body = body.to_string();
    let request: VectorRequest = read(body.as_bytes()).expect("a request");
    let vectors = serving.vectors(&(&request).into()).await.expect("partial");
    assert_eq!(vectors.rows(), 1);
    // Without a budget it is an error, after the server's own time; a longer budget does not help.
    let error = ask(&serving, Json::Null).await.expect_err("shut");
    assert_eq!(error.status(), 504);
    let partial = ask(&serving, json!({ "latencyBudgetMs": 60_000 }))
        .await
        .expect("partial");
    assert_eq!(partial["metadata"]["features"][0]["status"], "TIME_OUT");
    gate.set(false);
    assert_eq!(ask(&serving, Json::Null).await.expect("open"), answer);
}

#[tokio::test]
async fn reads_that_hang_do_not_pile_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let (serving, gate) = serving(folder.path(), &[("amount", "float64")], vec![Value::Float64(0.5)]);
    ask(&serving, Json::Null).await.expect("open");
    gate.set(true);
    let hanging = (0..200).map(|_| {
        let serving = Arc::clone(&serving);
        tokio::spawn(async move { ask(&serving, json!({ "latencyBudgetMs": 5 })).await.expect("partial") })
    });
    for task in hanging.collect::<Vec<_>>() {
        assert_eq!(
            task.await.expect("no panic")["metadata"]["features"][0]["status"],
            "TIME_OUT"
        );
    }
    gate.set(false);
    ask(&serving, Json::Null).await.expect("open");
}

#[tokio::test]
async fn values_of_every_kind() {
    let list = |values: Vec<Value>| Value::List(values);
    let cases = [
        (
            "boolean",
            Value::Boolean(true),
            json!(true),
            json!({ "type": "boolean" }),
        ),
        (
            "int64",
            Value::Int64(i64::MIN),
            json!("-9223372036854775808"),
            json!({ "type": "int64" }),
        ),
        ("float64", Value::Float64(0.1), json!(0.1), json!({ "type": "float64" })),
        (
            "float64",
            Value::Float64(f64::NAN),
            json!("NaN"),
            json!({ "type": "float64" }),
        ),
        (
            "float64",
            Value::Float64(f64::INFINITY),
            json!("Infinity"),
            json!({ "type": "float64" }),
        ),
        (
            "float32",
            Value::Float64(f64::NEG_INFINITY),
            json!("-Infinity"),
            json!({ "type": "float64" }),
        ),
        (
            "utf8",
            Value::Utf8("a \"b\"\n\u{1f600}".to_owned()),
            json!("a \"b\"\n\u{1f600}"),
            json!({ "type": "string" }),
        ),
        (
            "binary",
            Value::Binary(vec![0, 255]),
            json!("00ff"),
            json!({ "type": "string" }),
        ),
        ("date", Value::Date(0), json!("1970-01-01"), json!({ "type": "string" })),
        (
            "timestamp",
            Value::Timestamp(1),
            json!("1970-01-01T00:00:00.000001Z"),
            json!({ "type": "string" }),
        ),
        (
            "decimal128(5, 2)",
            Value::Decimal(-5, 2),
            json!("-0.05"),
            json!({ "type": "string" }),
        ),
        ("utf8", Value::Null, json!(null), json!({ "type": "string" })),
        (
            "list of int64",
            list(vec![Value::Int64(123), Value::Null]),
            json!(["123", null]),
            json!({ "type": "array", "elementType": { "type": "int64" } }),
        ),
        (
            "map of utf8 to int64",
            Value::Map(vec![(Value::Utf8("this".to_owned()), Value::Int64(123))]),
            json!({ "this": "123" }),
            json!({ "type": "map", "keyType": { "type": "string" }, "valueType": { "type": "int64" } }),
        ),
        (
            "struct {s: utf8, n: int64, l: list of float64}",
            Value::Struct(vec![
                ("s".to_owned(), Value::Utf8("fake-string".to_owned())),
                ("n".to_owned(), Value::Int64(12)),
                (
                    "l".to_owned(),
                    list(vec![Value::Float64(1.5), Value::Float64(f64::NAN)]),
                ),
            ]),
            json!(["fake-string", "12", [1.5, "NaN"]]),
            json!({ "type": "struct", "fields": [
                { "name": "s", "dataType": { "type": "string" } },
                { "name": "n", "dataType": { "type": "int64" } },
                { "name": "l", "dataType": { "type": "array", "elementType": { "type": "float64" } } },
            ] }),
        ),
    ];
    let names: Vec<String> = (0..cases.len()).map(|number| format!("f{number:02}")).collect();
    let columns: Vec<(&str, &str)> = names
        .iter()
        .zip(&cases)
        .map(|(name, case)| (name.as_str(), case.0))
        .collect();
    let values = cases.iter().map(|case| case.1.clone()).collect();
    let folder = tempfile::tempdir().expect("a folder");
    let (serving, _) = serving(folder.path(), &columns, values);
    let answer = ask(&serving, Json::Null).await.expect("an answer");
    for (at, (kind, _, expected, data_type)) in cases.iter().enumerate() {
        assert_eq!(answer["result"]["features"][at], *expected, "{kind}");
        assert_eq!(answer["metadata"]["features"][at]["dataType"], *data_type, "{kind}");
    }
}
