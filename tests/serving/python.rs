//! Tecton's own client from PyPI, unchanged.

use std::process::Command;

use super::world::{NOW, prepared, serve};
use crate::harness::{Answer, python};

const SCRIPT: &str = r#"
import sys
from tecton_client import MetadataOptions, RequestOptions, TectonClient
from tecton_client.exceptions import BadRequestError, NotFoundError, UnauthorizedError

address, key = sys.argv[1:]
client = TectonClient(url=f"http://{address}", api_key=key, default_workspace_name="shop")

answer = client.get_features(
    feature_service_name="customer_features",
    join_key_map={"customer_id": 1},
    metadata_options=MetadataOptions.all(),
    request_options=RequestOptions(latency_budget_ms=1000, coerce_null_counts_to_zero=True),
)
for name, value in answer.get_features_dict().items():
    print(name, repr(value))
assert answer.slo_info.slo_eligible and answer.slo_info.server_time_seconds > 0, answer.slo_info
assert {feature["status"] for feature in answer.metadata["features"]} == {"PRESENT"}

described = client.get_feature_service_metadata(feature_service_name="customer_features")
assert described.input_join_keys == [{"name": "customer_id", "dataType": {"type": "int64"}}], described
assert [feature["name"] for feature in described.feature_values] == list(answer.get_features_dict())

# The client has no call for batches; its connection and key have.
batch = client._client.post(
    f"http://{address}/api/v1/feature-service/get-features-batch",
    json={"params": {"workspaceName": "shop", "featureServiceName": "customer_features",
                     "requestData": [{"joinKeyMap": {"customer_id": 1}}, {"joinKeyMap": {"customer_id": 2}}]}},
).json()
alone = client.get_features(feature_service_name="customer_features", join_key_map={"customer_id": 1})
assert batch["result"][0]["features"] == alone.result.features, batch

def refused(error, call):
    try:
        call()
    except error as found:
        print(type(found).__name__, found)
    else:
        raise AssertionError(error)

refused(NotFoundError, lambda: client.get_features(feature_service_name="nothing", join_key_map={}))
refused(BadRequestError, lambda: client.get_features(feature_service_name="spend", join_key_map={"customer_id": "x"}))
stranger = TectonClient(url=f"http://{address}", api_key="sg_no", default_workspace_name="shop")
refused(UnauthorizedError, lambda: stranger.get_feature_service_metadata(feature_service_name="spend"))
"#;

#[test]
fn tectons_client_reads_a_vector_a_batch_and_metadata() {
    let _timed = crate::harness::Timed::new("serving::python::tectons_client_reads_a_vector_a_batch_and_metadata");
    let project = prepared();
    let key = project.json(NOW, &["key", "create", "--name", "python"]);
    let server = serve(&project, &["--require-keys"]);
    let output = Command::new(python("tecton-1", &["tecton-client==0.4.0"]))
        .args(["-c", SCRIPT, &server.address, key["key"].as_str().unwrap()])
        .output()
        .unwrap();
    let answer = Answer::of(&output);
    assert_eq!(answer.status, 0, "{}{}", answer.stdout, answer.stderr);
    let said = project.json(NOW, &["get", "customer_features", "--key", "customer_id=1"]);
    let mut lines = answer.stdout.lines();
    for feature in said["features"].as_array().unwrap() {
        let line = lines.next().unwrap();
        let (name, value) = line.split_once(' ').unwrap();
        assert_eq!(name, feature["name"].as_str().unwrap());
        // Whole numbers arrive as such: the client reads them by their type.
        let expected = match (&feature["value"], feature["type"].as_str().unwrap()) {
            (serde_json::Value::Null, "int64") if name.contains("count") => "0".to_owned(),
            (serde_json::Value::Null, _) => "None".to_owned(),
            (serde_json::Value::String(number), _) => number.clone(),
            (serde_json::Value::Array(numbers), _) => {
                let numbers: Vec<&str> = numbers.iter().map(|number| number.as_str().unwrap()).collect();
                format!("[{}]", numbers.join(", "))
            }
            (other, _) => other.to_string(),
        };
        assert_eq!(value, expected, "{name}");
    }
    let errors: Vec<&str> = lines.collect();
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(
        errors[0].contains("404 Not Found: there is no feature service `nothing`"),
        "{errors:?}"
    );
    assert!(
        errors[1].contains("400 Bad Request: join key `customer_id` is int64"),
        "{errors:?}"
    );
    assert!(
        errors[2].contains("401 Unauthorized: the key is not known"),
        "{errors:?}"
    );
}
