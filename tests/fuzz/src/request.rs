//! A request's body to its parameters.

use sandglass::serving::{BATCH_ROWS_MAX, BatchRequest, Fields, MetadataRequest, VectorRequest, read};

pub fn run(data: &[u8]) {
    if let Ok(vector) = read::<VectorRequest>(data) {
        each_once(&vector.join_key_map);
        each_once(&vector.request_context_map);
        assert_ne!(vector.request_options.latency_budget_ms, Some(0));
    }
    if let Ok(batch) = read::<BatchRequest>(data) {
        assert!(batch.request_data.len() <= BATCH_ROWS_MAX);
        for row in &batch.request_data {
            each_once(&row.join_key_map);
            each_once(&row.request_context_map);
        }
    }
    let vector = read::<VectorRequest>(data).ok();
    if let (Some(vector), Ok(metadata)) = (vector, read::<MetadataRequest>(data)) {
        assert_eq!(
            (vector.workspace_name, vector.feature_service_name),
            (metadata.workspace_name, metadata.feature_service_name)
        );
    }
}

fn each_once(fields: &Fields) {
    for (at, (name, _)) in fields.iter().enumerate() {
        assert!(fields.iter().take(at).all(|(other, _)| other != name), "{name}");
    }
}
