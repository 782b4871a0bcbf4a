//! `[[feature_view]]`: batch views, and which of the others reads a table.

use super::aggregations;
use super::keys::{
    boolean, column, entities, filter, limits, meta, offline, online_load, optional, parameters, positive,
    transformation,
};
use super::model::{FeatureView, Trigger, ViewSource};
use super::parse::Reading;
use super::reader::{Table, Value};
use super::requests::{self, RequestView};
use super::tables;
use crate::time::Span;

/// A view of any kind.
pub(super) enum AnyView {
    /// Whose rows are kept.
    Kept(Box<FeatureView>),
    Request(Box<RequestView>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Batch,
    Stream,
    Request,
    Table,
}

/// A `[[feature_view]]` of any kind.
pub(super) fn read(reading: &mut Reading, table: &Table<'_>, name: String, place: &str) -> Option<AnyView> {
    // What kind it is meant to be decides what its keys are, whether or not there is such a kind already.
    let kinds = [
        ("batch", Kind::Batch),
        ("stream", Kind::Stream),
        ("request", Kind::Request),
        ("table", Kind::Table),
    ];
    let kind = table.require("kind").and_then(|value| {
        let kind = value.one_of(&kinds)?;
        if kind == Kind::Stream {
            value.problem("`stream` views are not supported yet", None);
        }
        Some(kind)
    });
    let kept = |view| AnyView::Kept(Box::new(view));
    match kind {
        Some(Kind::Request) => requests::read(reading, table, name, place).map(|view| AnyView::Request(Box::new(view))),
        Some(Kind::Table) => tables::read(table, name, reading.online_load).map(kept),
        Some(Kind::Batch | Kind::Stream) | None => {
            let view = batch_view(reading, table, name, place);
            kind.filter(|kind| *kind == Kind::Batch).and(view).map(kept)
        }
    }
}

fn batch_view(reading: &mut Reading, table: &Table<'_>, name: String, place: &str) -> Option<FeatureView> {
    let meta = meta(table);
    let entities = entities(table);
    let sources = table.require("sources").and_then(|value| {
        let sources = value.array()?.iter().map(view_source).collect::<Option<Vec<_>>>()?;
        if sources.is_empty() {
            value.problem("`sources` is empty; a view reads at least one", None);
        }
        Some(sources)
    });
    let transformation = optional(table, "transformation", transformation);
    let parameters = parameters(table);
    let timestamp_column = table.require("timestamp_column").and_then(|value| column(&value));
    let order_by = optional(table, "order_by", |value| column(&value));
    let batch_schedule = table.require("batch_schedule").and_then(positive("batch_schedule"));
    let feature_start_time = table.require("feature_start_time").and_then(|value| value.parsed());
    let incremental_backfills = boolean(table, "incremental_backfills", false);
    let max_backfill_interval = optional(table, "max_backfill_interval", positive("max_backfill_interval"));
    let triggers = [("scheduled", Trigger::Scheduled), ("manual", Trigger::Manual)];
    let trigger = optional(table, "trigger", |value| value.one_of(&triggers));
    let manual_backfill_end_time = optional(table, "manual_backfill_end_time", |value| value.parsed());
    let ttl = optional(table, "ttl", positive("ttl"));
    let online = boolean(table, "online", false);
    let offline = offline(
        table,
        "a batch view is kept offline always: the online store is made of it",
    );
    let max_rejected = optional(table, "max_rejected", |value| value.whole());
    let limits = limits(table);
    let schedule = batch_schedule.zip(feature_start_time);
    let aggregation = aggregations::read(table, place, &mut reading.spans, schedule);
    let of_streams = [
        ("window_edge", "leave it out: windows of batch views are exact"),
        (
            "leading_edge",
            "leave it out: batch views move at the ends of their jobs",
        ),
        (
            "aggregation_leading_edge",
            "leave it out: batch views move at the ends of their jobs",
        ),
        ("stream_mode", "leave it out"),
    ];
    for (key, hint) in of_streams {
        if let Some(value) = table.get(key) {
            let message = format!("`{key}` is for stream views only, which are not supported yet");
            value.problem(message, Some(hint.to_owned()));
        }
    }
    let compaction_enabled = boolean(table, "compaction_enabled", true);
    let compaction_schedule = optional(table, "compaction_schedule", positive("compaction_schedule"));
    let online_load = online_load(table);
    offline?;
    Some(FeatureView {
        name,
        entities: entities?,
        join_keys: Vec::new(),
        table: None,
        sources: sources?,
        transformation: transformation?,
        parameters: parameters?,
        timestamp_column: timestamp_column?,
        order_by: order_by?,
        batch_schedule: batch_schedule?,
        feature_start_time: feature_start_time?,
        incremental_backfills: incremental_backfills?,
        max_backfill_interval: max_backfill_interval?,
        trigger: trigger?.unwrap_or(Trigger::Scheduled),
        manual_backfill_end_time: manual_backfill_end_time?,
        ttl: ttl?,
        aggregation: aggregation?,
        online: online?,
        compaction_enabled: compaction_enabled?,
        compaction_schedule: compaction_schedule?,
        online_load: online_load?.unwrap_or(reading.online_load),
        max_rejected: max_rejected?.unwrap_or(0),
        limits: limits?,
        meta,
    })
}

fn view_source(value: &Value<'_>) -> Option<ViewSource> {
    if value.is_text() {
        let name = value.text()?.to_owned();
        return Some(ViewSource {
            name,
            input: None,
            start_time_offset: Span::ZERO,
            unfiltered: false,
        });
    }
    let table = value.table("an entry of `sources`")?;
    let name = table.require("name").and_then(|value| value.text());
    let input = optional(&table, "input", |value| value.text().map(str::to_owned));
    let (offset, unfiltered) = filter(&table);
    table.finish();
    Some(ViewSource {
        name: name?.to_owned(),
        input: input?,
        start_time_offset: offset?,
        unfiltered: unfiltered?,
    })
}
