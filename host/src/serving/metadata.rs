use serde_json::{Value, json};

use super::catalog::{Layout, Service};
use super::types::ClientType;

/// What a service takes and gives, as the metadata call answers it.
pub(crate) fn metadata(service: &Service, layout: &Layout) -> Value {
    let keys = service
        .keys
        .iter()
        .map(|key| json!({ "name": key.name, "dataType": ClientType::of(key.kind.name()).to_json() }));
    let context = service
        .context
        .iter()
        .map(|(field, _)| json!({ "name": field.name, "dataType": ClientType::of(field.kind.name()).to_json() }));
    let features = layout.features.iter().map(|feature| {
        let data_type: Option<Value> = feature
            .type_json
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        match data_type {
            Some(data_type) => json!({ "name": feature.name, "dataType": data_type }),
            None => json!({ "name": feature.name }),
        }
    });
    json!({
        "featureServiceType": "DEFAULT",
        "inputJoinKeys": keys.collect::<Vec<_>>(),
        "inputRequestContextKeys": context.collect::<Vec<_>>(),
        "featureValues": features.collect::<Vec<_>>(),
    })
}
