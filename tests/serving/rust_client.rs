//! The client for Rust.

use sandglass_client::{Client, DataType, Error, Keys, Status, Value};

use super::world::{NOW, prepared, serve};
use crate::harness::runtime;

#[test]
fn the_rust_client_reads_what_is_served() {
    let _timed = crate::harness::Timed::new("serving::rust_client::the_rust_client_reads_what_is_served");
    let project = prepared();
    let key = project.json(NOW, &["key", "create", "--name", "rust"]);
    let server = serve(&project, &["--require-keys"]);
    let address = format!("http://{}/", server.address);
    let client = Client::new(&address, "shop").with_key(key["key"].as_str().unwrap());
    let said = project.json(NOW, &["get", "customer_features", "--key", "customer_id=4"]);
    runtime().block_on(async {
        let keys = |id: i64| Keys::new().with("customer_id", id);
        let vector = client.features("customer_features", &keys(4)).await.unwrap();
        assert_eq!(vector.stale, [""; 0]);
        for (feature, said) in vector.features.iter().zip(said["features"].as_array().unwrap()) {
            assert_eq!(feature.name, said["name"].as_str().unwrap());
            assert_eq!(feature.effective_time.as_deref(), said["effective_time"].as_str());
            match &feature.value {
                Value::Int64(value) => assert_eq!(said["value"], value.to_string()),
                Value::Float64(value) => assert_eq!(said["value"], *value),
                Value::Array(values) => {
                    let values: Vec<String> = values.iter().map(|value| value.as_i64().unwrap().to_string()).collect();
                    assert_eq!(said["value"], serde_json::json!(values));
                }
                other => {
                    assert_eq!(*other, Value::Null);
                    assert!(said["value"].is_null(), "{said}");
                }
            }
        }
        assert!(vector.get("last_purchase.amount").unwrap().as_f64().unwrap() > 0.0);
        assert_eq!(vector.get("last_purchase.nothing"), None);

        let rows = [keys(4), keys(999_999_999), keys(4)];
        let batch = client.features_batch("customer_features", &rows).await.unwrap();
        assert_eq!(
            (&batch[0].features, &batch[2].features),
            (&vector.features, &vector.features)
        );
        assert!(
            batch[1]
                .features
                .iter()
                .all(|feature| feature.status == Status::MissingData && feature.value == Value::Null)
        );

        let described = client.metadata("customer_features").await.unwrap();
        assert_eq!(described.input_join_keys[0].name, "customer_id");
        assert_eq!(described.feature_values[0].data_type, Some(DataType::Float64));

        let refused = client.features("nothing", &keys(4)).await.unwrap_err();
        let message = "there is no feature service `nothing`".to_owned();
        assert_eq!(refused, Error::Refused { status: 404, message });
        let stranger = Client::new(&address, "shop")
            .features("spend", &keys(4))
            .await
            .unwrap_err();
        assert!(matches!(stranger, Error::Refused { status: 401, .. }), "{stranger}");
        let nobody = Client::new("http://127.0.0.1:1", "shop").with_retries(1);
        let unreachable = nobody.features("spend", &keys(4)).await.unwrap_err();
        assert!(unreachable.is_temporary(), "{unreachable}");
    });
}
