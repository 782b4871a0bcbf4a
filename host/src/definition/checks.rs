//! Rules that tie one part of a definition to another.

use std::collections::BTreeMap;
use std::ops::Range;

use super::aggregations;
use super::buckets::split as split_bucket;
use super::keys::existing;
use super::model::{FeatureView, Format, Project, Source, Trigger, before_pattern};
use super::problem::similar;
use super::reader::Findings;
use super::requests;
use super::services;
use super::tables::{ColumnKind, TableColumn};
use crate::time::Span;

pub(super) fn check(
    project: &Project,
    spans: &BTreeMap<String, Range<usize>>,
    problems: &Findings,
    warnings: &Findings,
) {
    let at = |place: String| {
        let mut place = place.as_str();
        loop {
            match (spans.get(place), place.rfind('.')) {
                (Some(span), _) => return span.clone(),
                (None, Some(end)) => place = &place[..end],
                (None, None) => return 0..0,
            }
        }
    };
    for view in &project.feature_views {
        let place = |key: &str| at(format!("feature_view.{}.{key}", view.name));
        references(project, view, &place, problems);
        keys(project, view, &place, problems);
        if let Some(columns) = &view.table {
            table_columns(view, columns, &place, problems);
            continue;
        }
        schedule(view, &place, problems);
        aggregations::check(view, &place, problems);
        if let Some(ttl) = view.ttl {
            let shortest = project
                .data_delay(view)
                .micros()
                .saturating_add(view.batch_schedule.micros());
            if ttl.micros() <= shortest {
                let message = format!(
                    "a ttl of {ttl} is not longer than data_delay + batch_schedule: some rows are gone before they are visible"
                );
                warnings.add(
                    place("ttl"),
                    message,
                    Some("make it longer than the two together".to_owned()),
                );
            }
        }
    }
    requests::check(project, &at, problems);
    services::check(project, &at, problems);
    for source in &project.sources {
        let used = project
            .feature_views
            .iter()
            .any(|view| view.sources.iter().any(|used| used.name == source.name));
        if !used && !project.feature_views.is_empty() {
            let message = format!("no feature view reads source `{}`", source.name);
            warnings.add(at(format!("source.{}", source.name)), message, None);
        }
        self::source(source, &|key| at(format!("source.{}.{key}", source.name)), problems);
        if source.timestamp_unit.is_some() && source.timestamp_format.is_some() {
            let message = "`timestamp_unit` is for numbers and `timestamp_format` for text: only one of them applies";
            problems.add(at(format!("source.{}.timestamp_format", source.name)), message, None);
        }
    }
}

fn source(source: &Source, place: &impl Fn(&str) -> Range<usize>, problems: &Findings) {
    if split_bucket(&source.path).is_none() {
        let given = [("region", &source.bucket.region), ("endpoint", &source.bucket.endpoint)];
        for (key, _) in given.iter().filter(|(_, value)| value.is_some()) {
            let message = format!("`{key}` says where a bucket is, and `path` is none");
            problems.add(place(key), message, Some("leave it out".to_owned()));
        }
    }
    if let Some(version) = source.version
        && source.format != Format::Delta
    {
        let message = format!("`version = {version}`: only Delta tables have versions");
        let hint = "leave it out, or set `format = \"delta\"`".to_owned();
        problems.add(place("version"), message, Some(hint));
    }
    match &source.partitions {
        Some(_) if source.format == Format::Delta => {
            let message = "`partitions` says how folders are named, and a Delta table's log knows its own";
            problems.add(place("partitions"), message, Some("leave it out".to_owned()));
        }
        Some(_) if before_pattern(&source.path).is_some() => {
            let message = "`partitions` begins below a folder, and `path` is a pattern";
            let hint = "let `path` be the folder that holds the partitions".to_owned();
            problems.add(place("partitions"), message, Some(hint));
        }
        Some(partitions) if !partitions.has_time() && source.partition_slack != Span::ZERO => {
            let message = "`partition_slack` is about the time of folders, and `partitions` has none";
            problems.add(place("partition_slack"), message, None);
        }
        None if source.partition_slack != Span::ZERO => {
            let message = "`partition_slack` needs `partitions`";
            let hint = "write `partitions = \"date=%Y-%m-%d\"`".to_owned();
            problems.add(place("partition_slack"), message, Some(hint));
        }
        _ => {}
    }
    let time = &source.timestamp_column;
    if let Some((seen, _)) = source.columns.iter().find(|(_, stored)| *stored == time)
        && !source.columns.contains_key(time)
    {
        let message = format!("`{time}` is called `{seen}` by `columns`, and `timestamp_column` is the new name");
        problems.add(
            place("timestamp_column"),
            message,
            Some(format!("did you mean `{seen}`?")),
        );
    }
}

