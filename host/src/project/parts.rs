use serde_json::{Value, json};

use super::build::Code;
use super::requests::CompiledRequest;
use super::view::CompiledView;
use crate::definition::{AggregatedFeature, Aggregations, FeatureView, Meta, OnlineLoad, Project, RequestView};
use crate::plan::{AGGREGATION, AGGREGATION_INTERVAL, CODE, ONLINE, Parts, SCOPE, TABLE_COLUMN};

/// A view's definition, part by part: what is kept of it, compared, and named in a plan. `code` is that of its component.
pub fn parts(project: &Project, compiled: &CompiledView, code: Option<&Code>) -> Parts {
    let FeatureView {
        name: _,
        aggregation,
        entities,
        join_keys,
        table,
        sources,
        // The path of its crate may change; its code and name decide.
        transformation: _,
        parameters,
        timestamp_column,
        order_by,
        batch_schedule,
        feature_start_time,
        incremental_backfills,
        max_backfill_interval,
        trigger,
        manual_backfill_end_time,
        ttl,
        online,
        compaction_enabled,
        compaction_schedule,
        online_load,
        max_rejected,
        limits,
        meta,
    } = &compiled.view;
    let transform = compiled.transform.as_ref();
    let schema: Vec<String> = compiled
        .schema
        .fields()
        .iter()
        .map(|field| format!("{}: {}", field.name(), sandglass_runtime::kind_name(field.data_type())))
        .collect();
    let mut parts = Parts::new();
    let mut add = |name: &str, value: Value| {
        parts.insert(name.to_owned(), value);
    };
    add("entities", json!(entities));
    add("join_keys", json!(join_keys));
    add("sources", json!(sources));
    add(
        "transformation",
        json!(transform.map(|transform| &transform.contract.name)),
    );
    add(CODE, json!(code));
    add(SCOPE, json!(transform.map(|transform| transform.contract.scope.name())));
    // Each column of a feature table is a part: rows stay when one is added or dropped.
    add("schema", json!(table.is_none().then_some(schema)));
    add("parameters", json!(parameters));
    add("timestamp_column", json!(timestamp_column));
    add("order_by", json!(order_by));
    add("batch_schedule", json!(batch_schedule));
    add("feature_start_time", json!(feature_start_time));
    add("incremental_backfills", json!(incremental_backfills));
    add("max_backfill_interval", json!(max_backfill_interval));
    add("trigger", json!(trigger));
    add("manual_backfill_end_time", json!(manual_backfill_end_time));
    add("ttl", json!(ttl));
    add(ONLINE, json!(online));
    // Earlier programs did not keep these; what is as it was then is no difference.
    add("compaction_enabled", json!((!compaction_enabled).then_some(false)));
    add("compaction_schedule", json!(compaction_schedule));
    let chosen = Some(online_load).filter(|load| **load != OnlineLoad::Auto);
    add("online_load", json!(chosen));
    add("max_rejected", json!(max_rejected));
    add("limits", json!(limits));
    for column in table.iter().flatten() {
        parts.insert(format!("{TABLE_COLUMN}{}", column.name), json!(column.kind));
    }
    if let Some(aggregation) = aggregation {
        add_aggregations(&mut parts, aggregation);
    }
    add_meta(&mut parts, "", meta);
    for source in sources.iter().filter_map(|used| project.source(&used.name)) {
        let prefix = format!("source {}: ", source.name);
        let Value::Object(fields) = json!(source) else { continue };
        for (name, value) in fields {
            // The name is the prefix, and what it says about itself comes part by part.
            if name != "name" && name != "meta" {
                parts.insert(format!("{prefix}{name}"), value);
            }
        }
        add_meta(&mut parts, &prefix, &source.meta);
    }
    parts
}

/// The same of a request view. Its values depend on all of it but what it says about itself and what its runs may use.
pub fn request_parts(compiled: &CompiledRequest, code: Option<&Code>) -> Parts {
    let RequestView {
        name: _,
        request_context,
        features,
        transformation: _,
        parameters,
        max_rejected,
        limits,
        meta,
    } = &compiled.view;
    let mut parts = Parts::new();
    let mut add = |name: &str, value: Value| {
        parts.insert(name.to_owned(), value);
    };
    add("request_context", json!(request_context));
    add("features", json!(features));
    add("transformation", json!(compiled.transform.contract.name));
    add(CODE, json!(code));
    add("schema", json!(compiled.named()));
    add("parameters", json!(parameters));
    add("max_rejected", json!(max_rejected));
    add("limits", json!(limits));
    add_meta(&mut parts, "", meta);
    parts
}

/// A part for each feature: which of them there are decides which tiles there are.
fn add_aggregations(parts: &mut Parts, aggregations: &Aggregations) {
    let Aggregations {
        interval,
        secondary_key,
        lifetime_start_time,
        features,
    } = aggregations;
    parts.insert(AGGREGATION_INTERVAL.to_owned(), json!(interval));
    parts.insert("aggregation_secondary_key".to_owned(), json!(secondary_key));
    parts.insert("lifetime_start_time".to_owned(), json!(lifetime_start_time));
    for feature in features {
        let AggregatedFeature {
            name,
            column,
            function,
            window,
        } = feature;
        let value = json!({ "column": column, "function": function, "window": window });
        parts.insert(format!("{AGGREGATION}{name}"), value);
    }
}

fn add_meta(parts: &mut Parts, prefix: &str, meta: &Meta) {
    let Meta {
        description,
        owner,
        tags,
    } = meta;
    parts.insert(format!("{prefix}description"), json!(description));
    parts.insert(format!("{prefix}owner"), json!(owner));
    parts.insert(format!("{prefix}tags"), json!(tags));
}
