//! `[[feature_view.aggregation]]`: what a view's rows are aggregated to, and the tiles that this is made of.

use std::collections::BTreeMap;
use std::ops::Range;

use super::keys::{column, optional, positive};
use super::model::{AggregatedFeature, Aggregations, FeatureView};
use super::reader::{Findings, Table, Value};
use crate::aggregate::{Function, FunctionError};
use crate::tile::TimeWindow;
use crate::time::{Grid, Span, Timestamp};
use crate::workspace::check_identifier;

/// The shortest tile.
const INTERVAL_LEAST: Span = Span::from_micros(1_000_000);

/// One table as it is written: several windows make several features.
struct Written<'a> {
    value: Value<'a>,
    /// None if it is there and wrong.
    name: Option<Option<String>>,
    column: Option<String>,
    function: Option<Function>,
    /// None are those that could not be read.
    windows: Vec<(Value<'a>, Option<TimeWindow>)>,
}

/// Reads the tables of a view and the keys that go with them. The spans of the feature number `i` are noted as
/// `<place>.aggregation.<i>`. `schedule` is the view's, with its start, if both could be read.
pub(super) fn read(
    table: &Table<'_>,
    place: &str,
    spans: &mut BTreeMap<String, Range<usize>>,
    schedule: Option<(Span, Timestamp)>,
) -> Option<Option<Aggregations>> {
    let interval_value = table.get("aggregation_interval");
    let interval = optional(table, "aggregation_interval", interval_of);
    let secondary_value = table.get("aggregation_secondary_key");
    let secondary_key = optional(table, "aggregation_secondary_key", |value| column(&value));
    let lifetime_value = table.get("lifetime_start_time");
    let lifetime_start_time = optional(table, "lifetime_start_time", |value| value.parsed::<Timestamp>());
    let Some(value) = table.get("aggregation") else {
        let keys = [
            ("aggregation_interval", interval_value),
            ("aggregation_secondary_key", secondary_value),
            ("lifetime_start_time", lifetime_value),
        ];
        for (key, value) in keys {
            if let Some(value) = value {
                let hint = "leave it out, or say with `[[feature_view.aggregation]]` what is aggregated".to_owned();
                value.problem(format!("`{key}` of a view without aggregations"), Some(hint));
            }
        }
        return Some(None);
    };
    let tables = value.array()?;
    if tables.is_empty() {
        let hint = "leave it out: the features are then the columns of the view's rows".to_owned();
        value.problem("`aggregation` is empty", Some(hint));
        return None;
    }
    let written: Vec<Option<Written<'_>>> = tables.iter().map(written).collect();
    let interval = match (interval?, schedule) {
        (Some(interval), _) => interval,
        (None, Some(schedule)) => default_interval(table, schedule)?,
        (None, None) => return None,
    };
    let mut features = Vec::new();
    let mut whole = true;
    for written in written {
        let Some(written) = written else {
            whole = false;
            continue;
        };
        whole &= !written.windows.is_empty();
        for (value, window) in &written.windows {
            if let Some(Err(error)) = window.map(|window| window.check(interval)) {
                value.problem(error.to_string(), None);
                whole = false;
            }
            let read = (&written.name, &written.column, written.function, window);
            let (Some(name), Some(column), Some(function), Some(window)) = read else {
                whole = false;
                continue;
            };
            let made = || format!("{column}_{}_{}", function.label(), window.label(interval));
            let place = format!("{place}.aggregation.{}", features.len());
            for (key, span) in keys(&written.value) {
                spans.insert(format!("{place}.{key}"), span);
            }
            spans.insert(format!("{place}.time_window"), value.span());
            spans.insert(place, written.value.span());
            features.push(AggregatedFeature {
                name: name.clone().unwrap_or_else(made),
                column: column.clone(),
                function,
                window: *window,
            });
        }
    }
    let (secondary_key, lifetime_start_time) = (secondary_key?, lifetime_start_time?);
    whole.then_some(Some(Aggregations {
        interval,
        secondary_key,
        lifetime_start_time,
        features,
    }))
}