fn references(project: &Project, view: &FeatureView, place: &impl Fn(&str) -> Range<usize>, problems: &Findings) {
    let unknown = |what: &str, name: &str, names: Vec<&str>, key: &str| {
        let message = format!(
            "no {what} `{name}`; this project has {}",
            existing(names.iter().copied())
        );
        let hint = similar(name, names).map(|other| format!("did you mean `{other}`?"));
        problems.add(place(key), message, hint);
    };
    for (index, entity) in view.entities.iter().enumerate() {
        if !project.entities.iter().any(|other| other.name == *entity) {
            let names = project.entities.iter().map(|entity| entity.name.as_str()).collect();
            unknown("entity", entity, names, "entities");
        }
        if view.entities[..index].contains(entity) {
            problems.add(place("entities"), format!("entity `{entity}` is named twice"), None);
        }
    }
    for (index, source) in view.sources.iter().enumerate() {
        if project.source(&source.name).is_none() {
            let names = project.sources.iter().map(|source| source.name.as_str()).collect();
            unknown("source", &source.name, names, "sources");
        }
        let input = |source: &super::model::ViewSource| source.input.clone().unwrap_or_else(|| source.name.clone());
        if view.sources[..index].iter().any(|other| input(other) == input(source)) {
            let message = format!("two sources go to input `{}`", input(source));
            problems.add(
                place("sources"),
                message,
                Some("give one of them an `input` of its own".to_owned()),
            );
        }
    }
    if view.transformation.is_none() {
        if view.sources.len() > 1 {
            let message = "a view without a transformation passes on the rows of one source, and this one has several";
            problems.add(place("sources"), message, Some("name a `transformation`".to_owned()));
        }
        if !view.parameters.is_empty() {
            problems.add(place("parameters"), "parameters without a transformation", None);
        }
        for source in &view.sources {
            if source.unfiltered || source.start_time_offset != Span::ZERO {
                let message =
                    "a view without a transformation reads each interval's own rows: no offset, not unfiltered";
                problems.add(place("sources"), message, None);
            }
        }
    }
}

fn keys(project: &Project, view: &FeatureView, place: &impl Fn(&str) -> Range<usize>, problems: &Findings) {
    let mut seen: Vec<&str> = Vec::new();
    for entity in view
        .entities
        .iter()
        .filter_map(|name| project.entities.iter().find(|entity| entity.name == *name))
    {
        for key in &entity.join_keys {
            if seen.contains(&key.name.as_str()) {
                problems.add(
                    place("entities"),
                    format!("two of its entities have a join key `{}`", key.name),
                    None,
                );
            }
            if key.name == view.timestamp_column {
                let message = format!("`{}` is a join key and the timestamp column", key.name);
                problems.add(place("timestamp_column"), message, None);
            }
            seen.push(&key.name);
        }
    }
}

/// The features of a feature table beside its keys and its time.
fn table_columns(
    view: &FeatureView,
    columns: &[TableColumn],
    place: &impl Fn(&str) -> Range<usize>,
    problems: &Findings,
) {
    let mut seen: Vec<&str> = view.join_keys.iter().map(|key| key.name.as_str()).collect();
    seen.push(&view.timestamp_column);
    for column in columns {
        // Names that differ in nothing but case are one to Delta.
        if let Some(other) = seen.iter().find(|other| other.eq_ignore_ascii_case(&column.name)) {
            let message = match *other == column.name {
                true if *other == view.timestamp_column => format!("`{other}` is the timestamp column already"),
                true => format!("`{other}` is a join key already"),
                false => format!("columns `{other}` and `{}` differ in nothing but case", column.name),
            };
            let hint = "leave keys and the time out of `columns`, and give each feature a name of its own".to_owned();
            problems.add(place("columns"), message, Some(hint));
        }
        seen.push(&column.name);
    }
    if let Some(name) = &view.order_by {
        match columns.iter().find(|column| column.name == *name) {
            None => {
                let names = columns.iter().map(|column| column.name.as_str());
                let message = format!("`order_by` names no column `{name}`; there are {}", existing(names));
                problems.add(place("order_by"), message, None);
            }
            Some(column) if matches!(column.kind, ColumnKind::List(_)) => {
                problems.add(
                    place("order_by"),
                    format!("column `{name}` is a list; it cannot order rows"),
                    None,
                );
            }
            Some(_) => {}
        }
    }
}

/// A length of time that has to be a multiple of the schedule.
fn multiple(key: &str, span: Span, schedule: Span, place: &impl Fn(&str) -> Range<usize>, problems: &Findings) {
    if span.is_multiple_of(schedule) {
        return;
    }
    let lower = span.micros() / schedule.micros() * schedule.micros();
    let higher = lower.saturating_add(schedule.micros());
    let near: Vec<String> = [lower, higher]
        .into_iter()
        .filter(|micros| *micros > 0)
        .map(|micros| format!("\"{}\"", Span::from_micros(micros)))
        .collect();
    let message = format!("`{key}` {span} is not a multiple of the schedule {schedule}");
    problems.add(place(key), message, Some(format!("{} would do", near.join(" or "))));
}

fn schedule(view: &FeatureView, place: &impl Fn(&str) -> Range<usize>, problems: &Findings) {
    if let Some(interval) = view.max_backfill_interval {
        if view.incremental_backfills {
            let message = "`max_backfill_interval` cuts default backfills; incremental ones are cut by the schedule";
            problems.add(
                place("max_backfill_interval"),
                message,
                Some("leave one of the two out".to_owned()),
            );
        } else {
            multiple("max_backfill_interval", interval, view.batch_schedule, place, problems);
        }
    }
    if let Some(schedule) = view.compaction_schedule {
        multiple("compaction_schedule", schedule, view.batch_schedule, place, problems);
    }
    if let Some(end) = view.manual_backfill_end_time {
        if view.trigger != Trigger::Manual {
            let message = "`manual_backfill_end_time` needs `trigger = \"manual\"`";
            problems.add(place("manual_backfill_end_time"), message, None);
        } else if end < view.feature_start_time || !view.grid().is_boundary(end) {
            let grid = view.grid();
            let near = grid.floor(end).max(view.feature_start_time);
            let message = format!("`manual_backfill_end_time` {end} is not on the schedule's grid");
            let hint = format!("{near} or {} would do", near.saturating_add(grid.step()));
            problems.add(place("manual_backfill_end_time"), message, Some(hint));
        }
    }
    let minute = Span::from_micros(60_000_000);
    if view.batch_schedule < minute {
        let message = format!("a schedule of {} is shorter than a minute", view.batch_schedule);
        problems.add(
            place("batch_schedule"),
            message,
            Some("a batch job has a price of its own; 1m is the least".to_owned()),
        );
    }
}
