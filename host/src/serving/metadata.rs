use serde_json::{Value, json};

use super::catalog::{Layout, Service};
use super::types::ClientType;
use crate::definition::KeyKind;

/// What a service takes and gives, as the metadata call answers it.
pub(crate) fn metadata(service: &Service, layout: &Layout) -> Value {
    let keys = service.keys.iter().map(|key| {
        let data_type = match key.kind {
            KeyKind::Int64 => ClientType::Int64,
            KeyKind::Boolean => ClientType::Boolean,
            KeyKind::Utf8 | KeyKind::Date | KeyKind::Timestamp => ClientType::String,
        };
        json!({ "name": key.name, "dataType": data_type.to_json() })
    });
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
        "inputRequestContextKeys": [],
        "featureValues": features.collect::<Vec<_>>(),
    })
}