fn interval_of(value: Value<'_>) -> Option<Span> {
    let interval = positive("aggregation_interval")(value)?;
    if interval < INTERVAL_LEAST {
        value.problem(
            format!("an aggregation interval of {interval} is shorter than a second"),
            None,
        );
        return None;
    }
    Some(interval)
}

/// The batch schedule if the start lies on its grid from 1970, else the largest part of it that both are multiples of.
fn default_interval(table: &Table<'_>, (schedule, start): (Span, Timestamp)) -> Option<Span> {
    let interval = common(schedule, start);
    if interval < INTERVAL_LEAST {
        let message = format!(
            "no aggregation interval of a second or more goes into `batch_schedule` `{schedule}` and `feature_start_time` {start}"
        );
        if let Some(value) = table.get("feature_start_time") {
            value.problem(message, Some(format!("{} would do", or(near(start, schedule)))));
        }
        return None;
    }
    Some(interval)
}

/// The greatest common divisor of a schedule and a time since 1970.
fn common(schedule: Span, start: Timestamp) -> Span {
    let (mut large, mut small) = (schedule.micros().unsigned_abs(), start.micros().unsigned_abs());
    while small > 0 {
        (large, small) = (small, large % small);
    }
    Span::from_micros(i64::try_from(large).unwrap_or(i64::MAX))
}

fn keys(value: &Value<'_>) -> Vec<(String, Range<usize>)> {
    // Problems of the table itself were found before.
    let Some(table) = value.table("") else {
        return Vec::new();
    };
    let entries = table.entries().into_iter();
    entries.map(|(key, _, value)| (key.to_owned(), value.span())).collect()
}

fn written<'a>(value: &Value<'a>) -> Option<Written<'a>> {
    let table = value.table("an aggregation")?;
    let column = table.require("column").and_then(|value| column(&value));
    let function = table.require("function").and_then(|value| {
        let text = value.text()?;
        match text.parse::<Function>() {
            Ok(function) => Some(function),
            Err(FunctionError { message, hint }) => {
                value.problem(message, hint);
                None
            }
        }
    });
    let window_value = table.require("time_window");
    let windows = window_value.map(|value| windows(&value)).unwrap_or_default();
    let name = optional(&table, "name", |value| {
        let name = value.text()?;
        if let Err(error) = check_identifier(name) {
            value.problem(error.to_string(), None);
            return None;
        }
        if window_value.is_some_and(|value| value.is_array()) {
            let hint = "leave it out, or write a table with a `name` for each window".to_owned();
            value.problem(
                "one `name` for a list of windows, of which each is a feature",
                Some(hint),
            );
            return None;
        }
        Some(name.to_owned())
    });
    table.finish();
    Some(Written {
        value: *value,
        name,
        column,
        function,
        windows,
    })
}

/// One window, or a list of them.
fn windows<'a>(value: &Value<'a>) -> Vec<(Value<'a>, Option<TimeWindow>)> {
    let values = if value.is_array() {
        value.array().unwrap_or_default()
    } else {
        vec![*value]
    };
    if values.is_empty() {
        let hint = "write \"7d\", \"lifetime\" or a list of windows".to_owned();
        value.problem("`time_window` is empty", Some(hint));
    }
    values.into_iter().map(|value| (value, window(&value))).collect()
}

