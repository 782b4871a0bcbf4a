//! Which sources have rows of a key.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion::physical_plan::execute_stream;
use futures::StreamExt;

use super::workbench::Workbench;
use crate::definition::{JoinKey, Source};
use crate::key::{KeyValue, data_type};
use crate::maintain::OfKey;
use crate::offline::Chosen;
use crate::registry::Applied;
use crate::source::{SourceTable, Wanted};

/// The sources of these views, and whether they have rows of a key; none where that cannot be told: the source cannot be read, or its
/// columns are called otherwise.
pub(crate) async fn sources(
    bench: &Workbench,
    applied: &Applied,
    views: &BTreeSet<&str>,
    keys: &[JoinKey],
    values: &[KeyValue],
) -> BTreeMap<String, Option<bool>> {
    let views = applied
        .project
        .feature_views
        .iter()
        .filter(|view| views.contains(view.name.as_str()));
    let names: BTreeSet<&String> = views
        .flat_map(|view| view.sources.iter().map(|used| &used.name))
        .collect();
    let mut found = BTreeMap::new();
    for name in names {
        let Some(source) = applied.project.source(name) else {
            continue;
        };
        found.insert(name.clone(), has_it(bench, source, keys, values).await);
    }
    found
}

async fn has_it(bench: &Workbench, source: &Source, keys: &[JoinKey], values: &[KeyValue]) -> Option<bool> {
    let table = SourceTable::open(&bench.folder.root, source).await.ok()?;
    let asked: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
    let natural = table.natural(&asked).ok()?;
    if !asked.iter().all(|name| natural.field_with_name(name).is_ok()) {
        return None;
    }
    let fields: Vec<Field> = keys
        .iter()
        .map(|key| Field::new(&key.name, data_type(key.kind), true))
        .collect();
    let wanted = Wanted {
        columns: Arc::new(Schema::new(fields)),
        keys: Vec::new(),
        range: None,
        and_time: false,
    };
    let scan = table.scan(&bench.session, wanted).await.ok()?;
    let mut rows = execute_stream(scan.plan, bench.session.task_ctx()).ok()?;
    let chosen = OfKey::new(keys, values);
    while let Some(batch) = rows.next().await {
        if chosen.of(&batch.ok()?).ok()?.true_count() > 0 {
            return Some(true);
        }
    }
    Some(false)
}