fn window(value: &Value<'_>) -> Option<TimeWindow> {
    if value.is_text() {
        if value.text()? == "lifetime" {
            return Some(TimeWindow::Lifetime);
        }
        let size = value.parsed()?;
        return Some(TimeWindow::Sliding {
            size,
            offset: Span::ZERO,
        });
    }
    if !value.is_table() {
        let hint =
            "write \"7d\", \"lifetime\", { size, offset }, { series_start, size }, or a list of these".to_owned();
        value.problem("`time_window` is no window", Some(hint));
        return None;
    }
    let table = value.table("`time_window`")?;
    let size = table.require("size").and_then(|value| value.parsed::<Span>());
    let span = |key| optional(&table, key, |value| value.parsed::<Span>());
    let (offset, start, end, step) = (
        span("offset"),
        span("series_start"),
        span("series_end"),
        span("step_size"),
    );
    let offset_value = table.get("offset");
    let of_series = table.get("series_end").or_else(|| table.get("step_size"));
    table.finish();
    let (size, offset, start, end, step) = (size?, offset?, start?, end?, step?);
    let Some(start) = start else {
        if let Some(value) = of_series {
            value.problem(
                "a series of windows without a `series_start`",
                Some("write `series_start = \"-7d\"`, for one".to_owned()),
            );
            return None;
        }
        return Some(TimeWindow::Sliding {
            size,
            offset: offset.unwrap_or_default(),
        });
    };
    if let Some(value) = offset_value {
        let hint = "shift `series_start` and `series_end`".to_owned();
        value.problem("a series of windows with an `offset`", Some(hint));
        return None;
    }
    Some(TimeWindow::Series {
        start,
        end: end.unwrap_or_default(),
        step: step.unwrap_or(size),
        size,
    })
}

/// Rules that tie aggregations to the rest of their view.
pub(super) fn check(view: &FeatureView, place: &impl Fn(&str) -> Range<usize>, problems: &Findings) {
    let Some(aggregations) = &view.aggregation else { return };
    if let Some(ttl) = view.ttl {
        let message = format!("a `ttl` of {ttl} in a view with aggregations: their windows say how long a row counts");
        let hint =
            "leave it out: what is online lives for the aggregation interval, the longest window and 7 days".to_owned();
        problems.add(place("ttl"), message, Some(hint));
    }
    tiles(view, aggregations, place, problems);
    lifetime(aggregations, place, problems);
    secondary_key(view, aggregations, place, problems);
    names(view, aggregations, place, problems);
}

/// The schedule's boundaries lie on those of tiles.
fn tiles(view: &FeatureView, aggregations: &Aggregations, place: &impl Fn(&str) -> Range<usize>, problems: &Findings) {
    let (interval, schedule, start) = (aggregations.interval, view.batch_schedule, view.feature_start_time);
    if !schedule.is_multiple_of(interval) {
        let message = format!("`batch_schedule` `{schedule}` is no multiple of the aggregation interval `{interval}`");
        let hint = format!(
            "an aggregation interval of {} would do",
            or(parts(schedule, start, interval))
        );
        problems.add(place("aggregation_interval"), message, Some(hint));
    } else if start.micros() % interval.micros() != 0 {
        let message = format!(
            "`feature_start_time` {start} is no multiple of the aggregation interval `{interval}`, counted from 1970"
        );
        let hint = format!(
            "{} would do, or an aggregation interval of {}",
            or(near(start, schedule)),
            or(parts(schedule, start, interval))
        );
        problems.add(place("feature_start_time"), message, Some(hint));
    }
}

/// The boundaries from 1970 next to a time.
fn near(at: Timestamp, step: Span) -> Vec<String> {
    let Some(grid) = Grid::new(Timestamp::from_micros(0), step) else {
        return Vec::new();
    };
    let (floor, ceil) = (grid.floor(at), grid.ceil(at));
    vec![floor.to_string(), ceil.to_string()]
}

/// Intervals next to the wanted one that go into a schedule and its start.
fn parts(schedule: Span, start: Timestamp, wanted: Span) -> Vec<String> {
    /// Beyond, the next one is too far away to be a help.
    const TRIES: i64 = 100_000;
    let whole = common(schedule, start).micros();
    let fits = |count: &i64| *count > 0 && whole % count == 0;
    let count = whole / wanted.micros().max(1);
    let longer = (1..=count).rev().take(TRIES as usize).find(fits);
    let shorter = (count + 1..=count.saturating_add(TRIES)).find(fits);
    let of = |count: i64| Span::from_micros(whole / count);
    let found = [shorter, longer].into_iter().flatten().map(of);
    let found: Vec<String> = found
        .filter(|interval| *interval >= INTERVAL_LEAST)
        .map(|interval| format!("`{interval}`"))
        .collect();
    if found.is_empty() {
        vec![format!("`{}`", of(1))]
    } else {
        found
    }
}

fn or(texts: Vec<String>) -> String {
    texts.join(" or ")
}

fn lifetime(aggregations: &Aggregations, place: &impl Fn(&str) -> Range<usize>, problems: &Findings) {
    let first = aggregations
        .features
        .iter()
        .position(|feature| feature.window == TimeWindow::Lifetime);
    match (aggregations.lifetime_start_time, first) {
        (None, Some(index)) => {
            let hint = "write `lifetime_start_time = \"2020-01-01\"` in the feature view, for one".to_owned();
            let message = "a lifetime window, in a view without a `lifetime_start_time`";
            problems.add(place(&format!("aggregation.{index}.time_window")), message, Some(hint));
        }
        (Some(_), None) => {
            let message = "`lifetime_start_time` of a view without a lifetime window";
            problems.add(place("lifetime_start_time"), message, Some("leave it out".to_owned()));
        }
        (Some(start), Some(_)) if start.micros() % aggregations.interval.micros() != 0 => {
            let message = format!(
                "`lifetime_start_time` {start} is no multiple of the aggregation interval `{}`, counted from 1970",
                aggregations.interval
            );
            let hint = format!("{} would do", or(near(start, aggregations.interval)));
            problems.add(place("lifetime_start_time"), message, Some(hint));
        }
        _ => {}
    }
}

fn secondary_key(
    view: &FeatureView,
    aggregations: &Aggregations,
    place: &impl Fn(&str) -> Range<usize>,
    problems: &Findings,
) {
    let Some(key) = &aggregations.secondary_key else { return };
    if view.join_keys.iter().any(|join_key| join_key.name == *key) {
        let message =
            format!("`aggregation_secondary_key` is `{key}`, a join key of the view: every key has one of it");
        problems.add(place("aggregation_secondary_key"), message, None);
    }
    if view.timestamp_column == *key {
        let message = format!("`aggregation_secondary_key` is `{key}`, the view's timestamp column");
        problems.add(place("aggregation_secondary_key"), message, None);
    }
    for (index, feature) in aggregations.features.iter().enumerate() {
        if feature.window.is_series() {
            let message = "a series of windows in a view with an `aggregation_secondary_key`";
            let hint = "write a list of windows with offsets, or another view without the key".to_owned();
            problems.add(place(&format!("aggregation.{index}.time_window")), message, Some(hint));
        }
    }
}

/// What a view's features are called is called so once.
fn names(view: &FeatureView, aggregations: &Aggregations, place: &impl Fn(&str) -> Range<usize>, problems: &Findings) {
    let mut taken: BTreeMap<&str, &str> = BTreeMap::new();
    for key in &view.join_keys {
        taken.insert(&key.name, "a join key");
    }
    taken.insert(&view.timestamp_column, "the timestamp column");
    let lists = aggregations.key_lists();
    for (name, _) in &lists {
        if let Some(what) = taken.insert(name, "a list of secondary keys") {
            let message = format!("the list of secondary keys `{name}` has the name of {what}");
            problems.add(place("aggregation_secondary_key"), message, None);
        }
    }
    for (index, feature) in aggregations.features.iter().enumerate() {
        let name = &feature.name;
        let same = |other: &AggregatedFeature| {
            (&other.column, other.function, other.window) == (&feature.column, feature.function, feature.window)
        };
        let others = &aggregations.features[..index];
        let (message, hint) = match taken.get(name.as_str()) {
            Some(what) => (
                format!("feature `{name}` has the name of {what}"),
                "give it another `name`",
            ),
            None => match others.iter().find(|other| other.name == *name) {
                Some(other) if same(other) => (format!("feature `{name}` is there twice"), "leave one of the two out"),
                Some(_) => (
                    format!("two features are named `{name}`"),
                    "give one of them another `name`",
                ),
                None => continue,
            },
        };
        problems.add(place(&format!("aggregation.{index}")), message, Some(hint.to_owned()));
    }
}

#[cfg(test)]
mod tests;
